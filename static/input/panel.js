// The live answer: label, sentence, the model's input, and ten bars for the selected digit.

import { fill } from "./text.js";

const SIDE = 28;
const ANNOUNCE_AFTER_MS = 800; // screen readers announce it when the pen rests
const MIN_FIGURE = 0.01;
const DASH = "–";

export class Panel {
  #root;
  #texts;
  #number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 0 });
  #timer = 0;

  #subject = null;
  #count = 0; // of the answer's digits
  #selected = null; // the index of the digit that a person selected

  constructor(root) {
    this.#root = root;
    this.#texts = root.dataset;
    this.#find(".answer").addEventListener("click", ({ target }) => this.#select(target.dataset.index));
    this.show(null);
  }

  // Shows a subject of Previews, or the initial state if it is null.
  show(subject) {
    const { answer, problem, note } = subject ?? {};
    const count = answer?.digits.length ?? 0;
    if (subject !== this.#subject || count !== this.#count) this.#selected = null;
    [this.#subject, this.#count] = [subject, count];
    this.#write(".sentence", problem ?? (answer ? this.#formatSentence(answer) : this.#texts.waiting));
    this.#showDigits(answer);
    this.#showNote(note, Boolean(answer));
    this.#root.dataset.state = answer?.verdict ?? (problem ? "problem" : "waiting");
    this.#announce(answer || problem ? this.#summarize(subject) : "");
  }

  #select(index) {
    if (index === undefined) return;
    this.#selected = Number(index);
    this.#showDigits(this.#subject.answer);
    this.#find(".inputs [aria-pressed=true]")?.focus();
  }

  // Shows everything about the digits; the bars are those of the selected or least certain one.
  #showDigits(answer) {
    const index = this.#selected ?? findLeastCertain(answer);
    this.#showLabel(answer, index);
    this.#showInputs(answer?.digits ?? [], index);
    this.#showBars(answer?.digits[index], index);
  }

  #showNote(note, hasAnswer) {
    const isOld = note === "offline" && hasAnswer;
    this.#root.classList.toggle("old", isOld);
    this.#write(".note", note ? `${isOld ? this.#texts.old : ""} ${this.#texts[note]}`.trim() : "");
  }

  formatLabel({ answer }) {
    if (!answer) return DASH;
    if (answer.verdict === "digit") return answer.label;
    if (answer.verdict !== "unsure") return "?";
    return answer.digits.map((digit) => (digit.verdict === "digit" ? digit.label : "?")).join("");
  }

  #summarize({ answer, problem }) {
    if (problem) return problem;
    const sentence = this.#formatSentence(answer);
    return answer.verdict === "digit" ? `${answer.label}: ${sentence}` : sentence;
  }

  #formatSentence(answer) {
    if (answer.sentence) return answer.sentence;
    if (answer.confidence >= this.#texts.certainFrom) return this.#texts.certain;
    return fill(this.#texts.sure, { percent: this.#formatPercent(answer.confidence) });
  }

  #showLabel(answer, index) {
    const label = this.formatLabel({ answer });
    this.#root.style.setProperty("--letters", label.length);
    if (label.length !== this.#count || this.#count < 2) return this.#write(".answer", label);
    const letters = [...label].map((letter, position) => {
      const span = document.createElement("span");
      span.textContent = letter;
      span.dataset.index = position;
      span.classList.toggle("selected", position === index);
      return span;
    });
    this.#find(".answer").replaceChildren(...letters);
  }

  #showBars(digit, index) {
    const values = { place: index + 1, count: this.#count };
    this.#write(".whose", this.#count > 1 ? fill(this.#texts.whose, values) : this.#texts.each);
    this.#root.querySelectorAll(".chances li").forEach((row, name) => {
      const share = digit?.probabilities[name];
      row.classList.toggle("best", String(name) === digit?.best_guess);
      row.querySelector(".fill").style.setProperty("--share", share ?? 0);
      row.querySelector(".share").textContent = share === undefined ? DASH : this.#formatPercent(share);
      row.dataset.figure = share >= MIN_FIGURE ? this.#formatPercent(share) : ""; // on phones
    });
  }

  #showInputs(digits, selected) {
    const tiles = digits.map((digit, index) => {
      const tile = document.createElement("li");
      const pixels = drawPixels(digit.pixels);
      tile.append(digits.length > 1 ? this.#createTile(digit, index, index === selected, pixels) : pixels);
      return tile;
    });
    this.#find(".inputs").replaceChildren(...tiles);
  }

  #createTile(digit, index, isSelected, pixels) {
    const tile = document.createElement("button");
    const label = document.createElement("span");
    label.textContent = digit.verdict === "digit" ? digit.label : "?";
    tile.type = "button";
    tile.ariaPressed = String(isSelected);
    tile.ariaLabel = `${fill(this.#texts.whose, { place: index + 1, count: this.#count })}: ${label.textContent}`;
    tile.append(pixels, label);
    tile.addEventListener("click", () => this.#select(index));
    return tile;
  }

  #formatPercent(share) {
    const rounded = Math.round(100 * share); // 0 and 100 would claim too much
    const number = this.#number.format(Math.min(Math.max(rounded, share && 1), 99));
    const text = fill(this.#texts.percent, { number });
    if (rounded === 100) return `>\u00a0${text}`;
    return share && !rounded ? `<\u00a0${text}` : text;
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  #write(selector, text) {
    this.#find(selector).textContent = text;
  }

  #announce(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write("[role=status]", text), ANNOUNCE_AFTER_MS);
  }
}

function findLeastCertain(answer) {
  const confidences = answer?.digits.map((digit) => digit.confidence) ?? [];
  return confidences.indexOf(Math.min(...confidences));
}

function drawPixels(base64) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.className = "pixels";
  const image = new ImageData(SIDE, SIDE);
  const bytes = atob(base64);
  for (let at = 0; at < bytes.length; at++) image.data[4 * at + 3] = bytes.charCodeAt(at);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
