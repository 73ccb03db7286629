// Shows each typed character below its image, marks the next image, and handles the keys S and U.

const form = document.querySelector("#row");
const text = form.querySelector("#text");
const outputs = [...form.querySelectorAll("output")];
const boxes = [...document.querySelectorAll(".row rect")];

function showSigns() {
  const characters = text.value.replaceAll(/\s/g, "");
  for (const [index, output] of outputs.entries()) {
    output.textContent = characters[index] ?? "";
    output.parentElement.classList.toggle("next", index === characters.length);
    boxes[index].classList.toggle("next", index === characters.length);
  }
}

function press(name) {
  const button = form.querySelector(`[name="${name}"]`);
  if (button) form.requestSubmit(button);
  return button;
}

function handleKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || text?.value) return;
  const name = { s: "skip", u: "undo" }[event.key.toLowerCase()];
  if (name && press(name)) event.preventDefault();
}

document.addEventListener("keydown", handleKey);
if (text) {
  text.addEventListener("input", showSigns);
  showSigns();
}
