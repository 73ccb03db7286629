// Sources of pictures: drop, paste, file dialog and camera.

export function listen(inputs, onFiles, onDrag) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = ""; // so that the same file can be chosen again
      onFiles(files);
    });
  }
  document.addEventListener("paste", (event) => readFiles(event, event.clipboardData, onFiles));
  document.addEventListener("drop", (event) => {
    onDrag(false);
    readFiles(event, event.dataTransfer, onFiles);
  });
  // On the whole page: a browser leaves the page to show a file that is dropped beside the area.
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    onDrag(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? onDrag(false));
}

function readFiles(event, transfer, onFiles) {
  const files = [...(transfer?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  onFiles(files);
}
