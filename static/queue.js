// Labelling by single keys: the next cards are in the page already, and answers are sent in order.

import { BoxEditor } from "./boxes/editor.js";
import { fill } from "./input/text.js";

const MIN_CARDS = 8; // with fewer cards in the page, more are loaded
const cards = document.querySelector("#cards");
const form = document.querySelector("#answers");
const help = document.querySelector("#help");
const error = document.querySelector("#error");
const undoButton = form.querySelector('[value="undo"]');
const token = form.elements.csrfmiddlewaretoken.value;

const history = []; // {card, others, answer, saved}, oldest first; others are labelled with it
let chain = Promise.resolve();
let loading = false;
let pending = 0;

const getCurrent = () => cards.querySelector(".card:first-child");
const isEditing = (card) => card?.classList.contains("editing");

function addToCounter(id, change) {
  const counter = document.getElementById(id);
  counter.textContent = Math.max(0, Number(counter.textContent) + change);
}

async function post(url, fields = {}) {
  const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: token });
  const response = await fetch(url, { method: "POST", body, keepalive: true }).catch(() => null);
  if (!response) throw new Error(form.dataset.unreachable);
  if (response.redirected) throw new Error(form.dataset.loggedOut);
  if (response.ok) return response.text();
  const isText = response.headers.get("Content-Type")?.startsWith("text/plain");
  const detail = isText ? await response.text() : fill(form.dataset.failed, response);
  throw Object.assign(new Error(detail), { isGone: response.status === 404 });
}

function addPending(change) {
  pending += change;
  form.ariaBusy = String(pending > 0);
}

function save(answer, { dataset }, fields = {}) {
  return post(form.dataset.answer, { answer, image: dataset.image, correction: dataset.correction ?? "", ...fields });
}

// Runs one task after the other, so that an undo never overtakes its answer. Resolves to success.
function runInOrder(task, onError) {
  addPending(1);
  const success = chain.then(task).then(() => true, (problem) => (onError(problem), false));
  chain = success.finally(() => addPending(-1));
  return success;
}

function updateButtons() {
  const card = getCurrent();
  for (const button of form.querySelectorAll("button")) button.disabled = !card;
  undoButton.disabled = !history.length;
}

function showError(problem, consequence) {
  error.textContent = `${problem.message} ${consequence}`;
  error.hidden = false;
}

function countAnswer(answer, change) {
  if (answer === "skip") return;
  addToCounter("waiting", -change);
  addToCounter("today", change);
}

function submitAnswer(answer, fields) {
  const card = getCurrent();
  if (!card) return loadCards();
  if (answer === "accept" && !card.dataset.correction) return;
  error.hidden = true;
  const others = ["accept", "correct"].includes(answer) ? findCardsOfPicture(card) : [];
  for (const each of [card, ...others]) each.remove();
  const entry = { card, others, answer };
  entry.saved = runInOrder(() => save(answer, card, fields), (problem) => restore(entry, problem));
  history.push(entry);
  countAnswer(answer, 1);
  updateButtons();
  loadCards();
}

function findCardsOfPicture({ dataset }) {
  return [...cards.querySelectorAll(`[data-upload="${dataset.upload}"]`)].slice(1);
}

function restore(entry, problem) {
  showError(problem, form.dataset.notSaved);
  if (!history.includes(entry)) return; // already undone
  history.splice(history.indexOf(entry), 1);
  if (!problem.isGone) cards.prepend(entry.card, ...entry.others);
  countAnswer(entry.answer, -1);
  updateButtons();
}

function undo() {
  const last = history.pop();
  if (!last) return;
  cards.prepend(last.card, ...last.others);
  countAnswer(last.answer, -1);
  updateButtons();
  runInOrder(async () => (await last.saved) && save("undo", last.card), (problem) => {
    last.card.remove();
    countAnswer(last.answer, 1);
    showError(problem, form.dataset.notUndone);
    updateButtons();
  });
}

async function loadCards() {
  if (loading || cards.querySelector(".empty") || cards.childElementCount >= MIN_CARDS) return;
  loading = true;
  addPending(1);
  let failed = false;
  try {
    const saved = history.length;
    await chain; // second looks are not leased: only a saved answer keeps its image away
    const template = document.createElement("template");
    template.innerHTML = await post(form.dataset.more);
    const known = [...cards.children, ...history.slice(saved).map((entry) => entry.card)];
    const ids = known.map((card) => card.dataset.image);
    for (const card of template.content.querySelectorAll(".card")) {
      if (ids.includes(card.dataset.image)) card.remove();
    }
    cards.append(template.content);
  } catch (problem) {
    failed = true;
    showError(problem, form.dataset.notLoaded);
  }
  loading = false;
  addPending(-1);
  updateButtons();
  if (!failed && !cards.childElementCount) loadCards();
}

async function openEditor(card) {
  const link = card?.querySelector("[data-edit]");
  if (!link) return;
  const response = await fetch(link.dataset.edit).catch(() => null);
  if (!response?.ok || response.redirected) return showError({ message: form.dataset.unreachable }, "");
  if (card !== getCurrent() || isEditing(card)) return;
  card.insertAdjacentHTML("beforeend", await response.text());
  card.classList.add("editing");
  const editor = card.querySelector(".correction");
  new BoxEditor(editor).start();
  editor.addEventListener("submit", submitEditor);
  editor.querySelector("[data-close]").addEventListener("click", () => closeEditor(card));
  if (matchMedia("(hover: hover)").matches) editor.elements.text.select(); // no keyboard over the picture
}

function submitEditor(event) {
  if (event.defaultPrevented) return;
  event.preventDefault();
  const { text, boxes } = event.target.elements;
  submitAnswer("correct", { text: text.value, boxes: boxes.value });
}

function closeEditor(card) {
  card.querySelector(".correction").remove();
  card.classList.remove("editing");
}

function handleKey(event) {
  const card = getCurrent();
  if (isEditing(card)) return event.key === "Escape" ? closeEditor(card) : undefined;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "?") return help.open ? help.close() : help.showModal();
  if (help.open) return;
  // The digit keys of a French keyboard produce digits only with Shift.
  const code = event.shiftKey ? null : event.code.match(/^(?:Digit|Numpad)(\d)$/);
  const digit = /^\d$/.test(event.key) ? event.key : code?.[1];
  const actions = { a: () => submitAnswer("accept"), b: () => openEditor(getCurrent()), n: () => submitAnswer("not_a_digit"), s: () => submitAnswer("skip"), u: undo };
  if (digit) submitAnswer(digit);
  else actions[event.key.toLowerCase()]?.();
}

function handleSubmit(event) {
  event.preventDefault();
  const answer = event.submitter.value;
  event.submitter.blur(); // the next card must not show the outline of this answer
  if (answer === "undo") undo();
  else submitAnswer(answer);
}

addEventListener("beforeunload", (event) => pending && event.preventDefault());
document.addEventListener("keydown", handleKey);
form.addEventListener("submit", handleSubmit);
cards.addEventListener("click", (event) => {
  if (!event.target.matches("[data-edit]")) return;
  event.preventDefault();
  openEditor(getCurrent());
});
document.querySelector("#undo").addEventListener("submit", handleSubmit);
document.querySelector("#keys").addEventListener("click", () => help.showModal());
help.addEventListener("click", () => help.close());
document.querySelector(".hint").hidden = false;
updateButtons();
loadCards();
