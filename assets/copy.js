// Buttons that copy what their attribute data-copy holds.
"use strict";

(() => {
  const SAID_FOR_MS = 2000;

  // The clipboard is for pages that come by https or from this machine; for all others there is the older way.
  async function copy(words) {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(words);
      return;
    }
    const field = document.createElement("textarea");
    field.value = words;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    if (!isCopied) throw new Error("the browser does not copy");
  }

  function say(button, words) {
    if (button.dataset.said) return;
    const before = button.textContent;
    button.dataset.said = "yes";
    button.textContent = words;
    window.dash_clientside.set_props("copied", { children: words });
    setTimeout(() => {
      delete button.dataset.said;
      button.textContent = before;
      window.dash_clientside.set_props("copied", { children: "" });
    }, SAID_FOR_MS);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (!button) return;
    try {
      await copy(button.dataset.copy);
      say(button, "Copied");
    } catch {
      // What cannot be copied is shown, to be selected by hand.
      button.previousElementSibling.textContent = button.dataset.copy;
      button.hidden = true;
    }
  });
})();
