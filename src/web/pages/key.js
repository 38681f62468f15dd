// SPDX-License-Identifier: MIT
// The key that the daemon asks for where auth.mode is key. It stays in this tab and is gone with it.
import { element } from "./dom.js";

const SLOT = "creditrisk.key";
let asking = null; // one dialogue for all requests that wait

export const storedKey = () => sessionStorage.getItem(SLOT);

function open(reason, done) {
  const input = element("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true,
    pattern: "\\s*[\\x21-\\x7e]+\\s*", title: "Letters, digits and marks: no header carries anything else" });
  const dialog = element("dialog", { class: "card dialog", "aria-labelledby": "key-title" },
    element("form", { onsubmit: submit },
      element("h2", { id: "key-title" }, "This service asks for a key"),
      element("p", {}, `${reason}. A key looks like id.secret; this tab keeps it until it is closed.`),
      element("label", { for: "key" }, "Key"),
      element("div", { class: "box" }, input),
      element("div", { class: "actions" },
        element("button", { class: "primary" }, "Use this key"),
        element("button", { type: "button", onclick: () => dialog.close() }, "Cancel"))));

  function submit(event) {
    event.preventDefault();
    sessionStorage.setItem(SLOT, input.value.trim());
    dialog.close("given");
  }

  dialog.addEventListener("close", () => {
    dialog.remove();
    done(dialog.returnValue === "given");
  });
  document.body.append(dialog);
  dialog.showModal();
}

// Whether the user gave another key.
export function askKey(reason) {
  asking ??= new Promise((resolve) => open(reason, resolve)).finally(() => {
    asking = null;
  });
  return asking;
}
