// Copies the page's link or code, and loads the text that describes each focus map.

const status = document.querySelector(".copied");

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copy)?.textContent;
    const copied = await copy(code ?? new URL(location.pathname, location).href, button);
    status.textContent = copied ? button.dataset.done : button.dataset.failed;
  });
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS, browsers offer no clipboard.
    return copyBySelection(text, button);
  }
}

function copyBySelection(text, button) {
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
