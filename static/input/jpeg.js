// Copies of pictures as JPEG, if this browser can decode them.

const HEIC = /[./]hei[cf]$/i;
const MAX_PREVIEW_SIDE = 1024;
const MIN_BYTES = 300_000; // smaller files are previewed as they are

// Resolves to a HEIC file as JPEG, which spares the site the work, or else to the file itself.
export async function convertHeic(file) {
  if (!HEIC.test(file.type) && !HEIC.test(file.name)) return file;
  const jpeg = await encode(file, Infinity, 0.95);
  return jpeg ? new File([jpeg], file.name.replace(HEIC, ".jpg"), { type: "image/jpeg" }) : file;
}

// Resolves to a smaller copy of a large photo for the live answer. The form sends the original.
export async function reduce(file) {
  return file.size > MIN_BYTES ? (await encode(file, MAX_PREVIEW_SIDE, 0.9)) ?? file : file;
}

async function encode(file, maxSide, quality) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return null;
  const scale = Math.min(1, maxSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}
