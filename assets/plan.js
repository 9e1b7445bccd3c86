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

  function tell(plan, name, spot) {
    moves += 1;
    window.dash_clientside.set_props("plan-moved", { data: { number: Number(plan.dataset.plan), sensor: name, ...spot, move: moves } });
  }

  document.addEventListener("pointerdown", (event) => {
    const sensor = event.target.closest?.(".plan[data-plan] .plan-sensor");
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
    clearTimeout(telling);
    telling = setTimeout(() => tell(sensor.closest(".plan"), sensor.dataset.sensor, spot), KEYS_REST_MS);
  });

  document.addEventListener("click", (event) => {
    const plan = event.target.closest?.(".plan[data-plan]");
    if (plan && event.target.tagName === "IMG") tell(plan, null, spotOf(plan, event));
  });
})();
