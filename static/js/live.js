// Live numbers, and how live they are: "live, 1 s behind", "reconnecting", "stopped at 14:03".
(() => {
  const LATE = 10; // seconds behind from which the numbers are called late
  const STOPPED = 6_000; // ms without a pulse after which they are called stopped
  const HOPELESS = 30_000; // ms of reconnecting after which they are called stopped too
  const mark = document.querySelector("[data-live]");
  const text = mark.querySelector("[data-live-text]");
  const said = document.querySelector("[data-live-said]");
  let link = "none", received = 0, behind = 0, lostAt = 0;

  document.addEventListener("quartet:pulse", ({ detail: pulse }) => {
    received = Date.now();
    behind = pulse.behind;
    for (const [key, value] of Object.entries(pulse.figures)) write(key, value);
    show();
  });
  document.addEventListener("quartet:link", ({ detail }) => {
    if (detail === "lost" && link !== "lost") lostAt = Date.now();
    link = detail;
    show();
  });
  setInterval(show, 1000);

  function write(key, value) {
    for (const element of document.querySelectorAll(`[data-figure="${CSS.escape(key)}"]`)) {
      if (element.textContent !== value) element.textContent = value;
    }
  }

  function show() {
    const [state, words] = present();
    if (!state) return;
    text.textContent = words;
    if (mark.dataset.state === state) return;
    mark.dataset.state = state;
    said.textContent = words; // spoken when the state changes, not every second
  }

  function present() {
    const now = Date.now();
    if (link === "refused") return ["stopped", "signed out"];
    if (link === "lost" && now - lostAt < HOPELESS) return ["reconnecting", "reconnecting"];
    if (!received) return link === "none" ? [] : ["reconnecting", "waiting for numbers"];
    if (link === "lost" || now - received > STOPPED) return ["stopped", `stopped at ${clock(received)}`];
    if (behind === null) return ["live", "live"];
    const seconds = Math.max(1, Math.round(behind + (now - received) / 1000));
    return [seconds > LATE ? "late" : "live", `live, ${seconds} s behind`];
  }

  const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
})();
