// One key labels an image: the next ones are in the page already, and answers go out in order.

const LOW = 8; // cards in the page below which more are asked for
const cards = document.querySelector("#cards");
const form = document.querySelector("#answers");
const help = document.querySelector("#help");
const error = document.querySelector("#error");
const undoButton = form.querySelector('[value="undo"]');
const token = form.elements.csrfmiddlewaretoken.value;

const done = []; // what was answered here: {card, answer, saved}, the last one last
let chain = Promise.resolve();
let loading = false;
let pending = 0;

const current = () => cards.querySelector(".card:first-child");
const count = (id, by) => {
  const shown = document.getElementById(id);
  shown.textContent = Math.max(0, Number(shown.textContent) + by);
};

async function post(url, fields = {}) {
  const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: token });
  const response = await fetch(url, { method: "POST", body, keepalive: true }).catch(() => null);
  if (!response) throw new Error("The site can’t be reached. Try again in a moment.");
  if (response.redirected) throw new Error("You are logged out. Reload the page and log in.");
  if (response.ok) return response.text();
  const told = response.headers.get("Content-Type")?.startsWith("text/plain");
  const detail = told ? await response.text() : `The site answered with error ${response.status}.`;
  throw Object.assign(new Error(detail), { gone: response.status === 404 });
}

function busy(by) {
  pending += by;
  form.ariaBusy = String(pending > 0);
}

const say = (answer, card) => post(form.dataset.answer, { answer, image: card.dataset.image });

// One after the other, so that an undo never overtakes its answer. Resolves to whether it is kept.
function inOrder(work, refused) {
  busy(1);
  const kept = chain.then(work).then(() => true, (problem) => (refused(problem), false));
  chain = kept.finally(() => busy(-1));
  return kept;
}

function show() {
  const card = current();
  for (const button of form.querySelectorAll("button")) button.disabled = !card;
  undoButton.disabled = !done.length;
}

function tell(problem, what) {
  error.textContent = `${problem.message} ${what}`;
  error.hidden = false;
}

function mark(answer) {
  form.querySelector(".given")?.classList.remove("given");
  form.querySelector(`[value="${answer}"]`)?.classList.add("given");
}

function counted(answer, by) {
  if (answer === "skip") return;
  count("waiting", -by);
  count("today", by);
}

function give(answer) {
  const card = current();
  if (!card) return fill();
  error.hidden = true;
  card.remove();
  const act = { card, answer };
  act.saved = inOrder(() => say(answer, card), (problem) => comeBack(act, problem));
  done.push(act);
  counted(answer, 1);
  mark(answer);
  show();
  fill();
}

function comeBack(act, problem) {
  tell(problem, "The answer to this image was not kept.");
  if (!done.includes(act)) return; // an undo has brought it back already
  done.splice(done.indexOf(act), 1);
  if (!problem.gone) cards.prepend(act.card);
  counted(act.answer, -1);
  mark("");
  show();
}

function undo() {
  const last = done.pop();
  if (!last) return;
  cards.prepend(last.card);
  counted(last.answer, -1);
  mark("");
  show();
  inOrder(async () => (await last.saved) && say("undo", last.card), (problem) => {
    last.card.remove();
    counted(last.answer, 1);
    tell(problem, "The answer stays.");
    show();
  });
}

async function fill() {
  if (loading || cards.querySelector(".empty") || cards.childElementCount >= LOW) return;
  loading = true;
  busy(1);
  try {
    const more = document.createElement("template");
    more.innerHTML = await post(form.dataset.more);
    for (const card of more.content.querySelectorAll(".card")) {
      if (cards.querySelector(`[data-image="${card.dataset.image}"]`)) card.remove();
    }
    cards.append(more.content);
  } catch (problem) {
    tell(problem, "No more images were loaded.");
  }
  loading = false;
  busy(-1);
  show();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "?") return help.open ? help.close() : help.showModal();
  if (help.open) return;
  const place = event.shiftKey ? null : event.code.match(/^(?:Digit|Numpad)(\d)$/);
  const digit = /^\d$/.test(event.key) ? event.key : place?.[1];
  const act = { n: () => give("not_a_digit"), s: () => give("skip"), u: undo };
  if (digit) give(digit);
  else act[event.key.toLowerCase()]?.();
}

function clicked(event) {
  event.preventDefault();
  const answer = event.submitter.value;
  if (answer === "undo") undo();
  else give(answer);
}

addEventListener("beforeunload", (event) => pending && event.preventDefault());
document.addEventListener("keydown", pressed);
form.addEventListener("submit", clicked);
document.querySelector("#undo").addEventListener("submit", clicked);
document.querySelector("#keys").addEventListener("click", () => help.showModal());
help.addEventListener("click", () => help.close());
document.querySelector(".hint").hidden = false;
show();
fill();
