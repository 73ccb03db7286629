// Refreshes the page of a training run until the run has finished, and then opens its model's page.
// Only changed parts are replaced, so that buttons keep their focus and charts their tooltips.

const INTERVAL_MS = 1000;
const run = document.querySelector("#run");

function scheduleRefresh() {
  if (run.dataset.live) setTimeout(refresh, INTERVAL_MS);
}

async function refresh() {
  const fresh = await fetchRun(run.dataset.live);
  if (fresh) {
    for (const part of fresh.querySelectorAll("[data-part]")) replace(part);
    if (!fresh.dataset.live) delete run.dataset.live;
    if (fresh.dataset.model) location.assign(fresh.dataset.model);
  }
  scheduleRefresh();
}

// Resolves to null if the site can't be reached; the next refresh tries again.
async function fetchRun(address) {
  try {
    const response = await fetch(address);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.querySelector("#run");
  } catch {
    return null;
  }
}

function replace(part) {
  const old = run.querySelector(`[data-part="${part.dataset.part}"]`);
  if (old.innerHTML === part.innerHTML) return;
  const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 5;
  old.replaceChildren(...part.childNodes);
  if (atEnd) old.scrollTop = old.scrollHeight;
}

scheduleRefresh();
