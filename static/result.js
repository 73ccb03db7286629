// Copies the page's address, and fetches in words what each map of a digit shows.

const button = document.querySelector("[data-copy]");
const status = document.querySelector(".copied");

button.addEventListener("click", async () => {
  const address = new URL(location.pathname, location).href;
  const copied = await copy(address);
  status.textContent = copied ? button.dataset.done : button.dataset.failed;
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS browsers have no clipboard, or refuse it.
    return copyOfOld(text);
  }
}

function copyOfOld(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  button.focus();
  return copied;
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) {
      seen.unobserve(target);
      tell(target);
    }
  }
});

async function tell(link) {
  const answer = await fetch(link.href);
  if (answer.ok) {
    const words = document.createElement("span");
    words.textContent = await answer.text();
    link.replaceWith(words);
  }
}

document.querySelectorAll("a.in-words").forEach((link) => seen.observe(link));
