// Sends the form without leaving the page, so that nothing is lost if that fails.

// Resolves to the address of the result. Throws an error whose message explains the failure.
export async function sendFiles(form, files) {
  const body = new FormData(form);
  body.delete("image");
  for (const file of files) body.append("image", file);
  const headers = { Accept: "application/json" };
  const response = await fetch(form.action, { method: "POST", headers, body }).catch(() => null);
  const json = await response?.json().catch(() => null);
  if (response?.ok && json) return json.location;
  throw new Error(json?.detail ?? explain(response, form.dataset));
}

function explain(response, texts) {
  if (!response) return texts.unreachable;
  return { 403: texts.expired, 413: texts.allTooLarge, 429: texts.throttled }[response.status] ?? texts.failed;
}
