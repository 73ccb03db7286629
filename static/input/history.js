// Undo and redo, by snapshots of the state before each change.

const MAX_STEPS = 200;

export class History {
  #past = [];
  #future = [];
  #current;

  constructor(initial) {
    this.#current = initial;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  // Records the state after a change.
  push(state) {
    this.#past.push(this.#current);
    if (this.#past.length > MAX_STEPS) this.#past.shift();
    this.#current = state;
    this.#future = [];
  }

  undo() {
    return this.#step(this.#past, this.#future);
  }

  redo() {
    return this.#step(this.#future, this.#past);
  }

  #step(from, to) {
    to.push(this.#current);
    return (this.#current = from.pop());
  }
}
