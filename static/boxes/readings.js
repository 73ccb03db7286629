// Reads boxes of an upload again: one request at a time, always with the newest boxes.

const PAUSE_MS = 150; // while a box is dragged
const RETRY_MS = 1000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Readings {
  #address;
  #onResult;
  #wanted = null;
  #running = false;

  // `onResult` gets the boxes and their digits, or the boxes and an error's text, "" if offline.
  constructor(address, onResult) {
    this.#address = address;
    this.#onResult = onResult;
  }

  request(boxes) {
    this.#wanted = boxes;
    this.#run();
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    while (this.#wanted) {
      await pause(PAUSE_MS);
      const boxes = this.#wanted;
      this.#wanted = null;
      if (boxes.length) await this.#read(boxes);
    }
    this.#running = false;
  }

  async #read(boxes) {
    const response = await this.#post(boxes).catch(() => null);
    if (response?.status === 429) {
      await pause(RETRY_MS);
      this.#wanted ??= boxes;
      return;
    }
    const json = await response?.json().catch(() => null);
    if (response?.ok && json) this.#onResult(boxes, json.digits, null);
    else this.#onResult(boxes, null, json?.detail ?? "");
  }

  #post(boxes) {
    const headers = { "Content-Type": "application/json" };
    return fetch(this.#address, { method: "POST", headers, body: JSON.stringify({ boxes }) });
  }
}
