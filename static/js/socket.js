// The page's websocket. Follows the topic in <body data-topic> and tells the page by two events on document:
//   quartet:pulse  detail = the pulse (apps/console/pulse.py)
//   quartet:link   detail = "open", "lost" (trying again) or "refused" (signed out)
(() => {
  const SIGNED_OUT = 4401;
  const SILENCE = 15_000; // ms without a pulse after which a connection is taken for dead
  const LONGEST_PAUSE = 5_000; // ms
  const topic = document.body.dataset.topic;
  let socket, silence, retry, pause = 500;

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  function connect() {
    clearTimeout(retry);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/live/`);
    socket.onopen = () => socket.send(JSON.stringify({ subscribe: topic }));
    socket.onmessage = receive;
    socket.onclose = (event) => closed(event.code);
    listen();
  }

  function listen() {
    clearTimeout(silence);
    silence = setTimeout(() => socket.close(), SILENCE);
  }

  function receive(event) {
    const message = JSON.parse(event.data);
    listen();
    if (message.subscribed) {
      pause = 500;
      tell("quartet:link", "open");
    } else if (message.topic) {
      tell("quartet:pulse", message);
    }
  }

  function closed(code) {
    clearTimeout(silence);
    if (code === SIGNED_OUT) return tell("quartet:link", "refused");
    tell("quartet:link", "lost");
    // Spread out, so that pages do not all come back in the same moment after a restart.
    retry = setTimeout(connect, pause * (0.5 + Math.random() / 2));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  function hurry() {
    if (document.hidden || socket.readyState !== WebSocket.CLOSED) return;
    connect();
  }

  document.addEventListener("visibilitychange", hurry);
  window.addEventListener("online", hurry);
  // Navigation closes the socket; that is no fault to show.
  window.addEventListener("pagehide", () => {
    socket.onclose = null;
    if (socket.readyState === WebSocket.OPEN) socket.close();
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
})();
