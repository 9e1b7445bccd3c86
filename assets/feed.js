// The live feed of the box (docs/feed.md): tells when there is something new, and when it can no longer be heard.
"use strict";

window.feed = (() => {
  const FIRST_PAUSE_MS = 1000;
  const LONGEST_PAUSE_MS = 60000;
  const LOST_AFTER_HEARTBEATS = 2.5; // two may be missed, and the third be a little late

  let socket = null;
  let cursor = null; // where the feed was when it was last heard
  let isHeard = false;
  let heardAt = 0; // by the wall clock: the monotonic one of a phone stands still while it sleeps
  let heartbeatMs = 20000;
  let pauseMs = FIRST_PAUSE_MS;
  let mayOpenAt = 0;
  let listener = null;

  // Opens the feed, unless it is open or failed just now. To be called when the box has answered: a browser complains
  // aloud about a socket that it cannot open.
  function keepOpen(path, toTell) {
    if (!path || socket || Date.now() < mayOpenAt) return;
    listener = toTell;
    const address = new URL(path, window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    if (cursor !== null) address.searchParams.set("cursor", cursor);
    socket = new WebSocket(address);
    socket.onmessage = (message) => hear(JSON.parse(message.data));
    socket.onclose = lose;
  }

  function hear(event) {
    const isBack = event.type === "hello" && cursor !== null;
    heardAt = Date.now();
    cursor = event.cursor;
    if (event.type === "hello") {
      isHeard = true;
      pauseMs = FIRST_PAUSE_MS;
      heartbeatMs = event.heartbeat_seconds * 1000;
      listener.onOpen();
    }
    if (isBack || !["hello", "heartbeat"].includes(event.type)) listener.onNews(event);
  }

  function lose() {
    const wasHeard = isHeard;
    socket.onmessage = socket.onclose = null;
    socket = null;
    isHeard = false;
    mayOpenAt = Date.now() + pauseMs;
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    if (wasHeard) listener.onLost();
  }

  // Gives up a socket from which no heartbeat comes: nobody else says so when the network has gone away.
  function check() {
    if (!isHeard || Date.now() - heardAt < LOST_AFTER_HEARTBEATS * heartbeatMs) return;
    socket.close();
    lose();
  }

  return { keepOpen, check, isOpen: () => isHeard };
})();
