// The canvas to draw on. It turns pointer events into strokes, and strokes into a picture.
// Events: "drawn" after every change, and "finished" after each stroke.

import { paint, paintEnd, paintLast, setStyle } from "./strokes.js";

const WIDTH = 560; // of the picture, on any screen
const USUAL_PRESSURE = 0.5;

export class Pad extends EventTarget {
  #canvas;
  #context;
  #strokes = [];
  #stroke = null; // the current one
  #pointer = null;
  #origin = null; // of the canvas in the page, read once per stroke because it costs a layout
  #scale = 1;
  thickness = 0.06; // of the pad's width

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    canvas.addEventListener("pointerdown", (event) => this.#start(event));
    canvas.addEventListener("pointermove", (event) => this.#extend(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.#end(event));
    }
    this.#fit(); // the observer starts too late for a restored drawing
    new ResizeObserver(() => this.#fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#repaint());
  }

  get empty() {
    return !this.#strokes.length;
  }

  // A list that is never changed, of strokes {x, y, width}[].
  get strokes() {
    return this.#strokes;
  }

  set strokes(strokes) {
    this.#strokes = strokes;
    this.#stroke = null;
    this.#repaint();
    this.#notify();
  }

  // Returns a PNG, dark on white.
  getPicture() {
    const sheet = document.createElement("canvas");
    sheet.width = WIDTH;
    sheet.height = Math.round((WIDTH * this.#canvas.height) / this.#canvas.width);
    const context = sheet.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, sheet.width, sheet.height);
    setStyle(context, "#000");
    paint(context, this.#strokes, WIDTH);
    // Chromium's toBlob waits for idle time, of which a busy page may have none for seconds.
    const bytes = atob(sheet.toDataURL("image/png").split(",")[1]);
    return new Blob([Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))], { type: "image/png" });
  }

  #start(event) {
    if (this.#stroke || !event.isPrimary || event.button) return;
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    const { left, top, width } = this.#canvas.getBoundingClientRect();
    this.#origin = { left: left + scrollX, top: top + scrollY, width };
    this.#stroke = [];
    this.#strokes = [...this.#strokes, this.#stroke];
    this.#add(event);
    this.#notify();
  }

  #extend(event) {
    if (!this.#stroke || event.pointerId !== this.#pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#add(each);
    this.#notify();
  }

  #end(event) {
    if (!this.#stroke || event.pointerId !== this.#pointer) return;
    paintEnd(this.#context, this.#stroke, this.#scale);
    this.#stroke = null;
    this.#notify();
    this.dispatchEvent(new Event("finished"));
  }

  #add({ pageX, pageY, pointerType, pressure }) {
    const { left, top, width } = this.#origin;
    const factor = pointerType === "pen" && pressure ? pressure / USUAL_PRESSURE : 1;
    this.#stroke.push({
      x: (pageX - left) / width,
      y: (pageY - top) / width,
      width: this.thickness * (0.5 + factor / 2),
    });
    paintLast(this.#context, this.#stroke, this.#scale);
  }

  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    if (!clientWidth) return; // hidden by pictures
    this.#canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.#canvas.height = Math.round(clientHeight * devicePixelRatio);
    this.#repaint();
  }

  #repaint() {
    this.#scale = this.#canvas.width;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    setStyle(this.#context, getComputedStyle(this.#canvas).color);
    paint(this.#context, this.#strokes, this.#scale);
  }

  #notify() {
    this.dispatchEvent(new Event("drawn"));
  }
}
