// Strokes and how they are painted. A point is {x, y, width}, all in units of the pad's width.

const half = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

// The part of a stroke that its last point adds: from middle to middle, so that corners are round.
export function paintLast(context, points, scale) {
  const [before, last, now] = [points.at(-3), points.at(-2), points.at(-1)];
  context.lineWidth = now.width * scale;
  context.beginPath();
  const start = !last ? now : before ? half(before, last) : last;
  const end = last ? half(last, now) : now;
  context.moveTo(start.x * scale, start.y * scale);
  const bend = last ?? now;
  context.quadraticCurveTo(bend.x * scale, bend.y * scale, end.x * scale, end.y * scale);
  context.stroke();
}

export function paintEnd(context, points, scale) {
  const end = points.at(-1);
  const start = half(points.at(-2) ?? end, end);
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

export function prepare(context, ink) {
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = ink;
}
