// Keeps "12 min ago" true while the page stays open; apps/console/figures.py says the same.
(() => {
  function ago(seconds) {
    if (seconds < 10) return "just now";
    if (seconds < 60) return `${Math.round(seconds)} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} d ago`;
  }

  function update() {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const words = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== words) time.textContent = words;
    }
  }

  setInterval(update, 10_000);
  document.addEventListener("quartet:refreshed", update);
})();
