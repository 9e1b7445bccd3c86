// Sensors on a floor plan (layouts/plans.py): dragged, moved by the arrow keys, or placed by a click on the plan.
"use strict";

(() => {
  const STEP = 1; // per cent; with the shift key
  const LARGE_STEP = 5;
  const KEYS_REST_MS = 500; // a sensor that is moved by keys is told when they rest
  const IS_A_DRAG_PX = 3;
  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  let drag = null;
  let telling = null;
  let untold = null; // a move by keys that is not told yet: the plan may be drawn anew meanwhile
  let focused = null; // name of the sensor that keys move
  let moves = 0;

  const within = (value) => Math.round(Math.min(100, Math.max(0, value)) * 10) / 10;

  function spotOf(plan, event) {
    const frame = plan.getBoundingClientRect();
    return { x: within(((event.clientX - frame.left) / frame.width) * 100), y: within(((event.clientY - frame.top) / frame.height) * 100) };
  }

  function move(sensor, spot) {
    sensor.style.left = `${spot.x}%`;
    sensor.style.top = `${spot.y}%`;
  }

  function sensorNamed(name) {
    return document.querySelector(`.plan[data-plan] .plan-sensor[data-sensor="${CSS.escape(name)}"]`);
  }

  function tell(plan, name, spot) {
    moves += 1;
    window.dash_clientside.set_props("plan-moved", { data: { number: Number(plan.dataset.plan), sensor: name, ...spot, move: moves } });
  }

  document.addEventListener("pointerdown", (event) => {
    const sensor = event.target.closest?.(".plan[data-plan] .plan-sensor");
    if (!sensor) focused = null;
    if (!sensor || event.button !== 0) return;
    drag = { sensor, plan: sensor.closest(".plan"), fromX: event.clientX, fromY: event.clientY, spot: null };
    sensor.setPointerCapture(event.pointerId);
  });

  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (!drag.spot && Math.hypot(event.clientX - drag.fromX, event.clientY - drag.fromY) < IS_A_DRAG_PX) return;
    drag.spot = spotOf(drag.plan, event);
    move(drag.sensor, drag.spot);
  });

  document.addEventListener("pointerup", () => {
    if (drag?.spot) tell(drag.plan, drag.sensor.dataset.sensor, drag.spot);
    drag = null;
  });

  document.addEventListener("pointercancel", () => {
    drag = null;
  });

  document.addEventListener("keydown", (event) => {
    const sensor = event.target.closest?.(".plan[data-plan] .plan-sensor");
    if (!sensor || !KEYS[event.key]) return;
    event.preventDefault();
    const [toRight, down] = KEYS[event.key];
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const spot = { x: within(parseFloat(sensor.style.left) + toRight * step), y: within(parseFloat(sensor.style.top) + down * step) };
    move(sensor, spot);
    const [plan, name] = [sensor.closest(".plan"), sensor.dataset.sensor];
    untold = { name, spot };
    clearTimeout(telling);
    telling = setTimeout(() => {
      untold = null;
      tell(plan, name, spot);
    }, KEYS_REST_MS);
  });

  document.addEventListener("focusin", (event) => {
    focused = event.target.closest?.(".plan-sensor")?.dataset.sensor ?? null;
  });

  // A plan that is drawn anew has other buttons: the one in use keeps the focus, and a move that is not told its place.
  new MutationObserver(() => {
    if (focused && document.activeElement === document.body) sensorNamed(focused)?.focus({ preventScroll: true });
    const moved = untold && sensorNamed(untold.name);
    if (moved) move(moved, untold.spot);
  }).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener("click", (event) => {
    const plan = event.target.closest?.(".plan[data-plan]");
    if (plan && event.target.tagName === "IMG") tell(plan, null, spotOf(plan, event));
  });
})();
