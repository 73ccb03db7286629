// Live answers: one request at a time, always with the latest version of a picture.
// A subject is {getPicture(), answer, problem, note}.

const INTERVAL_MS = 100; // leaves room in the rate limit for sending
const RETRY_S = 2;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Previews {
  #address;
  #onResult;
  #onBusy;
  #queue = new Set();
  #running = false;

  constructor(address, onResult, onBusy) {
    this.#address = address;
    this.#onResult = onResult;
    this.#onBusy = onBusy;
  }

  request(subject) {
    subject.cancelled = false;
    this.#queue.add(subject);
    this.#run();
  }

  cancel(subject) {
    subject.cancelled = true;
    this.#queue.delete(subject);
  }

  async #run() {
    if (this.#running) return;
    this.#onBusy((this.#running = true));
    for (const subject of this.#queue) {
      this.#queue.delete(subject);
      const interval = pause(INTERVAL_MS);
      const seconds = await this.#preview(subject);
      await (seconds ? pause(1000 * seconds) : interval);
    }
    this.#onBusy((this.#running = false));
  }

  // Resolves to the seconds to wait before the next request, if the site is busy.
  async #preview(subject) {
    const response = await this.#post(subject).catch(() => null);
    const busy = response?.status === 429;
    if (!subject.cancelled) {
      if (busy) this.#queue.add(subject);
      this.#onResult(subject, busy ? { note: "busy" } : await readResult(response));
    }
    return busy ? Number(response.headers.get("Retry-After")) || RETRY_S : 0;
  }

  async #post(subject) {
    const body = new FormData();
    body.append("image", await subject.getPicture(), "picture");
    return fetch(this.#address, { method: "POST", body });
  }
}

// A 4xx is a problem of the picture. Other errors leave the last answer in place, with a note.
async function readResult(response) {
  const json = await response?.json().catch(() => null);
  if (response?.ok && json) return { answer: json };
  const isProblem = response?.status >= 400 && response.status < 500 && json?.detail;
  return isProblem ? { problem: json.detail } : { note: "offline" };
}
