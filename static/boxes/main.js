// The form on a result's page that corrects its boxes and digits.

import { fill } from "../input/text.js";
import { Correction } from "./correction.js";
import { findGap } from "./gap.js";
import { ARROWS, BoxLayer } from "./layer.js";
import { Readings } from "./readings.js";

const STEP = 0.01; // of the picture's longer side, for the arrow keys

const details = document.querySelector(".correct");
const form = details.querySelector("form");
const image = form.querySelector("img");
const svg = form.querySelector("svg");
const number = form.elements.text;
const problem = form.querySelector("[role=alert]");
const status = form.querySelector("[role=status]");
const texts = form.dataset;
const picture = { width: Number(texts.width), height: Number(texts.height) };
const button = (name) => form.querySelector(`[data-do=${name}]`);

const correction = new Correction(JSON.parse(document.querySelector("#boxes").textContent), picture);
const layer = new BoxLayer(svg, picture);
const readings = new Readings(texts.preview, showReadings);
const findShare = (box) => findGap(image, box, picture);
let typed = null; // the number as typed, unless its digits are in their boxes
let dragging = false;

function describe(digit, index) {
  const values = { place: index + 1, label: digit.label || "?" };
  return { box: digit.box, text: values.label, state: digit.state, name: fill(texts.digit, values) };
}

function render() {
  layer.show(correction.digits.map(describe), correction.selected);
  if (typed === null && document.activeElement !== number) number.value = correction.text;
  const isSelected = Boolean(correction.current);
  button("split").disabled = button("remove").disabled = !isSelected;
  button("join").disabled = !correction.digits[correction.selected + 1] || !isSelected;
  button("undo").disabled = !correction.canUndo;
}

// Shows the change, and reads the boxes that have changed.
function update() {
  problem.textContent = "";
  applyTyped();
  render();
  const unread = correction.digits.filter((digit) => digit.state === "unread");
  if (unread.length) readings.request(unread.map((digit) => digit.box));
}

// Names the boxes as typed; until there are as many boxes as digits, the text stays as it is.
function applyTyped() {
  if (typed === null) return;
  const text = typed.replace(/\s/g, "");
  if (/\D/.test(text)) return;
  correction.type(text, findShare);
  if (text.length === correction.digits.length) typed = null;
}

function showReadings(boxes, read, error) {
  if (!read) {
    problem.textContent = error || texts.offline;
    return;
  }
  for (const digit of correction.digits) {
    const place = boxes.indexOf(digit.box);
    if (place >= 0 && digit.state === "unread") applyReading(digit, read[place]);
  }
  render();
  status.textContent = fill(texts.read, { number: correction.text });
}

function applyReading(digit, reading) {
  digit.state = reading ? reading.verdict : "empty";
  if (digit.byPerson) return;
  digit.label = reading?.best_guess ?? "";
}

function select(index) {
  if (index === correction.selected) return;
  correction.selected = index;
  render();
}

const actions = {
  add: () => correction.addBeside(),
  split: () => correction.split(findShare(correction.current.box)),
  join: () => correction.joinWithNext(),
  remove: () => correction.remove(),
  undo: () => correction.undo(),
};

function act(name) {
  if (button(name).disabled) return;
  actions[name]();
  update();
}

function actByKey(event) {
  const { key, shiftKey } = event;
  if (key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) act("undo");
  else if (event.ctrlKey || event.metaKey || event.altKey || !correction.current) return;
  else if (ARROWS[key]) moveByKey(ARROWS[key], shiftKey);
  else if (/^\d$/.test(key)) typeLabel(key);
  else if (key === "Delete" || key === "Backspace") act("remove");
  else if ({ s: 1, j: 1, a: 1 }[key]) act({ s: "split", j: "join", a: "add" }[key]);
  else return;
  event.preventDefault();
  layer.focus(correction.selected);
}

function moveByKey([dx, dy], isResizing) {
  const step = Math.max(1, STEP * Math.max(picture.width, picture.height));
  correction.remember();
  if (isResizing) correction.resize(dx * step, dy * step);
  else correction.move(dx * step, dy * step);
  update();
}

function typeLabel(label) {
  correction.remember();
  correction.setLabel(correction.selected, label);
  update();
}

function moveByPointer({ detail: { index, box, finished } }) {
  const isChanged = String(box) !== String(correction.digits[index].box);
  if (!isChanged && !dragging) return; // a click selects only
  if (!dragging) correction.remember();
  dragging = !finished;
  if (isChanged) correction.setBox(index, box);
  update();
}

function findProblem() {
  const text = number.value.replace(/\s/g, "");
  const { digits } = correction;
  if (!digits.length) return texts.none;
  if (/[^\d?]/.test(text)) return texts.letters;
  if (text.length !== digits.length) return fill(texts.count, { digits: text.length, boxes: digits.length });
  const place = digits.findIndex((digit) => !digit.label);
  return place >= 0 ? fill(texts.missing, { place: place + 1 }) : "";
}

function send(event) {
  problem.textContent = findProblem();
  if (problem.textContent) return event.preventDefault();
  number.value = correction.text;
  form.elements.boxes.value = JSON.stringify(correction.boxes);
}

number.removeAttribute("pattern"); // the script explains what is missing
layer.addEventListener("selected", ({ detail }) => select(detail.index));
layer.addEventListener("moved", moveByPointer);
layer.addEventListener("drawn", ({ detail }) => {
  correction.add(detail.box);
  update();
  layer.focus(correction.selected);
});
svg.addEventListener("keydown", actByKey);
number.addEventListener("input", () => {
  typed = number.value;
  update();
});
for (const name of Object.keys(actions)) button(name).addEventListener("click", () => act(name));
form.addEventListener("submit", send);
render();
if (location.hash === "#correct") details.open = true;
