// The series of the page, from <script id="series"> (apps/monitoring/rules/series.py), kept present by pulses and renewed
// with each fetched fragment. Tells them by the event quartet:series on document.
(() => {
  const STEP = 10; // seconds a window
  let data = JSON.parse(document.getElementById("series").textContent);

  const tell = () => document.dispatchEvent(new CustomEvent("quartet:series", { detail: data }));

  document.addEventListener("quartet:data", ({ detail }) => {
    if (detail.id !== "series") return;
    data = detail.data;
    tell();
  });
  document.addEventListener("quartet:pulse", ({ detail: pulse }) => {
    if (!pulse.numbers) return;
    extend(pulse.at, pulse.numbers);
    tell();
  });
  document.addEventListener("DOMContentLoaded", tell);

  // Puts the present numbers into the window that `at` falls in, after empty ones where pulses were missed.
  function extend(at, numbers) {
    const start = Math.floor(at / STEP) * STEP, length = data.at.length;
    while (data.at[length - 1] < start) shift();
    if (data.at[length - 1] !== start) return;
    for (const name of ["p50", "p95", "p99", "failed", "refused"]) data[name][length - 1] = numbers[name];
    for (const group of ["rates", "inputs"]) {
      for (const key of Object.keys(numbers[group])) data[group][key] ??= Array(length).fill(null);
      const none = numbers.rate === null ? null : 0;
      for (const [key, line] of Object.entries(data[group])) line[length - 1] = numbers[group][key] ?? none;
    }
  }

  function shift() {
    data.at.push(data.at.at(-1) + STEP);
    data.at.shift();
    const lines = [data.p50, data.p95, data.p99, data.failed, data.refused];
    for (const line of [...lines, ...Object.values(data.rates), ...Object.values(data.inputs)]) {
      line.push(null);
      line.shift();
    }
  }
})();
