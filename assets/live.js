// What the page does by itself: it listens to the live feed, asks now and then what the box does (every other second where
// the feed cannot be heard), and says when the box does not answer.
"use strict";

(() => {
  const ASK_EVERY_MS = 2000;
  // With the feed it is asked for what the feed does not tell: whether the box is scanning, and whether it answers.
  const ASK_ANYWAY_AFTER_MS = 20000;
  const ASK_WHILE_SCANNING_MS = 5000;
  const ASK_AFTER_NEWS_MS = 1000;
  const REFRESH_AT_MOST_EVERY_MS = 5000; // a hub of a hundred sensors has news twice a second
  const TELL_AT_MOST_EVERY_MS = 1000;
  const GIVE_UP_AFTER_MS = 6000; // a Pi that is busy answers in well under a second
  const RETRY_TROUBLE_MS = 5000;
  const LATE_AFTER_INTERVALS = 3;

  const TITLE = "Wi-Fi and Bluetooth Tracking";
  const VIEWS_OF_ONE_SENSOR = ["overview", "devices"];
  const VIEWS = {
    "/": "overview", "/people": "people", "/devices": "devices", "/tags": "tags", "/alerts": "alerts", "/sensors": "sensors",
    "/settings": "settings", "/about": "about",
  };
  const A_TAG = /^\/tags\/[0-9]+$/;

  let lastAnswer = null; // what the box said last
  let answeredAt = 0; // when, by this browser's monotonic clock: its wall clock may differ from the box's
  let lastScan = null;
  let scansShown = null;
  let isLost = false;
  let troubledSince = null;
  let nextAsking = null;
  let nextRefresh = null;
  let refreshedAt = -Infinity;
  const nextTelling = {};
  const toldAt = {};
  let isStale = false; // news came while nobody looked
  let mayHaveMissed = false; // the feed was opened just now, and what came before the opening was not heard

  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const byId = (id) => document.getElementById(id);

  // ---- asking the box --------------------------------------------------------------------------------------------

  async function ask() {
    try {
      const response = await fetch("/_activity", { cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_AFTER_MS) });
      if (!response.ok) throw new Error(`the box answered ${response.status}`);
      take(await response.json());
    } catch {
      lose();
    }
    askIn(pauseBeforeAsking());
  }

  function askIn(pauseMs) {
    clearTimeout(nextAsking);
    nextAsking = setTimeout(ask, pauseMs);
  }

  function pauseBeforeAsking() {
    if (isLost || !window.feed.isOpen() || isTroubled()) return ASK_EVERY_MS;
    if (lastAnswer.phase !== "waiting") return ASK_WHILE_SCANNING_MS;
    if (lastAnswer.next_scan_seconds === null) return ASK_ANYWAY_AFTER_MS;
    return Math.min(lastAnswer.next_scan_seconds * 1000 + ASK_AFTER_NEWS_MS, ASK_ANYWAY_AFTER_MS);
  }

  function take(answer) {
    const hadLost = isLost;
    lastAnswer = answer;
    answeredAt = performance.now();
    if (hadLost) {
      isLost = false;
      setProps("connection-lost", { hidden: true });
    }
    document.title = answer.phase === "scanning" ? "Scanning..." : TITLE;
    const isNew = scansShown !== null && answer.scan_count !== scansShown;
    const isTold = window.feed.isOpen() && !mayHaveMissed;
    if ((isNew && !isTold) || hadLost || troubleIsDue()) refresh(answer.scan_count);
    scansShown = answer.scan_count;
    mayHaveMissed = false;
    window.feed.keepOpen(answer.feed_path, { onOpen, onNews, onLost: ask });
    tell();
  }

  function lose() {
    if (isLost) return;
    isLost = true;
    lastAnswer = null;
    setProps("connection-lost", { hidden: false });
    tell();
  }

  // The store is an input of all that is drawn from data; Dash fires it even when the number is the same.
  function refresh(scanCount) {
    clearTimeout(nextRefresh);
    nextRefresh = null;
    isStale = false;
    refreshedAt = performance.now();
    setProps("scans-finished", { data: scanCount });
  }

  // ---- listening to the feed -------------------------------------------------------------------------------------

  function onOpen() {
    mayHaveMissed = true;
    askIn(0);
  }

  function onNews({ type }) {
    if (document.hidden) {
      isStale = true;
      return;
    }
    if (type === "tag" || type === "alert") {
      tellNewsOf(`${type}s-told`);
      return;
    }
    nextRefresh ??= setTimeout(() => {
      refresh(scansShown);
      if (lastAnswer && (lastAnswer.phase !== "waiting" || lastAnswer.next_scan_seconds !== null)) askIn(ASK_AFTER_NEWS_MS);
    }, Math.max(0, refreshedAt + REFRESH_AT_MOST_EVERY_MS - performance.now()));
  }

  // Views of tags and alerts read these alone, at once and then once a second: a carried tag is told about each second.
  function tellNewsOf(store) {
    nextTelling[store] ??= setTimeout(() => {
      nextTelling[store] = null;
      toldAt[store] = performance.now();
      setProps(store, { data: toldAt[store] });
    }, Math.max(0, (toldAt[store] ?? -Infinity) + TELL_AT_MOST_EVERY_MS - performance.now()));
  }

  // A phone that wakes up may have been cut off without being told.
  function wakeUp() {
    if (document.hidden) return;
    window.feed.check();
    if (isStale) refresh(scansShown);
    ask();
  }

  // ---- troubles --------------------------------------------------------------------------------------------------

  function isTroubled() {
    return document.querySelector(".rereads:not([hidden])") !== null;
  }

  function troubleIsDue() {
    if (!isTroubled()) {
      troubledSince = null;
      return false;
    }
    troubledSince ??= performance.now();
    if (performance.now() - troubledSince < RETRY_TROUBLE_MS) return false;
    troubledSince = null;
    return true;
  }

  // ---- the line that counts seconds ------------------------------------------------------------------------------

  function tell() {
    write("phase", phaseWords());
    const { words, isLate } = ageWords();
    write("scan-age", words);
    byId("scan-age")?.classList.toggle("late", isLate);
    const phase = byId("phase");
    if (phase) phase.dataset.phase = lastAnswer ? lastAnswer.phase : "lost";
  }

  function write(id, words) {
    const element = byId(id);
    if (element && element.textContent !== words) element.textContent = words;
  }

  function secondsSinceAnswer() {
    return (performance.now() - answeredAt) / 1000;
  }

  function phaseWords() {
    if (isLost) return "No connection";
    if (!lastAnswer || lastAnswer.phase === "starting") return "Starting…";
    if (lastAnswer.phase === "scanning") return "Listening…";
    if (lastAnswer.next_scan_seconds === null) return "Waiting";
    const left = Math.max(0, Math.round(lastAnswer.next_scan_seconds - secondsSinceAnswer()));
    return `Next scan in ${left} s`;
  }

  function ageWords() {
    if (!lastScan || lastScan.at_seconds === null || !lastAnswer) return { words: "", isLate: false };
    const age = Math.max(0, lastAnswer.now_seconds + secondsSinceAnswer() - lastScan.at_seconds);
    const isLate = age > LATE_AFTER_INTERVALS * lastScan.interval_seconds;
    return { words: `Last scan ${span(age)} ago${isLate ? ": scans are late" : ""}`, isLate };
  }

  function span(seconds) {
    if (seconds < 120) return `${Math.round(seconds)} s`;
    if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
    return `${Math.round(seconds / 86400)} days`;
  }

  // ---- what Dash calls -------------------------------------------------------------------------------------------

  // A machine that follows no tags has no views of them.
  function showView(path) {
    const asked = A_TAG.test(path) ? "tag" : VIEWS[path];
    const view = byId(`view-${asked}`) ? asked : "missing";
    const link = view === "tag" ? "tags" : view;
    return window.dash_clientside.callback_context.outputs_list.map(({ id }) => {
      if (id.startsWith("view-")) return id !== `view-${view}`;
      if (id.startsWith("link-")) return id === `link-${link}` ? "page" : null;
      return !VIEWS_OF_ONE_SENSOR.includes(view);
    });
  }

  function themeInForce(clicks) {
    const theme = clicks ? window.theme.toggle() : window.theme.apply();
    return [theme, String(theme === "dark")];
  }

  function flipSwitch(_clicks, isOn) {
    return !isOn;
  }

  function asWords(isOn) {
    return String(isOn);
  }

  // The ids are those of layouts/ranges.py: the choice follows the last dash.
  function chooseRange() {
    return window.dash_clientside.callback_context.triggered_id.split("-").pop();
  }

  function pressRange(choice) {
    const buttons = window.dash_clientside.callback_context.outputs_list;
    return buttons.map((button) => String(button.id.split("-").pop() === choice));
  }

  // After Dash has drawn the options. A sensor that is gone shows as all of them, as the server takes it.
  function showSensor(name) {
    requestAnimationFrame(() => {
      const picker = byId("sensor-picker");
      picker.value = name;
      if (picker.selectedIndex < 0) picker.value = "";
    });
  }

  function noteScansShown(scanCount) {
    scansShown = scanCount;
  }

  function noteLastScan(scan) {
    lastScan = scan;
    tell();
  }

  function askReset() {
    byId("reset-dialog").showModal();
  }

  function closeReset() {
    byId("reset-dialog").close();
  }

  // The id of a button "Revoke" names its key, as layouts/keys.py made it. Buttons that just appeared are no clicks.
  function askRevoke(clicks) {
    const { triggered, triggered_id: button } = window.dash_clientside.callback_context;
    if (!clicks.some(Boolean) || !triggered[0].value) return [window.dash_clientside.no_update, window.dash_clientside.no_update];
    byId("revoke-dialog").showModal();
    return [button.key, `Revoke the key “${button.name}”?`];
  }

  function closeRevoke() {
    byId("revoke-dialog").close();
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.live = {
    showView, themeInForce, flipSwitch, asWords, chooseRange, pressRange, showSensor, noteScansShown, noteLastScan, askReset,
    closeReset, askRevoke, closeRevoke,
  };

  // ---- start -----------------------------------------------------------------------------------------------------

  window.theme.asked.addEventListener("change", () => {
    const theme = window.theme.apply();
    setProps("theme", { data: theme });
    setProps("theme-toggle", { "aria-pressed": String(theme === "dark") });
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "sensor-picker") setProps("sensor", { data: event.target.value });
  });

  // The page is drawn by Dash: asking begins when its places are there.
  const drawn = setInterval(() => {
    if (!byId("phase")) return;
    clearInterval(drawn);
    ask();
    document.addEventListener("visibilitychange", wakeUp);
    window.addEventListener("online", wakeUp);
    setInterval(() => {
      window.feed.check();
      tell();
    }, 1000);
  }, 50);
})();
