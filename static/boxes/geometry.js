// Boxes are [x, y, width, height] in pixels of the original picture.

const getMiddle = ([x, y, width, height]) => [x + width / 2, y + height / 2];

// Returns whole pixels inside the picture, at least `min` wide and high.
export function clampBox([x, y, width, height], picture, min = 1) {
  const w = Math.min(Math.max(Math.round(width), min), picture.width);
  const h = Math.min(Math.max(Math.round(height), min), picture.height);
  const left = Math.min(Math.max(Math.round(x), 0), picture.width - w);
  const top = Math.min(Math.max(Math.round(y), 0), picture.height - h);
  return [left, top, w, h];
}

export function moveBox([x, y, width, height], dx, dy) {
  return [x + dx, y + dy, width, height];
}

// Moves the corner (`right`, `bottom` are 0 or 1); the opposite corner stays.
export function resizeBox([x, y, width, height], { right, bottom }, dx, dy) {
  const xs = [x, x + width];
  const ys = [y, y + height];
  xs[right] += dx;
  ys[bottom] += dy;
  return spanBox([xs[0], ys[0]], [xs[1], ys[1]]);
}

export function spanBox([x1, y1], [x2, y2]) {
  return [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x1 - x2), Math.abs(y1 - y2)];
}

export function splitBox([x, y, width, height], share) {
  const left = Math.max(1, Math.round(width * share));
  return [[x, y, left, height], [x + left, y, Math.max(1, width - left), height]];
}

export function joinBoxes(a, b) {
  const [x, y] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  const right = Math.max(a[0] + a[2], b[0] + b[2]);
  const bottom = Math.max(a[1] + a[3], b[1] + b[3]);
  return [x, y, right - x, bottom - y];
}

// Returns the index of a new box in the reading order of the others.
export function findPosition(box, boxes) {
  const [x, y] = getMiddle(box);
  const isOnLine = (other) => y > other[1] && y < other[1] + other[3];
  const right = boxes.findIndex((other) => isOnLine(other) && getMiddle(other)[0] > x);
  if (right >= 0) return right;
  const left = boxes.findLastIndex(isOnLine);
  if (left >= 0) return left + 1;
  const below = boxes.findIndex((other) => other[1] > y);
  return below >= 0 ? below : boxes.length;
}
