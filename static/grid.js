// Keys for the grid: arrows move, space excludes an image, Enter confirms the others, U undoes.

const form = document.querySelector("#grid");
const boxes = [...form.querySelectorAll('[type="checkbox"]')];

const countColumns = () => {
  const tops = boxes.map((box) => box.parentElement.offsetTop);
  return tops.filter((top) => top === tops[0]).length;
};

function moveFocus(step) {
  const index = boxes.indexOf(document.activeElement);
  boxes[index < 0 ? 0 : index + step]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const action = {
    ArrowRight: () => moveFocus(1),
    ArrowLeft: () => moveFocus(-1),
    ArrowDown: () => moveFocus(countColumns()),
    ArrowUp: () => moveFocus(-countColumns()),
    Enter: () => form.querySelector(".main-button").click(),
    u: () => form.elements.undo?.click(),
  }[event.key.length > 1 ? event.key : event.key.toLowerCase()];
  if (!action || (event.key === "Enter" && event.target.closest("a, button"))) return;
  event.preventDefault();
  action();
});
