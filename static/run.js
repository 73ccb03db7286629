// Keeps the page of a training run up to date until the run has finished. Only what has changed is
// replaced, so that a button keeps its focus and a chart its tooltip.

const EVERY_MS = 1000;
const shown = document.querySelector("#run");

function keepUpToDate() {
  if (shown.dataset.live) setTimeout(refresh, EVERY_MS);
}

async function refresh() {
  const fresh = await fetched(shown.dataset.live);
  if (fresh) {
    for (const part of fresh.querySelectorAll("[data-part]")) replace(part);
    if (!fresh.dataset.live) delete shown.dataset.live;
  }
  keepUpToDate();
}

// Nothing where the server can't be reached; the next second may bring it.
async function fetched(address) {
  try {
    const response = await fetch(address);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.querySelector("#run");
  } catch {
    return null;
  }
}

function replace(part) {
  const old = shown.querySelector(`[data-part="${part.dataset.part}"]`);
  if (old.innerHTML === part.innerHTML) return;
  const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 5;
  old.replaceChildren(...part.childNodes);
  if (atEnd) old.scrollTop = old.scrollHeight;
}

keepUpToDate();
