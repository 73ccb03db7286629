// The state of a correction: digits with their boxes, which one is selected, and undo.
// A digit is {box, label, byPerson, state, note}: the label is "" until it is read or typed.

import { clampBox, findPosition, joinBoxes, moveBox, resizeBox, splitBox } from "./geometry.js";

const MAX_STEPS = 100;

export class Correction {
  #picture;
  #history = [];
  digits;
  selected = -1;

  constructor(digits, picture) {
    this.digits = digits;
    this.#picture = picture;
  }

  get text() {
    return this.digits.map((digit) => digit.label || "?").join("");
  }

  get boxes() {
    return this.digits.map((digit) => digit.box);
  }

  get current() {
    return this.digits[this.selected];
  }

  get canUndo() {
    return this.#history.length > 0;
  }

  // Remembers the digits as they are, so that `undo` restores them.
  remember() {
    this.#history.push({ digits: structuredClone(this.digits), selected: this.selected });
    if (this.#history.length > MAX_STEPS) this.#history.shift();
  }

  undo() {
    const { digits, selected } = this.#history.pop();
    Object.assign(this, { digits, selected });
  }

  setBox(index, box) {
    this.digits[index] = { ...this.digits[index], box, state: "unread" };
  }

  move(dx, dy) {
    this.setBox(this.selected, clampBox(moveBox(this.current.box, dx, dy), this.#picture));
  }

  resize(dx, dy) {
    const box = resizeBox(this.current.box, { right: 1, bottom: 1 }, dx, dy);
    this.setBox(this.selected, clampBox(box, this.#picture));
  }

  add(box) {
    this.remember();
    this.selected = findPosition(box, this.boxes);
    this.digits.splice(this.selected, 0, createDigit(box));
  }

  // Adds a box as large as the selected one next to it, or one in the middle.
  addBeside() {
    const { width, height } = this.#picture;
    const [x, y, w, h] = this.current?.box ?? [width * 0.4, height * 0.3, width * 0.1, height * 0.4];
    const isRoom = x + 2 * w <= width;
    this.add(clampBox([this.current ? (isRoom ? x + w : x - w) : x, y, w, h], this.#picture));
  }

  split(share) {
    this.remember();
    this.#splitAt(this.selected, share);
  }

  #splitAt(index, share) {
    const parts = splitBox(this.digits[index].box, share).map(createDigit);
    this.digits.splice(index, 1, ...parts);
  }

  joinWithNext() {
    this.remember();
    const [first, second] = this.digits.slice(this.selected, this.selected + 2);
    this.digits.splice(this.selected, 2, createDigit(joinBoxes(first.box, second.box)));
  }

  remove() {
    this.remember();
    this.digits.splice(this.selected, 1);
    this.selected = Math.min(this.selected, this.digits.length - 1);
  }

  setLabel(index, label) {
    Object.assign(this.digits[index], { label, byPerson: true, state: "typed" });
  }

  // Sets all labels. While there are more of them than boxes, splits the widest.
  type(text, findShare) {
    if (text.length > this.digits.length && this.digits.length) this.remember();
    while (text.length > this.digits.length && this.digits.length) {
      const widths = this.digits.map(({ box }) => box[2] / box[3]);
      const index = widths.indexOf(Math.max(...widths));
      this.#splitAt(index, findShare(this.digits[index].box));
    }
    if (text.length !== this.digits.length) return;
    [...text].forEach((label, index) => {
      if (label !== this.digits[index].label) this.setLabel(index, label);
    });
  }
}

function createDigit(box) {
  return { box, label: "", byPerson: false, state: "unread" };
}
