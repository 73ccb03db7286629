// The first page: one area to draw on or to put pictures into, its live answer, and sending.

import { listen } from "./arrivals.js";
import { Live } from "./live.js";
import { Pad } from "./pad.js";
import { Panel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { shrunk } from "./shrink.js";

const form = document.querySelector("#send");
const area = form.querySelector(".area");
const list = form.querySelector(".pictures");
const refusal = form.querySelector(".refused");
const [undo, clear, thickness] = ["#undo", "#clear", "#thickness"].map((id) => form.querySelector(id));
const input = form.elements.image;

const pad = new Pad(form.querySelector("#pad"));
const answer = form.querySelector(".panel");
const panel = new Panel(answer);
const pictures = new Pictures(list, document.querySelector("#picture"), form.dataset);
const live = new Live(form.dataset.preview, heard, (busy) => { answer.ariaBusy = String(busy); });
let drawing = null; // what Live knows of the pad until it is cleared

const subjectOf = (file) => ({ file, picture: () => shrunk(file) });
const shown = () => pictures.selected ?? drawing;

function heard(subject, what) {
  subject.note = what.note;
  if (!what.note) Object.assign(subject, { answer: null, problem: null }, what);
  if (subject.item) pictures.show(subject, panel.brief(subject));
  if (subject === shown()) panel.show(subject);
}

function show() {
  const hasInk = !pad.empty;
  area.classList.toggle("drawn", hasInk);
  area.classList.toggle("full", !pictures.empty);
  list.hidden = pictures.empty;
  undo.disabled = !hasInk || !pictures.empty;
  clear.disabled = !hasInk && pictures.empty;
  thickness.disabled = !pictures.empty;
}

function drawn() {
  refuse("");
  if (pad.empty && drawing) {
    live.forget(drawing);
    drawing = null;
    panel.show(shown());
  } else if (!pad.empty) {
    drawing ??= { picture: () => pad.picture() };
    live.ask(drawing);
  }
  show();
}

function take(files) {
  const { added, refused } = pictures.add(files, subjectOf);
  for (const subject of added) live.ask(subject);
  refuse(refused);
  show();
}

function refuse(why) {
  if (refusal.textContent !== why) refusal.textContent = why;
}

function clearAll() {
  refuse("");
  if (pictures.empty) pad.clear();
  else pictures.clear();
}

async function send(event) {
  event.preventDefault();
  if (pad.empty && pictures.empty) return refuse(form.dataset.nothing);
  form.querySelector("[type=submit]").disabled = true;
  const transfer = new DataTransfer();
  for (const file of await toSend()) transfer.items.add(file);
  input.files = transfer.files;
  form.submit();
}

async function toSend() {
  if (!pictures.empty) return pictures.files;
  return [new File([await pad.picture()], "drawing.png", { type: "image/png" })];
}

function back() {
  form.querySelector("[type=submit]").disabled = false;
}

function pressed(event) {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || undo.disabled) return;
  event.preventDefault();
  pad.undo();
}

input.required = false; // a drawing is put into it on the way
pad.addEventListener("drawn", drawn);
pictures.addEventListener("selected", () => panel.show(shown()));
pictures.addEventListener("removed", ({ detail }) => {
  live.forget(detail);
  show();
});
undo.addEventListener("click", () => pad.undo());
clear.addEventListener("click", clearAll);
thickness.addEventListener("input", () => { pad.thickness = thickness.value / 100; });
form.addEventListener("pointerdown", () => refuse(""));
form.addEventListener("submit", send);
addEventListener("pageshow", back);
document.addEventListener("keydown", pressed);
listen([input, form.querySelector("#camera")], take, (over) => area.classList.toggle("over", over));
