// Keys for the grid: arrows move, space picks out, Enter confirms the rest, U takes the last back.

const form = document.querySelector("#grid");
const boxes = [...form.querySelectorAll('[type="checkbox"]')];

const columns = () => {
  const tops = boxes.map((box) => box.parentElement.offsetTop);
  return tops.filter((top) => top === tops[0]).length;
};

function move(by) {
  const at = boxes.indexOf(document.activeElement);
  boxes[at < 0 ? 0 : at + by]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const act = {
    ArrowRight: () => move(1),
    ArrowLeft: () => move(-1),
    ArrowDown: () => move(columns()),
    ArrowUp: () => move(-columns()),
    Enter: () => form.querySelector(".main-button").click(),
    u: () => form.elements.undo?.click(),
  }[event.key.length > 1 ? event.key : event.key.toLowerCase()];
  if (!act || (event.key === "Enter" && event.target.closest("a, button"))) return;
  event.preventDefault();
  act();
});
