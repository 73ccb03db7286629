// Copies the page's link, and loads the text that describes each focus map.

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
    // Without TLS, browsers offer no clipboard.
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
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

const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) {
      observer.unobserve(target);
      loadText(target);
    }
  }
});

async function loadText(link) {
  const response = await fetch(link.href);
  if (response.ok) {
    const text = document.createElement("span");
    text.textContent = await response.text();
    link.replaceWith(text);
  }
}

document.querySelectorAll("a.focus-text").forEach((link) => observer.observe(link));
