// Lets both models read a drawing or a picture, on the page of a model.

import { Pad } from "./input/pad.js";

const DELAY_MS = 250;
const form = document.querySelector(".try");
const tried = document.querySelector("#tried");
const input = form.elements.image;
const clear = form.querySelector("#clear");
for (const part of form.querySelectorAll(".drawing")) part.hidden = false;
const pad = new Pad(form.querySelector("#pad"));
let timer = 0;
let latest = 0; // the number of the newest request; older answers are dropped

async function read(picture) {
  const number = ++latest;
  const body = new FormData(form);
  body.set("image", picture);
  tried.ariaBusy = "true";
  const text = await send(body);
  if (number !== latest) return;
  tried.ariaBusy = "false";
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("#tried");
  tried.replaceChildren(...(fresh ? fresh.childNodes : [document.querySelector("#try").dataset.unreachable]));
}

async function send(body) {
  try {
    return await (await fetch(form.action, { method: "POST", body })).text();
  } catch {
    return "";
  }
}

function readDrawing() {
  if (!pad.empty) read(new File([pad.getPicture()], "drawing.png", { type: "image/png" }));
}

function showDrawing() {
  clear.disabled = pad.empty;
  clearTimeout(timer);
  if (pad.empty) {
    latest++;
    tried.replaceChildren();
  } else {
    timer = setTimeout(readDrawing, DELAY_MS);
  }
}

function submit(event) {
  event.preventDefault();
  if (input.files.length) read(input.files[0]);
  else if (!pad.empty) readDrawing();
}

input.required = false; // a drawing needs no file
pad.addEventListener("drawn", showDrawing);
clear.addEventListener("click", () => {
  pad.strokes = [];
});
input.addEventListener("change", () => input.files.length && read(input.files[0]));
form.addEventListener("submit", submit);
