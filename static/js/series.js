// The series of the page, from <script id="series"> (apps/monitoring/rules/series.py), kept present by pulses and renewed
// with each fetched fragment. Tells them by the event quartet:series on document.
(() => {
  // As apps/monitoring/rules/figures.py has them.
  const SINGLE = ["p50", "p95", "p99", "failed", "refused"];
  const RATES = ["rates", "inputs", "reasons"]; // without a value: none
  const OTHERS = ["stages", "queues", "batches", "confidence"]; // without a value: unknown
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
    const start = Math.floor(at / data.step) * data.step, length = data.at.length;
    while (data.at[length - 1] < start) shift();
    if (data.at[length - 1] !== start) return;
    for (const name of SINGLE) data[name][length - 1] = numbers[name];
    for (const group of [...RATES, ...OTHERS]) {
      for (const key of Object.keys(numbers[group])) data[group][key] ??= Array(length).fill(null);
      const none = RATES.includes(group) && numbers.rate !== null ? 0 : null;
      for (const [key, line] of Object.entries(data[group])) line[length - 1] = numbers[group][key] ?? none;
    }
  }

  function shift() {
    data.at.push(data.at.at(-1) + data.step);
    data.at.shift();
    const groups = [...RATES, ...OTHERS].flatMap((group) => Object.values(data[group]));
    for (const line of [...SINGLE.map((name) => data[name]), ...groups]) {
      line.push(null);
      line.shift();
    }
  }
})();
