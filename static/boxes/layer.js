// Boxes over a picture that people move, resize and draw with a mouse, a finger or a pen.
// Events: "selected" {index}, "moved" {index, box, finished}, "drawn" {box}.

import { clampBox, moveBox, resizeBox, spanBox } from "./geometry.js";

// The directions of the arrow keys.
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const SVG = "http://www.w3.org/2000/svg";
const HANDLE = 7; // CSS pixels, the radius of a corner's dot
const REACH = 22; // CSS pixels around a corner that grab it
const MIN_SIDE = 6; // CSS pixels of a drawn box
const CORNERS = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([right, bottom]) => ({ right, bottom }));

function create(name, parent) {
  const element = document.createElementNS(SVG, name);
  parent.append(element);
  return element;
}

export class BoxLayer extends EventTarget {
  #svg;
  #picture;
  #boxes = [];
  #selected = -1;
  #groups = [];
  #handles;
  #drag = null; // {pointer, start, index, corner, box}

  constructor(svg, picture) {
    super();
    this.#svg = svg;
    this.#picture = picture;
    this.#handles = CORNERS.map(() => create("circle", svg));
    this.#handles.forEach((handle) => handle.classList.add("handle"));
    svg.addEventListener("pointerdown", (event) => this.#start(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#end(event));
    svg.addEventListener("pointercancel", (event) => this.#end(event));
    new ResizeObserver(() => this.#render()).observe(svg);
  }

  // `items` are {box, text, name, state}; the name is for screen readers.
  show(items, selected) {
    this.#boxes = items.map((item) => item.box);
    this.#selected = selected;
    while (this.#groups.length > items.length) this.#groups.pop().remove();
    while (this.#groups.length < items.length) this.#addGroup();
    items.forEach((item, index) => this.#describe(this.#groups[index], item, index === selected));
    this.#render();
  }

  focus(index) {
    this.#groups[index]?.focus({ preventScroll: true });
  }

  // Pixels of the picture for each CSS pixel.
  get #scale() {
    return this.#picture.width / (this.#svg.clientWidth || this.#picture.width);
  }

  #addGroup() {
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "button");
    create("rect", group);
    create("text", group);
    const index = this.#groups.push(group) - 1;
    group.addEventListener("focus", () => this.#emit("selected", { index }));
    this.#handles[0].before(group);
  }

  #describe(group, { text, name, state }, isSelected) {
    group.setAttribute("class", state ?? "");
    group.setAttribute("aria-label", name);
    group.setAttribute("aria-pressed", String(isSelected));
    group.querySelector("text").textContent = text;
  }

  #render() {
    this.#boxes.forEach((box, index) => this.#place(this.#groups[index], box));
    const box = this.#boxes[this.#selected];
    this.#handles.forEach((handle, index) => {
      handle.style.display = box ? "" : "none";
      if (!box) return;
      const [x, y] = getCorner(box, CORNERS[index]);
      setAttributes(handle, { cx: x, cy: y, r: HANDLE * this.#scale });
    });
  }

  #place(group, [x, y, width, height]) {
    setAttributes(group.querySelector("rect"), { x, y, width, height });
    const size = 16 * this.#scale;
    const isAtTop = y < size;
    const text = group.querySelector("text");
    setAttributes(text, { x, y: isAtTop ? y + height : y, "font-size": size });
    setAttributes(text, { dy: isAtTop ? "1em" : "-0.2em", "stroke-width": size / 5 });
  }

  #locate({ clientX, clientY }) {
    const { left, top } = this.#svg.getBoundingClientRect();
    return [(clientX - left) * this.#scale, (clientY - top) * this.#scale];
  }

  #start(event) {
    if (this.#drag || !event.isPrimary || event.button) return;
    event.preventDefault();
    const start = this.#locate(event);
    this.#svg.setPointerCapture(event.pointerId);
    const corner = this.#findCorner(start);
    const index = corner ? this.#selected : this.#findBox(start);
    if (index >= 0) this.focus(index);
    this.#drag = { pointer: event.pointerId, start, index, corner, box: this.#boxes[index] };
  }

  #findCorner([x, y]) {
    const box = this.#boxes[this.#selected];
    if (!box) return null;
    // Small boxes would otherwise be all corner, with nothing left to move them by.
    const reach = Math.min(REACH * this.#scale, Math.max(box[2], box[3]) / 3);
    const distances = CORNERS.map((corner) => {
      const [cx, cy] = getCorner(box, corner);
      return Math.hypot(cx - x, cy - y);
    });
    const nearest = Math.min(...distances);
    return nearest < reach ? CORNERS[distances.indexOf(nearest)] : null;
  }

  #findBox([x, y]) {
    const contains = (box) => x >= box[0] && x <= box[0] + box[2] && y >= box[1] && y <= box[1] + box[3];
    const selected = this.#boxes[this.#selected];
    return selected && contains(selected) ? this.#selected : this.#boxes.findLastIndex(contains);
  }

  #move(event) {
    if (event.pointerId !== this.#drag?.pointer) return;
    const box = this.#computeBox(event);
    if (this.#drag.index >= 0) this.#emit("moved", { index: this.#drag.index, box, finished: false });
    else this.#showSketch(box);
  }

  #end(event) {
    if (event.pointerId !== this.#drag?.pointer) return;
    const { index, box: before } = this.#drag;
    const box = this.#computeBox(event);
    this.#drag = null;
    this.#showSketch(null);
    const isCancelled = event.type === "pointercancel";
    if (index >= 0) this.#emit("moved", { index, box: isCancelled ? before : box, finished: true });
    else if (!isCancelled && Math.min(box[2], box[3]) >= MIN_SIDE * this.#scale) this.#emit("drawn", { box });
  }

  #computeBox(event) {
    const { start, corner, box } = this.#drag;
    const point = this.#locate(event);
    const [dx, dy] = [point[0] - start[0], point[1] - start[1]];
    if (!box) return this.clip(spanBox(start, point));
    if (corner) return this.clip(resizeBox(box, corner, dx, dy));
    return clampBox(moveBox(box, dx, dy), this.#picture);
  }

  // Returns the part of a box that is inside the picture.
  clip([x, y, width, height]) {
    const [left, top] = [Math.max(0, x), Math.max(0, y)];
    const right = Math.min(this.#picture.width, x + width);
    const bottom = Math.min(this.#picture.height, y + height);
    return clampBox([left, top, right - left, bottom - top], this.#picture);
  }

  #showSketch(box) {
    this.#svg.querySelector(".sketch")?.remove();
    if (!box) return;
    const sketch = create("rect", this.#svg);
    sketch.setAttribute("class", "sketch");
    const [x, y, width, height] = box;
    setAttributes(sketch, { x, y, width, height });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function getCorner([x, y, width, height], { right, bottom }) {
  return [x + right * width, y + bottom * height];
}

function setAttributes(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
}
