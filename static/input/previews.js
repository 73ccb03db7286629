// Live answers: one request at a time, always with the latest version of a picture.
// Everybody behind one address shares its rate limit, so a page asks less often while it is reached:
// half as often after each refusal, and a little more often after each answer.
// A subject is {getPicture(), answer, problem, note}.

const MIN_INTERVAL_MS = 100; // between two requests; leaves room in the rate limit for sending
const MAX_INTERVAL_MS = 1500; // before chance varies it
const SLOWER = 2;
const FASTER = 0.95;
const ABANDON_AFTER_MS = 10_000; // a lost connection may leave a request without an end

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Previews {
  #address;
  #onResult;
  #onBusy;
  #queue = new Set();
  #running = false;
  #interval = MIN_INTERVAL_MS;

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
      const started = pause(this.#vary(this.#interval));
      const isRefused = await this.#preview(subject);
      await (isRefused ? pause(this.#vary(this.#interval)) : started);
    }
    this.#onBusy((this.#running = false));
  }

  // Pages that ask in step would always be refused together.
  #vary(ms) {
    return ms * (0.5 + Math.random());
  }

  // Resolves to whether the site refused the request because of too many.
  async #preview(subject) {
    const response = await this.#post(subject).catch(() => null);
    const isRefused = response?.status === 429;
    if (isRefused) this.#interval = Math.min(this.#interval * SLOWER, MAX_INTERVAL_MS);
    else if (response?.ok) this.#interval = Math.max(this.#interval * FASTER, MIN_INTERVAL_MS);
    if (!subject.cancelled) {
      if (isRefused) this.#queue.add(subject);
      this.#onResult(subject, isRefused ? { note: "busy" } : await readResult(response));
    }
    return isRefused;
  }

  async #post(subject) {
    const body = new FormData();
    body.append("image", await subject.getPicture(), "picture");
    return fetch(this.#address, { method: "POST", body, signal: AbortSignal.timeout(ABANDON_AFTER_MS) });
  }
}

// A 4xx is a problem of the picture. Other errors leave the last answer in place, with a note.
async function readResult(response) {
  const json = await response?.json().catch(() => null);
  if (response?.ok && json) return { answer: json };
  const isProblem = response?.status >= 400 && response.status < 500 && json?.detail;
  return isProblem ? { problem: json.detail } : { note: "offline" };
}
