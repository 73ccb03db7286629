// Buttons that create or use a passkey and then send its answer with their form.

const isSupported = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

function useOrCreate(options) {
  const { credentials } = navigator;
  return options.user
    ? credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}

function showError(form, message) {
  const note = form.previousElementSibling?.matches(".errornote")
    ? form.previousElementSibling
    : document.createElement("p");
  note.className = "errornote";
  note.role = "alert";
  note.textContent = message;
  form.before(note);
}

async function sendAnswer(button) {
  try {
    const answer = document.createElement("input");
    answer.type = "hidden";
    answer.name = button.name;
    answer.value = JSON.stringify(await useOrCreate(JSON.parse(button.dataset.passkey)));
    button.form.append(answer);
    button.form.submit();
  } catch (error) {
    const { exists, failed } = button.dataset;
    showError(button.form, error.name === "InvalidStateError" ? exists : failed);
  }
}

for (const button of isSupported ? document.querySelectorAll("[data-passkey]") : []) {
  button.hidden = false;
  if (button.form.querySelector("[autofocus]")) button.focus();
  button.addEventListener("click", () => sendAnswer(button));
}
