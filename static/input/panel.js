// The live answer: label, sentence, ten bars, and the model's input.

import { fill } from "./text.js";

const SIDE = 28;
const ANNOUNCE_AFTER_MS = 800; // screen readers announce it when the pen rests
const DASH = "–";

export class Panel {
  #root;
  #texts;
  #number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 0 });
  #timer = 0;

  constructor(root) {
    this.#root = root;
    this.#texts = root.dataset;
    this.show(null);
  }

  // Shows a subject of Previews, or the initial state if it is null.
  show(subject) {
    const { answer, problem, note } = subject ?? {};
    this.#showLabel(answer);
    this.#write(".sentence", problem ?? (answer ? this.#formatSentence(answer) : this.#texts.waiting));
    this.#showBars(answer);
    this.#showInputs(answer?.digits ?? []);
    this.#write(".note", note ? this.#texts[note] : "");
    this.#root.dataset.state = answer?.verdict ?? (problem ? "problem" : "waiting");
    this.#announce(answer || problem ? this.#summarize(subject) : "");
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

  #showLabel(answer) {
    const label = this.formatLabel({ answer });
    this.#write(".answer", label);
    this.#root.style.setProperty("--letters", label.length);
  }

  // Shows the bars of the least certain digit.
  #showBars(answer) {
    const doubtful = findLeastCertain(answer);
    this.#root.querySelectorAll(".chances li").forEach((row, digit) => {
      const share = doubtful?.probabilities[digit];
      row.classList.toggle("best", String(digit) === doubtful?.best_guess);
      row.querySelector(".fill").style.setProperty("--share", share ?? 0);
      row.querySelector(".share").textContent = share === undefined ? DASH : this.#formatPercent(share);
    });
  }

  #showInputs(digits) {
    const several = digits.length > 1;
    const tiles = digits.map((digit) => {
      const tile = document.createElement("li");
      tile.append(drawPixels(digit.pixels));
      if (several) tile.append(digit.verdict === "digit" ? digit.label : "?");
      return tile;
    });
    this.#root.querySelector(".inputs").replaceChildren(...tiles);
  }

  #formatPercent(share) {
    const rounded = Math.round(100 * share); // 0 and 100 would claim too much
    const number = this.#number.format(Math.min(Math.max(rounded, share && 1), 99));
    const text = fill(this.#texts.percent, { number });
    if (rounded === 100) return `>\u00a0${text}`;
    return share && !rounded ? `<\u00a0${text}` : text;
  }

  #write(selector, text) {
    this.#root.querySelector(selector).textContent = text;
  }

  #announce(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write("[role=status]", text), ANNOUNCE_AFTER_MS);
  }
}

function findLeastCertain(answer) {
  if (!answer?.digits.length) return null;
  return answer.digits.reduce((a, b) => (b.confidence < a.confidence ? b : a));
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
