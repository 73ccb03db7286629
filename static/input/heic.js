// HEIC as JPEG if this browser can decode it, which spares the site the work.

const HEIC = /[./]hei[cf]$/i;

const isHeic = ({ name, type }) => HEIC.test(type) || HEIC.test(name);

// Resolves to a JPEG, or to the file itself if it is none or can't be decoded.
export async function convertHeic(file) {
  if (!isHeic(file)) return file;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return file;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  const jpeg = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.95); });
  return new File([jpeg], file.name.replace(/\.hei[cf]$/i, ".jpg"), { type: "image/jpeg" });
}
