// Painting of strokes. A point is {x, y, width}, in units of the pad's width.

const getMiddle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

// Paints what the last point adds to a stroke, from middle to middle so that corners are round.
export function paintLast(context, points, scale) {
  const [first, second, third] = [points.at(-3), points.at(-2), points.at(-1)];
  context.lineWidth = third.width * scale;
  context.beginPath();
  const start = !second ? third : first ? getMiddle(first, second) : second;
  const end = second ? getMiddle(second, third) : third;
  context.moveTo(start.x * scale, start.y * scale);
  const bend = second ?? third;
  context.quadraticCurveTo(bend.x * scale, bend.y * scale, end.x * scale, end.y * scale);
  context.stroke();
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
  context.strokeStyle = ink;
}
