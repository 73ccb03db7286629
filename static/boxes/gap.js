// The place between two digits in one box.

const MAX_OFFSET = 0.3; // of the width, from the middle

// Returns the share of the box's width at which it has the least ink.
export function findGap(image, [x, y, width, height], picture) {
  const scale = image.naturalWidth / picture.width;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, x * scale, y * scale, width * scale, height * scale, 0, 0, canvas.width, canvas.height);
  const ink = measureColumns(context.getImageData(0, 0, canvas.width, canvas.height));
  const middle = (canvas.width - 1) / 2;
  const darkest = Math.max(...ink, 1);
  let best = middle;
  let least = Infinity;
  ink.forEach((amount, column) => {
    const offset = Math.abs(column - middle) / canvas.width;
    const cost = amount / darkest + offset;
    if (offset <= MAX_OFFSET && cost < least) [best, least] = [column, cost];
  });
  return (best + 0.5) / canvas.width;
}

// Returns each column's sum of differences from the paper, the most frequent brightness.
function measureColumns({ data, width, height }) {
  const count = Array.from({ length: 256 }, () => 0);
  for (let at = 1; at < data.length; at += 4) count[data[at]] += 1;
  const paper = count.indexOf(Math.max(...count));
  const columns = Array.from({ length: width }, () => 0);
  for (let at = 0; at < width * height; at++) columns[at % width] += Math.abs(data[4 * at + 1] - paper);
  return columns;
}
