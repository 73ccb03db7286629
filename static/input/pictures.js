// The pictures that are about to be sent: shown in the area, each with its answer.

import { fill } from "./text.js";

const MB = 1024 * 1024;

export class Pictures extends EventTarget {
  #list;
  #template;
  #limits;
  #subjects = [];
  selected = null;

  constructor(list, template, limits) {
    super();
    this.#list = list;
    this.#template = template;
    this.#limits = limits;
  }

  get files() {
    return this.#subjects.map((subject) => subject.file);
  }

  get empty() {
    return !this.#subjects.length;
  }

  // The subjects that were added, and why the others were not.
  add(files, makeSubject) {
    const added = [];
    let refused = "";
    for (const file of files) {
      const why = this.#whyNot(file);
      if (why) refused = fill(why, { name: file.name });
      else added.push(this.#put(makeSubject(file)));
    }
    if (added.length) this.#select(added[0]);
    return { added, refused };
  }

  clear() {
    while (!this.empty) this.#remove(this.#subjects[0]);
  }

  show(subject, written) {
    subject.item.querySelector(".label").textContent = written;
  }

  #whyNot({ size, type }) {
    const { noPicture, tooLarge, tooMany, limitMb, most } = this.#limits;
    if (type && !type.startsWith("image/")) return noPicture;
    if (this.#subjects.length >= most) return tooMany;
    const together = this.files.reduce((sum, file) => sum + file.size, size);
    return together > limitMb * MB ? tooLarge : "";
  }

  #put(subject) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const image = item.querySelector("img");
    image.src = URL.createObjectURL(subject.file);
    image.alt = subject.file.name;
    image.addEventListener("error", () => item.classList.add("unseen"));
    item.querySelector(".name").textContent = subject.file.name;
    item.querySelector(".remove").ariaLabel += ` ${subject.file.name}`;
    item.querySelector(".picture").addEventListener("click", () => this.#select(subject));
    item.querySelector(".remove").addEventListener("click", () => this.#removed(subject));
    subject.item = item;
    this.#subjects.push(subject);
    this.#list.append(item);
    this.#list.dataset.count = this.#subjects.length;
    return subject;
  }

  #removed(subject) {
    const at = this.#subjects.indexOf(subject);
    this.#remove(subject);
    const next = this.#subjects[at] ?? this.#subjects.at(-1);
    next?.item.querySelector(".remove").focus();
  }

  #remove(subject) {
    this.#subjects.splice(this.#subjects.indexOf(subject), 1);
    URL.revokeObjectURL(subject.item.querySelector("img").src);
    subject.item.remove();
    this.#list.dataset.count = this.#subjects.length;
    this.dispatchEvent(new CustomEvent("removed", { detail: subject }));
    this.#select(this.selected === subject ? this.#subjects[0] ?? null : this.selected);
  }

  #select(subject) {
    this.selected = subject;
    for (const each of this.#subjects) {
      each.item.querySelector(".picture").ariaPressed = String(each === subject);
    }
    this.dispatchEvent(new Event("selected"));
  }
}
