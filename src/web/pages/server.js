// SPDX-License-Identifier: MIT
// Talks to the daemon, with the key of this tab where keys are asked.
import { askKey, storedKey } from "./key.js";

// Which loan book the page is for: ?portfolio=NAME, else that of the root.
export const chosen = new URLSearchParams(location.search).get("portfolio");

// Where that loan book has a path of the root's.
export const at = (path) => (chosen === null ? path : `/portfolios/${encodeURIComponent(chosen)}${path}`);

// An answer that is none: `status` 0 when there was no answer at all, `body` what came (JSON or null).
export class Refusal extends Error {
  constructor(status, body, message) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

const OWN_WORDS = {
  0: "The service cannot be reached.",
  429: "Too many requests: please wait a moment.",
};

async function makeRefusal(answer) {
  const body = await answer.json().catch(() => null);
  const said = typeof body?.detail === "string" ? body.detail : `The service answered ${answer.status}.`;
  return new Refusal(answer.status, body, OWN_WORDS[answer.status] ?? said);
}

async function send(path, options) {
  const key = storedKey();
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  try {
    return await fetch(path, { ...options, headers });
  } catch {
    throw new Refusal(0, null, OWN_WORDS[0]);
  }
}

// The answer when it is a good one; a Refusal is thrown otherwise. Asks for a key as long as one is missing.
export async function ask(path, options = {}) {
  for (;;) {
    const answer = await send(path, options);
    if (answer.ok) return answer;
    const refusal = await makeRefusal(answer);
    if ((answer.status !== 401 && answer.status !== 403) || !(await askKey(refusal.message))) throw refusal;
  }
}

export const askJson = async (path) => (await ask(path)).json();

export async function postJson(path, value) {
  const answer = await ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(value),
  });
  return answer.json();
}
