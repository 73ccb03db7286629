// Shows an answer: large, in a sentence, as ten bars, and what the model saw.

import { fill } from "./text.js";

const SIDE = 28;
const SAY_AFTER_MS = 800; // a screen reader is told when the pen rests
const DASH = "–";

export class Panel {
  #root;
  #texts;
  #number = new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
  #timer = 0;

  constructor(root) {
    this.#root = root;
    this.#texts = root.dataset;
    this.show(null);
  }

  // Of a subject of Live; nothing is there yet without one.
  show(subject) {
    const { answer, problem, note } = subject ?? {};
    this.#large(answer);
    this.#write(".sentence", problem ?? (answer ? this.#sentence(answer) : this.#texts.waiting));
    this.#bars(answer);
    this.#seen(answer?.digits ?? []);
    this.#write(".note", note ? this.#texts[note] : "");
    this.#root.dataset.state = answer?.verdict ?? (problem ? "problem" : "waiting");
    this.#say(answer || problem ? this.summary(subject) : "");
  }

  brief({ answer }) {
    if (!answer) return DASH;
    return answer.verdict === "digit" ? answer.label : "?";
  }

  summary({ answer, problem }) {
    if (problem) return problem;
    const sentence = this.#sentence(answer);
    return answer.verdict === "digit" ? `${answer.label}: ${sentence}` : sentence;
  }

  #sentence(answer) {
    return answer.sentence ?? fill(this.#texts.sure, { percent: this.#percent(answer.confidence) });
  }

  #large(answer) {
    const written = this.brief({ answer });
    this.#write(".answer", written);
    this.#root.style.setProperty("--letters", written.length);
  }

  // Of several digits, those of the one that is least sure.
  #bars(answer) {
    const doubted = leastSure(answer);
    this.#root.querySelectorAll(".chances li").forEach((row, digit) => {
      const share = doubted?.probabilities[digit];
      row.classList.toggle("best", String(digit) === doubted?.best_guess);
      row.querySelector(".fill").style.setProperty("--share", share ?? 0);
      row.querySelector(".share").textContent = share === undefined ? DASH : this.#percent(share);
    });
  }

  #seen(digits) {
    const several = digits.length > 1;
    const doubted = several && leastSure({ digits });
    const tiles = digits.map((digit) => {
      const tile = document.createElement("li");
      tile.classList.toggle("doubted", digit === doubted);
      tile.append(pixels(digit.pixels));
      if (several) tile.append(digit.verdict === "digit" ? digit.label : "?");
      return tile;
    });
    this.#root.querySelector(".seen").replaceChildren(...tiles);
  }

  #percent(share) {
    const number = this.#number.format(100 * Math.min(share, 0.9999));
    return fill(this.#texts.percent, { number });
  }

  #write(place, text) {
    this.#root.querySelector(place).textContent = text;
  }

  #say(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write("[role=status]", text), SAY_AFTER_MS);
  }
}

function leastSure(answer) {
  if (!answer?.digits.length) return null;
  return answer.digits.reduce((a, b) => (b.confidence < a.confidence ? b : a));
}

function pixels(base64) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.className = "pixels";
  const image = new ImageData(SIDE, SIDE);
  const bytes = atob(base64);
  for (let at = 0; at < bytes.length; at++) image.data[4 * at + 3] = bytes.charCodeAt(at);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
