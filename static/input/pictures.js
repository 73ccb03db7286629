// The chosen pictures in the area, each with its live answer.

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

  // Returns the subjects added, and the problem of the last file that was not.
  add(files, createSubject) {
    const added = [];
    let problem = "";
    for (const file of files) {
      const text = this.#findProblem(file);
      if (text) problem = fill(text, { name: file.name });
      else added.push(this.#append(createSubject(file)));
    }
    if (added.length) this.#select(added[0]);
    return { added, problem };
  }

  clear() {
    while (!this.empty) this.#remove(this.#subjects[0]);
  }

  showLabel(subject, label) {
    subject.item.querySelector(".label").textContent = label;
  }

  #findProblem({ size, type }) {
    const { notPicture, tooLarge, tooMany, maxMb, maxPictures } = this.#limits;
    if (type && !type.startsWith("image/")) return notPicture;
    if (this.#subjects.length >= maxPictures) return tooMany;
    const total = this.files.reduce((sum, file) => sum + file.size, size);
    return total > maxMb * MB ? tooLarge : "";
  }

  #append(subject) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const image = item.querySelector("img");
    image.src = URL.createObjectURL(subject.file);
    image.alt = subject.file.name;
    image.addEventListener("error", () => item.classList.add("undecodable"));
    item.querySelector(".name").textContent = subject.file.name;
    item.querySelector(".remove").ariaLabel += ` ${subject.file.name}`;
    item.querySelector(".picture").addEventListener("click", () => this.#select(subject));
    item.querySelector(".remove").addEventListener("click", () => this.#removeByUser(subject));
    subject.item = item;
    this.#subjects.push(subject);
    this.#list.append(item);
    this.#list.dataset.count = this.#subjects.length;
    return subject;
  }

  #removeByUser(subject) {
    const index = this.#subjects.indexOf(subject);
    this.#remove(subject);
    const next = this.#subjects[index] ?? this.#subjects.at(-1);
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
