// The dialog that cuts a part out of a photo before it is sent, and turns it.

import { clampBox, moveBox, resizeBox } from "../boxes/geometry.js";
import { ARROWS, BoxLayer } from "../boxes/layer.js";

const VIEW_SIDE = 1024; // of the picture in the dialog
const STEP = 0.02; // of the longer side, for the arrow keys
const INSET = 0.1; // of each side, outside the first frame

class Cropper {
  #dialog;
  #canvas;
  #svg;
  #layer;
  #size = { width: 1, height: 1 }; // of the turned picture
  #image = null;
  #turns = 0; // by 90° to the right
  #frame = null;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#canvas = dialog.querySelector("canvas");
    this.#svg = dialog.querySelector("svg");
    this.#layer = new BoxLayer(this.#svg, this.#size);
    this.#layer.addEventListener("moved", ({ detail }) => this.#setFrame(detail.box));
    this.#layer.addEventListener("drawn", ({ detail }) => this.#setFrame(detail.box));
    this.#svg.addEventListener("keydown", (event) => this.#handleKey(event));
    dialog.querySelector(".turn").addEventListener("click", () => this.#turn());
  }

  // Resolves to the part of the picture in the frame, or to null if the dialog is cancelled.
  async ask(file) {
    this.#image = await createImageBitmap(file, { imageOrientation: "from-image" });
    this.#turns = -1;
    this.#turn();
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
    this.#layer.focus(0);
    await new Promise((resolve) => { this.#dialog.addEventListener("close", resolve, { once: true }); });
    const part = this.#dialog.returnValue === "use" ? await this.#cut(file) : null;
    this.#image.close();
    return part;
  }

  #turn() {
    this.#turns = (this.#turns + 1) % 4;
    const { width, height } = this.#image;
    const [w, h] = this.#turns % 2 ? [height, width] : [width, height];
    Object.assign(this.#size, { width: w, height: h });
    this.#svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    const scale = Math.min(1, VIEW_SIDE / Math.max(w, h));
    paint(this.#canvas, this.#image, this.#turns, [0, 0, w, h], scale);
    this.#setFrame([INSET * w, INSET * h, (1 - 2 * INSET) * w, (1 - 2 * INSET) * h]);
  }

  #setFrame(box) {
    this.#frame = clampBox(box, this.#size, 8);
    this.#layer.show([{ box: this.#frame, text: "", name: this.#dialog.dataset.frame, state: "frame" }], 0);
  }

  #handleKey(event) {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = STEP * Math.max(this.#size.width, this.#size.height);
    const [dx, dy] = [arrow[0] * step, arrow[1] * step];
    const isResizing = event.shiftKey;
    const corner = { right: 1, bottom: 1 };
    this.#setFrame(isResizing ? resizeBox(this.#frame, corner, dx, dy) : moveBox(this.#frame, dx, dy));
  }

  #cut({ name, type }) {
    const canvas = document.createElement("canvas");
    paint(canvas, this.#image, this.#turns, this.#frame, 1);
    const format = type === "image/jpeg" ? type : "image/png";
    return new Promise((resolve) => {
      canvas.toBlob((blob) => resolve(new File([blob], name, { type: format })), format, 0.95);
    });
  }
}

// Paints the part of a turned picture that is in the box.
function paint(canvas, image, turns, [x, y, width, height], scale) {
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.scale(scale, scale);
  context.translate(-x, -y);
  const [w, h] = turns % 2 ? [image.height, image.width] : [image.width, image.height];
  context.translate(w / 2, h / 2);
  context.rotate((turns * Math.PI) / 2);
  context.drawImage(image, -image.width / 2, -image.height / 2);
}

let cropper = null;

export function cropFile(dialog, file) {
  cropper ??= new Cropper(dialog);
  return cropper.ask(file);
}
