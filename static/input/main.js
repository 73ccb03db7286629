// The home page: an area for drawing or pictures, the live answer, and the form.

import { clearDraft, loadDraft, saveDraft } from "./draft.js";
import { History } from "./history.js";
import { convertHeic, reduce } from "./jpeg.js";
import { Pad } from "./pad.js";
import { Panel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Previews } from "./previews.js";
import { sendFiles } from "./sending.js";
import { listen } from "./sources.js";

const FIRST_RETRY_MS = 1000; // doubled after each retry
const LAST_RETRY_MS = 8000;

const form = document.querySelector("#send");
const area = form.querySelector(".area");
const list = form.querySelector(".pictures");
const error = form.querySelector(".error");
const submit = form.querySelector("[type=submit]");
const [undo, redo, clear, thickness] = ["#undo", "#redo", "#clear", "#thickness"].map((id) => form.querySelector(id));
const input = form.elements.image;

const pad = new Pad(form.querySelector("#pad"));
const answer = form.querySelector(".panel");
const panel = new Panel(answer);
const pictures = new Pictures(list, document.querySelector("#picture"), form.dataset);
const previews = new Previews(form.dataset.preview, showResult, (busy) => { answer.ariaBusy = String(busy); });
const history = new History({ strokes: [], subjects: [] });
let drawing = null; // the subject of the pad, unless it is empty
let retryTimer = 0;
let retryDelay = FIRST_RETRY_MS;

const createSubject = (file) => ({ file, getPicture: () => reduce(file) });
const getCurrent = () => pictures.selected ?? drawing;

function showResult(subject, result) {
  subject.note = result.note;
  if (result.note === "offline") scheduleRetry();
  else retryDelay = FIRST_RETRY_MS;
  if (!result.note) Object.assign(subject, { answer: null, problem: null }, result);
  if (subject.item) pictures.showLabel(subject, panel.formatLabel(subject));
  if (subject === getCurrent()) panel.show(subject);
}

function updateTools() {
  const hasInk = !pad.empty;
  area.classList.toggle("drawn", hasInk);
  area.classList.toggle("full", !pictures.empty);
  list.hidden = pictures.empty;
  undo.disabled = !history.canUndo;
  redo.disabled = !history.canRedo;
  clear.disabled = !hasInk && pictures.empty;
  thickness.disabled = !pictures.empty;
}

function updateDrawing() {
  showError("");
  if (pad.empty && drawing) {
    previews.cancel(drawing);
    drawing = null;
    panel.show(getCurrent());
  } else if (!pad.empty) {
    drawing ??= { getPicture: () => pad.getPicture() };
    previews.request(drawing);
  }
  updateTools();
}

// Records a person's change, so that it can be undone and survives a reload.
function record() {
  history.push({ strokes: pad.strokes, subjects: pictures.subjects });
  saveDraft(pad.strokes, pictures.files);
  updateTools();
}

function restore({ strokes, subjects }) {
  if (strokes !== pad.strokes) pad.strokes = strokes;
  if (subjects !== pictures.subjects) pictures.subjects = subjects;
  saveDraft(strokes, pictures.files);
  updateTools();
}

async function restoreDraft() {
  const { strokes, files } = await loadDraft();
  if (!pad.empty || !pictures.empty) return;
  if (strokes.length) pad.strokes = strokes;
  if (files.length) pictures.add(files, createSubject);
  else if (strokes.length) record();
}

async function addFiles(files) {
  const readable = await Promise.all(files.map(convertHeic));
  showError(pictures.add(readable, createSubject).join(" "));
}

async function crop(subject) {
  const { cropFile } = await import("./crop.js");
  const part = await cropFile(document.querySelector("#crop"), subject.file);
  if (part) pictures.replace(subject, part, createSubject);
}

function showError(text) {
  if (error.textContent !== text) error.textContent = text;
}

function clearAll() {
  showError("");
  if (!pictures.empty) return pictures.clear();
  pad.strokes = [];
  record();
}

async function send(event) {
  event.preventDefault();
  if (pad.empty && pictures.empty) return showError(form.dataset.nothing);
  showError("");
  submit.disabled = true;
  try {
    const address = await sendFiles(form, getFiles());
    await clearDraft();
    location.assign(address);
  } catch (problem) {
    showError(problem.message);
    submit.disabled = false;
  }
}

function getFiles() {
  if (!pictures.empty) return pictures.files;
  return [new File([pad.getPicture()], "drawing.png", { type: "image/png" })];
}

function handleKey(event) {
  if (!(event.ctrlKey || event.metaKey)) return;
  const key = event.key.toLowerCase();
  const isRedo = key === "y" || (key === "z" && event.shiftKey);
  const button = isRedo ? redo : key === "z" ? undo : null;
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
}

// After a sent form, Back shows an empty page that the browser had remembered as it was.
function handleReturn(event) {
  if (!event.persisted || !submit.disabled) return;
  submit.disabled = false;
  restore({ strokes: [], subjects: [] });
}

function scheduleRetry() {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(retry, retryDelay);
}

function retry() {
  retryDelay = Math.min(2 * retryDelay, LAST_RETRY_MS);
  for (const subject of [drawing, ...pictures.subjects]) {
    if (subject?.note) previews.request(subject);
  }
}

input.required = false; // a drawing is only put into it when the form is sent
pad.addEventListener("drawn", updateDrawing);
pad.addEventListener("finished", record);
pictures.addEventListener("selected", () => panel.show(getCurrent()));
pictures.addEventListener("added", ({ detail }) => detail.answer || detail.problem || previews.request(detail));
pictures.addEventListener("removed", ({ detail }) => previews.cancel(detail));
pictures.addEventListener("changed", record);
pictures.addEventListener("crop", ({ detail }) => crop(detail));
undo.addEventListener("click", () => restore(history.undo()));
redo.addEventListener("click", () => restore(history.redo()));
clear.addEventListener("click", clearAll);
thickness.addEventListener("input", () => { pad.thickness = thickness.value / 100; });
form.addEventListener("pointerdown", () => showError(""));
form.addEventListener("submit", send);
addEventListener("pageshow", handleReturn);
addEventListener("online", () => {
  if (error.textContent === form.dataset.unreachable) showError(form.dataset.online);
  retry();
  retryDelay = FIRST_RETRY_MS; // the first request after the event may still fail
});
document.addEventListener("keydown", handleKey);
listen([input, form.querySelector("#camera")], addFiles, (over) => area.classList.toggle("over", over));
restoreDraft();
