// Asks what a picture shows without its being kept: one request at a time, each picture as it is
// when its turn comes. What is asked about is a subject: {picture(), answer, problem, note}.

const EVERY_MS = 100; // below what one address may ask, so that drawing leaves room for sending
const AGAIN_S = 2;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Live {
  #address;
  #heard;
  #working;
  #waiting = new Set();
  #running = false;

  constructor(address, heard, working) {
    this.#address = address;
    this.#heard = heard;
    this.#working = working;
  }

  ask(subject) {
    subject.wanted = true;
    this.#waiting.add(subject);
    this.#run();
  }

  forget(subject) {
    subject.wanted = false;
    this.#waiting.delete(subject);
  }

  async #run() {
    if (this.#running) return;
    this.#working((this.#running = true));
    for (const subject of this.#waiting) {
      this.#waiting.delete(subject);
      const soon = pause(EVERY_MS);
      const seconds = await this.#once(subject);
      await (seconds ? pause(1000 * seconds) : soon);
    }
    this.#working((this.#running = false));
  }

  // Resolves to how many seconds to wait before the next, if the site asks for it.
  async #once(subject) {
    const response = await this.#post(subject).catch(() => null);
    const busy = response?.status === 429;
    if (subject.wanted && busy) this.#waiting.add(subject);
    if (subject.wanted) this.#heard(subject, busy ? { note: "busy" } : await told(response));
    return busy ? Number(response.headers.get("Retry-After")) || AGAIN_S : 0;
  }

  async #post(subject) {
    const body = new FormData();
    body.append("image", await subject.picture(), "picture");
    return fetch(this.#address, { method: "POST", body });
  }
}

// Of the picture itself there is an answer or a problem; all else is a note beside what is known.
async function told(response) {
  const json = await response?.json().catch(() => null);
  if (response?.ok && json) return { answer: json };
  const refused = response?.status >= 400 && response.status < 500 && json?.detail;
  return refused ? { problem: json.detail } : { note: "offline" };
}
