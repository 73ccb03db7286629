// A form that corrects the boxes and digits of a picture: with the pointer, the keyboard, or by typing.

import { fill } from "../input/text.js";
import { Correction } from "./correction.js";
import { findGap } from "./gap.js";
import { ARROWS, BoxLayer } from "./layer.js";
import { Readings } from "./readings.js";

const STEP = 0.01; // of the picture's longer side, for the arrow keys
const KEYS = { Delete: "remove", Backspace: "remove", s: "split", j: "join", a: "add" };

export class BoxEditor {
  #form;
  #texts;
  #picture;
  #correction;
  #layer;
  #readings;
  #number;
  #problem;
  #typed = null; // the number as typed, unless its digits are in their boxes
  #dragging = false;

  constructor(form) {
    this.#form = form;
    this.#texts = form.dataset;
    this.#picture = { width: Number(form.dataset.width), height: Number(form.dataset.height) };
    this.#correction = new Correction(JSON.parse(form.querySelector("script").textContent), this.#picture);
    this.#layer = new BoxLayer(form.querySelector("svg"), this.#picture);
    this.#readings = new Readings(form.dataset.preview, (...reading) => this.#showReadings(...reading));
    this.#number = form.elements.text;
    this.#number.removeAttribute("pattern"); // the script explains what is missing
    this.#problem = form.querySelector("[role=alert]");
  }

  start() {
    this.#render();
    this.#layer.addEventListener("selected", ({ detail }) => this.#select(detail.index));
    this.#layer.addEventListener("moved", ({ detail }) => this.#moveByPointer(detail));
    this.#layer.addEventListener("drawn", ({ detail }) => this.#addDrawn(detail.box));
    this.#form.querySelector("svg").addEventListener("keydown", (event) => this.#actByKey(event));
    this.#number.addEventListener("input", () => {
      this.#typed = this.#number.value;
      this.#update();
    });
    for (const button of this.#form.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.#act(button.dataset.do));
    }
    this.#form.addEventListener("submit", (event) => this.#complete(event));
  }

  #getButton(name) {
    return this.#form.querySelector(`[data-do=${name}]`);
  }

  #findShare(box) {
    return findGap(this.#form.querySelector("img"), box, this.#picture);
  }

  #describe(digit, index) {
    const values = { place: index + 1, label: digit.label || "?" };
    return { box: digit.box, text: values.label, state: digit.state, name: fill(this.#texts.digit, values) };
  }

  #render() {
    const { digits, selected, text, canUndo } = this.#correction;
    this.#layer.show(digits.map((digit, index) => this.#describe(digit, index)), selected);
    if (this.#typed === null && document.activeElement !== this.#number) this.#number.value = text;
    const isSelected = Boolean(digits[selected]);
    this.#getButton("split").disabled = this.#getButton("remove").disabled = !isSelected;
    this.#getButton("join").disabled = !digits[selected + 1] || !isSelected;
    this.#getButton("undo").disabled = !canUndo;
  }

  // Shows the change, and reads the boxes that have changed.
  #update() {
    this.#problem.textContent = "";
    this.#applyTyped();
    this.#render();
    const unread = this.#correction.digits.filter((digit) => digit.state === "unread");
    if (unread.length) this.#readings.request(unread.map((digit) => digit.box));
  }

  // Names the boxes as typed; until there are as many boxes as digits, the text stays as it is.
  #applyTyped() {
    if (this.#typed === null) return;
    const text = this.#typed.replace(/\s/g, "");
    if (/\D/.test(text)) return;
    this.#correction.type(text, (box) => this.#findShare(box));
    if (text.length === this.#correction.digits.length) this.#typed = null;
  }

  #showReadings(boxes, read, error) {
    if (!read) {
      this.#problem.textContent = error || this.#texts.offline;
      return;
    }
    for (const digit of this.#correction.digits) {
      const index = boxes.indexOf(digit.box);
      if (index >= 0 && digit.state === "unread") applyReading(digit, read[index]);
    }
    this.#render();
    const status = this.#form.querySelector("[role=status]");
    status.textContent = fill(this.#texts.read, { number: this.#correction.text });
  }

  #select(index) {
    if (index === this.#correction.selected) return;
    this.#correction.selected = index;
    this.#render();
  }

  #act(name) {
    if (this.#getButton(name).disabled) return;
    if (name === "add") this.#correction.addBeside();
    if (name === "split") this.#correction.split(this.#findShare(this.#correction.current.box));
    if (name === "join") this.#correction.joinWithNext();
    if (name === "remove") this.#correction.remove();
    if (name === "undo") this.#correction.undo();
    this.#update();
  }

  #actByKey(event) {
    const { key, shiftKey } = event;
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && key.toLowerCase() === "z") this.#act("undo");
    else if (isCommand || event.altKey || !this.#correction.current) return;
    else if (key === "Enter") this.#form.requestSubmit();
    else if (ARROWS[key]) this.#moveByKey(ARROWS[key], shiftKey);
    else if (/^\d$/.test(key)) this.#typeLabel(key);
    else if (KEYS[key]) this.#act(KEYS[key]);
    else return;
    event.preventDefault();
    this.#layer.focus(this.#correction.selected);
  }

  #moveByKey([dx, dy], isResizing) {
    const step = Math.max(1, STEP * Math.max(this.#picture.width, this.#picture.height));
    this.#correction.remember();
    if (isResizing) this.#correction.resize(dx * step, dy * step);
    else this.#correction.move(dx * step, dy * step);
    this.#update();
  }

  #typeLabel(label) {
    this.#correction.remember();
    this.#correction.setLabel(this.#correction.selected, label);
    this.#update();
  }

  #moveByPointer({ index, box, finished }) {
    const isChanged = String(box) !== String(this.#correction.digits[index].box);
    if (!isChanged && !this.#dragging) return; // a click selects only
    if (!this.#dragging) this.#correction.remember();
    this.#dragging = !finished;
    if (isChanged) this.#correction.setBox(index, box);
    this.#update();
  }

  #addDrawn(box) {
    this.#correction.add(box);
    this.#update();
    this.#layer.focus(this.#correction.selected);
  }

  #findProblem() {
    const text = this.#number.value.replace(/\s/g, "");
    const { digits } = this.#correction;
    if (!digits.length) return this.#texts.none;
    if (/[^\d?]/.test(text)) return this.#texts.letters;
    if (text.length !== digits.length) return fill(this.#texts.count, { digits: text.length, boxes: digits.length });
    const index = digits.findIndex((digit) => !digit.label);
    return index >= 0 ? fill(this.#texts.missing, { place: index + 1 }) : "";
  }

  // Writes the boxes into the form, or explains what is missing.
  #complete(event) {
    this.#problem.textContent = this.#findProblem();
    if (this.#problem.textContent) return event.preventDefault();
    this.#number.value = this.#correction.text;
    this.#form.elements.boxes.value = JSON.stringify(this.#correction.boxes);
  }
}

function applyReading(digit, reading) {
  digit.state = reading ? reading.verdict : "empty";
  if (digit.byPerson) return;
  digit.label = reading?.best_guess ?? "";
}
