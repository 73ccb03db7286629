// Painting of strokes. A point is {x, y, width}, in units of the pad's width.

const getMiddle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

// Paints what the last point adds to a stroke, from middle to middle so that corners are round.
export function paintLast(context, points, scale) {
  const [first, second, third] = [points.at(-3), points.at(-2), points.at(-1)];
  if (!second) return paintDot(context, third, scale);
  context.lineWidth = third.width * scale;
  context.beginPath();
  const start = first ? getMiddle(first, second) : second;
  const end = getMiddle(second, third);
  context.moveTo(start.x * scale, start.y * scale);
  context.quadraticCurveTo(second.x * scale, second.y * scale, end.x * scale, end.y * scale);
  context.stroke();
}

function paintDot(context, { x, y, width }, scale) {
  context.beginPath();
  context.arc(x * scale, y * scale, (width * scale) / 2, 0, 2 * Math.PI);
  context.fill();
}

export function paintEnd(context, points, scale) {
  const end = points.at(-1);
  const start = getMiddle(points.at(-2) ?? end, end);
  context.lineWidth = end.width * scale;
  context.beginPath();
  context.moveTo(start.x * scale, start.y * scale);
  context.lineTo(end.x * scale, end.y * scale);
  context.stroke();
}

export function paint(context, strokes, scale) {
  for (const points of strokes) {
    for (let count = 1; count <= points.length; count++) {
      paintLast(context, points.slice(Math.max(0, count - 3), count), scale);
    }
    paintEnd(context, points, scale);
  }
}

export function setStyle(context, ink) {
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = context.fillStyle = ink;
}
