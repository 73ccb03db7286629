// The chosen pictures in the area, each with its live answer.
// Events: "selected", "added", "removed" and "crop" {detail: subject}, and "changed" after a person's change.

import { fill } from "./text.js";

const MB = 1024 * 1024;
const REFUSED = /[./](svg(\+xml)?|pdf|jxl|jp2|psd|ico|x-icon|vnd\.microsoft\.icon|vnd\.adobe\.photoshop)$/i;

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

  // A list that is never changed.
  get subjects() {
    return this.#subjects;
  }

  // Shows these subjects instead; those that were removed come back with their answers.
  set subjects(subjects) {
    const before = this.#subjects;
    this.#subjects = subjects;
    this.#list.replaceChildren(...subjects.map((subject) => subject.item));
    this.#list.dataset.count = subjects.length;
    for (const each of before) if (!subjects.includes(each)) this.#notify("removed", each);
    for (const each of subjects) if (!before.includes(each)) this.#notify("added", each);
    this.#select(subjects.includes(this.selected) ? this.selected : subjects[0] ?? null);
  }

  get empty() {
    return !this.#subjects.length;
  }

  // Returns the problems of the files that were not added.
  add(files, createSubject) {
    const added = [];
    const problems = [];
    for (const file of files) {
      const text = this.#findProblem(file, [...this.files, ...added.map((subject) => subject.file)]);
      if (text) problems.push(fill(text, { name: file.name }));
      else added.push(this.#createItem(createSubject(file)));
    }
    if (added.length) {
      this.subjects = [...this.#subjects, ...added];
      this.#select(added[0]);
      this.#notify("changed");
    }
    return problems;
  }

  clear() {
    this.subjects = [];
    this.#notify("changed");
  }

  replace(subject, file, createSubject) {
    const changed = this.#createItem(createSubject(file));
    this.subjects = this.#subjects.map((each) => (each === subject ? changed : each));
    this.#select(changed);
    this.#notify("changed");
    changed.item.querySelector(".crop").focus();
  }

  showLabel(subject, label) {
    subject.item.querySelector(".label").textContent = label;
  }

  #findProblem(file, chosen) {
    const { notPicture, refused, tooLarge, tooMany, maxMb, maxPictures } = this.#limits;
    const { name, size, type } = file;
    if (REFUSED.test(type) || REFUSED.test(name)) return refused;
    if (type && !type.startsWith("image/")) return notPicture;
    if (chosen.length >= maxPictures) return tooMany;
    const total = chosen.reduce((sum, each) => sum + each.size, size);
    return total > maxMb * MB ? tooLarge : "";
  }

  #createItem(subject) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const image = item.querySelector("img");
    image.src = URL.createObjectURL(subject.file);
    image.alt = subject.file.name;
    image.addEventListener("error", () => item.classList.add("undecodable"));
    item.querySelector(".name").textContent = subject.file.name;
    item.querySelector(".crop").ariaLabel += ` ${subject.file.name}`;
    item.querySelector(".crop").addEventListener("click", () => this.#notify("crop", subject));
    item.querySelector(".remove").ariaLabel += ` ${subject.file.name}`;
    item.querySelector(".picture").addEventListener("click", () => this.#select(subject));
    item.querySelector(".remove").addEventListener("click", () => this.#removeByUser(subject));
    subject.item = item;
    return subject;
  }

  #removeByUser(subject) {
    const index = this.#subjects.indexOf(subject);
    this.subjects = this.#subjects.filter((each) => each !== subject);
    const next = this.#subjects[index] ?? this.#subjects.at(-1);
    next?.item.querySelector(".remove").focus();
    this.#notify("changed");
  }

  #select(subject) {
    this.selected = subject;
    for (const each of this.#subjects) {
      each.item.querySelector(".picture").ariaPressed = String(each === subject);
    }
    this.#notify("selected");
  }

  #notify(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
