// The home page: an area for drawing or pictures, the live answer, and the form.

import { Pad } from "./pad.js";
import { Panel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Previews } from "./previews.js";
import { resize } from "./resize.js";
import { listen } from "./sources.js";

const form = document.querySelector("#send");
const area = form.querySelector(".area");
const list = form.querySelector(".pictures");
const error = form.querySelector(".error");
const submit = form.querySelector("[type=submit]");
const [undo, clear, thickness] = ["#undo", "#clear", "#thickness"].map((id) => form.querySelector(id));
const input = form.elements.image;

const pad = new Pad(form.querySelector("#pad"));
const answer = form.querySelector(".panel");
const panel = new Panel(answer);
const pictures = new Pictures(list, document.querySelector("#picture"), form.dataset);
const previews = new Previews(form.dataset.preview, showResult, (busy) => { answer.ariaBusy = String(busy); });
let drawing = null; // the subject of the pad, unless it is empty

const createSubject = (file) => ({ file, getPicture: () => resize(file) });
const getCurrent = () => pictures.selected ?? drawing;

function showResult(subject, result) {
  subject.note = result.note;
  if (!result.note) Object.assign(subject, { answer: null, problem: null }, result);
  if (subject.item) pictures.showLabel(subject, panel.formatLabel(subject));
  if (subject === getCurrent()) panel.show(subject);
}

function updateTools() {
  const hasInk = !pad.empty;
  area.classList.toggle("drawn", hasInk);
  area.classList.toggle("full", !pictures.empty);
  list.hidden = pictures.empty;
  undo.disabled = !hasInk || !pictures.empty;
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

function addFiles(files) {
  const { added, problem } = pictures.add(files, createSubject);
  for (const subject of added) previews.request(subject);
  showError(problem);
  updateTools();
}

function showError(text) {
  if (error.textContent !== text) error.textContent = text;
}

function clearAll() {
  showError("");
  if (pictures.empty) pad.clear();
  else pictures.clear();
}

async function send(event) {
  event.preventDefault();
  if (pad.empty && pictures.empty) return showError(form.dataset.nothing);
  submit.disabled = true;
  const transfer = new DataTransfer();
  for (const file of await getFiles()) transfer.items.add(file);
  input.files = transfer.files;
  form.submit();
}

async function getFiles() {
  if (!pictures.empty) return pictures.files;
  return [new File([await pad.getPicture()], "drawing.png", { type: "image/png" })];
}

function undoByKey(event) {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || undo.disabled) return;
  event.preventDefault();
  pad.undo();
}

input.required = false; // a drawing is only put into it when the form is sent
pad.addEventListener("drawn", updateDrawing);
pictures.addEventListener("selected", () => panel.show(getCurrent()));
pictures.addEventListener("removed", ({ detail }) => {
  previews.cancel(detail);
  updateTools();
});
undo.addEventListener("click", () => pad.undo());
clear.addEventListener("click", clearAll);
thickness.addEventListener("input", () => { pad.thickness = thickness.value / 100; });
form.addEventListener("pointerdown", () => showError(""));
form.addEventListener("submit", send);
addEventListener("pageshow", () => { submit.disabled = false; });
document.addEventListener("keydown", undoByKey);
listen([input, form.querySelector("#camera")], addFiles, (over) => area.classList.toggle("over", over));
