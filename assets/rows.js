// Buttons in rows (layouts/buttons.py): a click sets a store to what the button says, or asks first whether to delete.
"use strict";

(() => {
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  let clicks = 0;

  function tell(button) {
    clicks += 1;
    setProps(button.dataset.store, { data: { ...JSON.parse(button.dataset.says), click: clicks } });
  }

  function askToDelete(button) {
    setProps("delete-question", { children: button.dataset.question });
    setProps("delete-warning", { children: button.dataset.warning });
    document.getElementById("delete-dialog").showModal();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.dataset.store) tell(button);
    if (button.dataset.question) askToDelete(button);
    if (button.id === "delete-cancel" || button.id === "delete-confirm") document.getElementById("delete-dialog").close();
  });
})();
