// Pictures that come in by drop, paste, choice or camera.

export function listen(inputs, take, dragged) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = ""; // the same may be chosen again
      take(files);
    });
  }
  document.addEventListener("paste", (event) => arrive(event, event.clipboardData, take));
  document.addEventListener("drop", (event) => {
    dragged(false);
    arrive(event, event.dataTransfer, take);
  });
  // Beside the area too: a browser would leave the page to show the file.
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    dragged(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? dragged(false));
}

function arrive(event, transfer, take) {
  const files = [...(transfer?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  take(files);
}
