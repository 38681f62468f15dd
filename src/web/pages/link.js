// SPDX-License-Identifier: MIT
// A link that reproduces the form. The values stand behind "#", which no browser sends to a server.

// Every field whose text is not what it is at first.
export function write(fields) {
  const changed = fields.filter((field) => field.text !== field.initial);
  return "#" + new URLSearchParams(changed.map((field) => [field.name, field.text]));
}

// What the address has for the fields, by name; null when it has nothing.
export function read(fields) {
  const texts = new URLSearchParams(location.hash.slice(1));
  return fields.some((field) => texts.has(field.name)) ? texts : null;
}

// Puts the link into the address bar and, where the browser lets us, on the clipboard; what happened, in words.
export async function share(fields) {
  history.replaceState(null, "", write(fields));
  try {
    await navigator.clipboard.writeText(location.href);
    return "Link copied.";
  } catch {
    return "The link stands in the address bar.";
  }
}
