// The drawing and the pictures that are not sent yet. They survive a reload, in this tab only:
// strokes in the tab's session storage, and files, which are too large for it, in IndexedDB.

const KEY = "draft";
const STORE = "files";
const DAY_MS = 24 * 3600 * 1000;

export function saveDraft(strokes, files) {
  const draft = readSession();
  draft.strokes = strokes;
  writeSession(draft);
  return putFiles(draft.tab, files);
}

// Resolves to {strokes, files}.
export async function loadDraft() {
  const { tab, strokes } = readSession();
  return { strokes, files: await takeFiles(tab) };
}

export function clearDraft() {
  return saveDraft([], []);
}

function readSession() {
  try {
    const draft = JSON.parse(sessionStorage.getItem(KEY));
    if (draft) return draft;
  } catch {
    // No storage is allowed, or another program wrote there.
  }
  return { tab: `${Date.now()}-${Math.random()}`, strokes: [] };
}

function writeSession(draft) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // The storage is full or not allowed: the drawing does not survive a reload.
  }
}

let mayHaveFiles = true;

async function putFiles(tab, files) {
  if (!files.length && !mayHaveFiles) return;
  mayHaveFiles = files.length > 0;
  const store = await openStore("readwrite");
  if (!store) return;
  if (files.length) store.put({ files, savedAt: Date.now() }, tab);
  else store.delete(tab);
}

// Resolves to the tab's files. Deletes those of tabs that were closed long ago.
async function takeFiles(tab) {
  const store = await openStore("readwrite");
  if (!store) return [];
  const cursor = store.openCursor();
  cursor.onsuccess = () => {
    const entry = cursor.result;
    if (!entry) return;
    if (entry.value.savedAt < Date.now() - DAY_MS) entry.delete();
    entry.continue();
  };
  const saved = await wait(store.get(tab));
  return saved?.files ?? [];
}

async function openStore(mode) {
  try {
    const request = indexedDB.open("mnistsite", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    const database = await wait(request);
    const transaction = database.transaction(STORE, mode);
    transaction.oncomplete = () => database.close();
    return transaction.objectStore(STORE);
  } catch {
    return null; // private windows of some browsers allow no database
  }
}

function wait(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}
