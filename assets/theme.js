// Loaded in the head, before anything is drawn: the theme chosen here before, else the one the system asks for.
"use strict";

window.theme = (() => {
  const asked = window.matchMedia("(prefers-color-scheme: dark)");

  // Storage may be forbidden (a private window): the choice then lasts as long as the page.
  let chosen = null;
  try {
    chosen = window.localStorage.getItem("theme");
  } catch {
    chosen = null;
  }

  const inForce = () => chosen ?? (asked.matches ? "dark" : "light");

  const apply = () => {
    document.documentElement.dataset.theme = inForce();
    return inForce();
  };

  const toggle = () => {
    chosen = inForce() === "dark" ? "light" : "dark";
    try {
      window.localStorage.setItem("theme", chosen);
    } catch {
      // As above: it lasts as long as the page.
    }
    return apply();
  };

  apply();
  return { apply, toggle, asked };
})();
