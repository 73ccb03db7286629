// Refreshes the page of a training run until the run has finished. Then it notifies the reader, and
// opens the page of the new model.
// Only changed parts are replaced, so that buttons keep their focus and charts their tooltips.

const INTERVAL_MS = 1000;
const run = document.querySelector("#run");
const notifyButton = document.querySelector("#notify");

function scheduleRefresh() {
  if (run.dataset.live) setTimeout(refresh, INTERVAL_MS);
}

async function refresh() {
  const fresh = await fetchRun(run.dataset.live);
  if (fresh) {
    for (const part of fresh.querySelectorAll("[data-part]")) replace(part);
    if (!fresh.dataset.live) finish();
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

function finish() {
  delete run.dataset.live;
  notifyButton.hidden = true;
  const state = run.querySelector(".pill").textContent;
  document.title = `${state}: ${document.title}`;
  if (canNotify() && Notification.permission === "granted") {
    const notification = new Notification(document.querySelector("h1").textContent, { body: state });
    notification.addEventListener("click", () => window.focus());
  }
}

// Browsers offer notifications to pages from https and from this computer only.
const canNotify = () => "Notification" in globalThis && isSecureContext;

async function requestPermission() {
  await Notification.requestPermission();
  updateButton();
}

function updateButton() {
  notifyButton.hidden = !canNotify() || Notification.permission !== "default";
}

if (notifyButton) {
  notifyButton.addEventListener("click", requestPermission);
  updateButton();
}
scheduleRefresh();
