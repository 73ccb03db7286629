// Exports and imports labelled pictures with a progress bar.

import { fill } from "./input/text.js";

const FILE_NAME = /filename="([^"]+)"/;
const form = document.querySelector("#import-form");
const error = document.querySelector("[role=alert]");
const problems = document.querySelector("#problems");
const texts = document.querySelector(".transfer").dataset;

// Without a share, the bar moves back and forth.
function showProgress(section, text, share) {
  const progress = section.querySelector(".transfer-progress");
  const bar = progress.querySelector("progress");
  progress.hidden = false;
  bar.hidden = share === 1;
  if (share === undefined) bar.removeAttribute("value");
  else bar.value = share;
  progress.querySelector("span").textContent = text;
}

function showError(section, text) {
  section.querySelector(".transfer-progress").hidden = true;
  error.textContent = text;
  error.hidden = false;
}

const formatSize = (bytes) => `${(bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} MB`;

async function download(event) {
  event.preventDefault();
  const section = event.target.closest("section");
  error.hidden = true;
  showProgress(section, texts.preparing);
  try {
    const response = await fetch(event.target.href);
    if (!response.ok) throw new Error((await response.json()).detail);
    const blob = await read(response, section);
    save(blob, response.headers.get("Content-Disposition").match(FILE_NAME)[1]);
    showProgress(section, fill(texts.saved, { size: formatSize(blob.size) }), 1);
  } catch (problem) {
    showError(section, fill(texts.exportFailed, { reason: problem.message }));
  }
}

async function read(response, section) {
  const total = Number(response.headers.get("Content-Length"));
  const chunks = [];
  let received = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return new Blob(chunks);
    chunks.push(value);
    received += value.length;
    showProgress(section, formatSize(received), total ? Math.min(received / total, 0.99) : undefined);
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function upload(event) {
  event.preventDefault();
  const section = form.closest("section");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest(); // fetch reports no progress of uploads
  error.hidden = problems.hidden = true;
  button.disabled = true;
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    const isSent = loaded === total;
    showProgress(section, isSent ? texts.reading : formatSize(loaded), isSent ? undefined : loaded / total);
  });
  request.addEventListener("loadend", () => {
    button.disabled = false;
    showAnswer(section, request);
  });
  request.open("POST", form.action);
  request.responseType = "json";
  request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
  const body = new FormData();
  body.append("archive", form.elements.archive.files[0]);
  request.send(body);
}

function showAnswer(section, { status, response }) {
  if (status !== 200) {
    showError(section, response?.detail ?? texts.unreachable);
    return;
  }
  const refused = response.results.filter(({ problem }) => problem);
  const labelled = response.results.length - refused.length;
  showProgress(section, fill(texts.imported, { labelled, all: response.results.length }), 1);
  problems.hidden = !refused.length;
  problems.querySelector("tbody").replaceChildren(...refused.map(buildRow));
  form.reset();
}

function buildRow({ name, problem }) {
  const row = document.createElement("tr");
  for (const text of [name, problem.detail]) row.insertCell().textContent = text;
  return row;
}

for (const link of document.querySelectorAll("a[download]")) link.addEventListener("click", download);
form.addEventListener("submit", upload);
