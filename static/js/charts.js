// The charts of a deployment: uPlot on what series.js tells and on <script id="judgement">
// (apps/console/selectors/accuracy.py), whose labels come late. All have one time axis and one cursor, but for accuracy
// where it is asked for over a longer time. Each [data-plot] names one of CHARTS; the [data-key] beside it shows the names
// and values of its lines.
(() => {
  const HEIGHT = 184;
  const TONES = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];

  // Labels of marks: characters of the longest, and rows that they may cover.
  const LONGEST = 20, ROWS = 2;
  const MARKS = { rollout: "--faint", drift: "--bad", labels: "--accent", retraining: "--ok" };

  const rate = (v) => (v > 0 && v < 9.95 ? v.toFixed(1) : Math.round(v).toLocaleString("en"));
  const round = (v) => (+v.toPrecision(3)).toLocaleString("en");
  const time = (v) => (v < 9.95 ? `${v.toFixed(1)} ms` : v < 999.5 ? `${Math.round(v)} ms` : `${(v / 1000).toFixed(2)} s`);
  const duration = (v) => (v < 1000 ? `${+v.toPrecision(3)} ms` : `${+(v / 1000).toPrecision(3)} s`);
  const percent = (v) => `${Math.round(v * 100)} %`;
  const share = (v) => `${(v * 100).toFixed(v < 0.09995 ? 2 : 1)} %`;

  // lines(data): [name, values, colour token, and what is said of a place where it is more than the value]; least: the
  // smallest top of the axis; most: its top; band(data): the upper and lower end of what surrounds the first line;
  // nothing: what is said to be missing where there is no line.
  const CHARTS = {
    throughput: { lines: (d) => revisions(d.rates), format: rate, axis: round, least: 1, stacked: true },
    latency: {
      lines: (d) => [["p50", d.p50, "--series-4"], ["p95", d.p95, "--series-1"], ["p99", d.p99, "--series-3"]],
      format: time, axis: duration, least: 10,
    },
    stages: { lines: (d) => named(d.stages), format: time, axis: duration, least: 1 },
    queues: { lines: (d) => named(d.queues), format: time, axis: duration, least: 1 },
    batches: { lines: (d) => named(d.batches), format: round, axis: round, least: 2 },
    confidence: {
      lines: (d) => [["p10", d.confidence.p10 ?? [], "--series-3"], ["p50", d.confidence.p50 ?? [], "--series-1"],
        ["p90", d.confidence.p90 ?? [], "--series-4"]],
      format: share, axis: percent, most: 1, nothing: "No confidences",
    },
    errors: {
      lines: (d) => [["failed", d.failed, "--bad"], ["refused", d.refused, "--faint"]],
      format: share, axis: (v) => `${+(v * 100).toPrecision(3)} %`, least: 0.01,
    },
    reasons: { lines: (d) => named(d.reasons), format: rate, axis: round, least: 1, nothing: "No errors" },
    senses: { lines: (d) => named(d.inputs), format: rate, axis: round, least: 1 },
    judged: {
      source: "judgement", most: 1, format: share, axis: percent,
      lines: (d) => [...d.revisions.map((each) => [revision(each.number), each.accuracy, tone(each.number), surely(each)]),
        ["label coverage", d.coverage, "--faint"]],
      band: ({ revisions: [first] }) => [first.high, first.low],
    },
  };

  // An accuracy is never told without its interval and n.
  const surely = ({ accuracy, low, high, labelled }) => (i) =>
    `${share(accuracy[i])} (${share(low[i])} to ${share(high[i])}, n ${labelled[i].toLocaleString("en")})`;

  // A revision keeps its colour however many others the hour has seen; 0 is what failed before one was chosen.
  const revisions = (rates) => Object.entries(rates).map(([number, line]) => number === "0"
    ? ["not routed", line, "--faint"] : [revision(number), line, tone(number)]);
  const revision = (number) => `revision ${number}`;
  const tone = (number) => TONES[(number - 1) % TONES.length];
  const named = (values) => Object.entries(values).map(([name, line], place) => [name, line, TONES[place % TONES.length]]);

  const told = {}; // source -> its data, the newest
  // What the axis and the marks are of: accuracy may have its own.
  const axis = (spec) => (told[spec.source].shared ? told.series : told[spec.source]);

  function Chart(element) {
    const spec = { source: "series", ...CHARTS[element.dataset.plot] };
    const key = document.querySelector(`[data-key="${element.dataset.plot}"]`);
    const title = document.getElementById(element.getAttribute("aria-labelledby")).textContent;
    let plot, lines, names;
    this.source = spec.source;

    this.build = () => {
      plot?.destroy();
      lines = spec.lines(told[spec.source]);
      names = lines.map(([name]) => name).join();
      const colours = lines.map(([, , token]) => colour(token));
      plot = new uPlot(options(spec, lines, colours, element.clientWidth, values), columns(spec, lines), element);
      legend(key, lines, colours);
      values();
    };

    this.update = () => {
      lines = spec.lines(told[spec.source]);
      if (lines.map(([name]) => name).join() !== names) return this.build();
      plot.setData(columns(spec, lines));
      values();
    };

    // The values under the cursor, or the last ones.
    function values() {
      if (!plot) return;
      const data = told[spec.source], at = plot.cursor.idx ?? data.at.length - 1;
      const texts = lines.map(([, line, , text]) => (line[at] == null ? "—" : text ? text(at) : spec.format(line[at])));
      key.querySelectorAll("b").forEach((cell, place) => { cell.textContent = texts[place]; });
      const said = lines.map(([name], place) => `${name} ${texts[place]}`).join(", ");
      element.setAttribute("aria-label", `${title} over ${data.over}. ${said || "No requests yet."}`);
      const nothing = !lines.some(([, line]) => line.some((value) => value != null));
      nothing ? element.dataset.empty = `${spec.nothing ?? "No requests"} in ${data.over}` : delete element.dataset.empty;
    }

    element.removeAttribute("aria-labelledby");
    element.addEventListener("keydown", (event) => walk(event, plot, told[spec.source]));
    element.addEventListener("blur", () => moveTo(plot, -10));
    new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT })).observe(element);
    this.build();
  }

  // Arrow keys move the cursor, as the mouse does.
  function walk(event, plot, data) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const index = Math.min(Math.max((plot.cursor.idx ?? data.at.length) + step, 0), data.at.length - 1);
    moveTo(plot, plot.valToPos(data.at[index], "x"));
  }

  // The two flags: tell the hooks of this chart, and the charts beside it.
  const moveTo = (plot, left) => plot.setCursor({ left, top: left < 0 ? left : 10 }, true, true);

  function columns(spec, lines) {
    const data = told[spec.source];
    if (!spec.stacked) return [data.at, ...lines.map(([, line]) => line), ...(spec.band?.(data) ?? [])];
    const total = data.at.map((_, i) => lines.reduce((sum, [, line]) => sum + (line[i] ?? 0), 0));
    const below = data.at.map(() => 0);
    // A revision without traffic has no line while others have: it would lie on theirs.
    const height = (value, i) => (value == null || (!value && total[i]) ? null : (below[i] += value));
    return [data.at, ...lines.map(([, line]) => line.map(height))];
  }

  function options(spec, lines, colours, width, moved) {
    const faint = colour("--faint"), grid = colour("--line"), font = `10.5px ${getComputedStyle(document.body).fontFamily}`;
    return {
      width, height: HEIGHT, padding: [8, 0, 0, 0], legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: axis(spec) === told.series ? "series" : spec.source, scales: ["x", null] }, points: { size: 6 } },
      scales: {
        x: { range: () => [begin(axis(spec)), axis(spec).at.at(-1)] },
        y: { range: (u, low, high) => (spec.most ? [0, spec.most] : top(high, spec.least)) },
      },
      axes: [
        { stroke: faint, font, grid: { show: false }, ticks: { show: false }, size: 20, gap: 4, space: 64, values: hours },
        { stroke: faint, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, side: 1, size: 50, gap: 6, space: 40,
          values: (u, ticks) => ticks.map(spec.axis) },
      ],
      bands: spec.band ? [{ series: [lines.length + 1, lines.length + 2], fill: faded(colours[0]) }] : [],
      series: [{}, ...lines.map(([name, , token], place) => ({
        label: name, stroke: colours[place], width: 1.6, dash: token === "--faint" ? [4, 3] : undefined,
        fill: spec.stacked ? faded(colours[place]) : undefined, points: { show: false, size: 3, filter: lonely },
      })), ...(spec.band ? [{ points: { show: false } }, { points: { show: false } }] : [])],
      hooks: { draw: [(u) => marks(u, axis(spec).marks)], setCursor: [moved] },
    };
  }

  // The whole time, or only its known end while there is little: at least 31 steps, of the hour five minutes.
  function begin(data) {
    const known = Object.values(data.rates ?? [data.coverage]).map((line) => line.findIndex((value) => value != null)).filter((i) => i >= 0);
    const first = known.length ? Math.min(...known) - 3 : 0;
    return data.at[Math.max(0, Math.min(first, data.at.length - 31))];
  }

  const top = (high, least) => [0, uPlot.rangeNum(0, Math.max(high ?? 0, least), 0.08, true)[1]];
  const hours = (u, ticks) => ticks.map((at) => {
    if (u.valToPos(at, "x") < 16) return ""; // its text would be cut off
    const date = new Date(at * 1000), days = u.scales.x.max - u.scales.x.min > 2 * 86_400;
    return days ? date.toLocaleDateString([], { day: "numeric", month: "short" })
      : date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  });

  // Points between two gaps, which a line would not show.
  function lonely(u, place) {
    const line = u.data[place];
    const alone = line.flatMap((v, i) => (v != null && line[i - 1] == null && line[i + 1] == null ? [i] : []));
    return alone.length ? alone : null;
  }

  // Rollouts, drift and retraining: a dashed line with a label. Labels that arrived: a tick on the axis; the list above says how many.
  function marks(u, all) {
    const { left, top: upper, width, height } = u.bbox, ratio = devicePixelRatio;
    const placed = all.map((mark) => ({ ...mark, x: Math.round(u.valToPos(mark.at, "x", true)) }));
    const seen = placed.filter(({ x }) => x >= left && x <= left + width);
    u.ctx.save();
    u.ctx.font = `${10.5 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    for (const { kind, x } of seen) {
      const tick = kind === "labels";
      u.ctx.strokeStyle = colour(MARKS[kind] ?? "--faint");
      u.ctx.setLineDash(tick ? [] : [3 * ratio, 3 * ratio]);
      u.ctx.lineWidth = (tick ? 2 : 1) * ratio;
      u.ctx.beginPath();
      u.ctx.moveTo(x, tick ? upper + height - 7 * ratio : upper);
      u.ctx.lineTo(x, upper + height);
      u.ctx.stroke();
    }
    // The labels lie on all lines, with an edge in the panel's colour so that none runs through their letters.
    u.ctx.setLineDash([]);
    u.ctx.strokeStyle = colour("--panel");
    u.ctx.lineWidth = 4 * ratio;
    u.ctx.lineJoin = "round";
    const rows = []; // where the last label of each row ends: labels that would lie on each other take another row
    for (const { kind, text: whole, x } of seen.filter((mark) => mark.kind !== "labels")) {
      const text = whole.length > LONGEST ? kind : whole; // the list above has it in full
      const long = u.ctx.measureText(text).width, gap = 4 * ratio;
      const from = x + gap + long > left + width ? x - gap - long : x + gap;
      const free = rows.findIndex((end) => end < from), row = free < 0 ? rows.length : free;
      if (row >= ROWS) continue; // no more of the chart is covered: its line is there, and the list above names it
      rows[row] = from + long + gap;
      u.ctx.fillStyle = colour(MARKS[kind] ?? "--faint");
      u.ctx.strokeText(text, from, upper + (10 + 13 * row) * ratio);
      u.ctx.fillText(text, from, upper + (10 + 13 * row) * ratio);
    }
    u.ctx.restore();
  }

  function legend(key, lines, colours) {
    key.replaceChildren(...lines.map(([name], place) => {
      const item = document.createElement("span"), swatch = document.createElement("i"), value = document.createElement("b");
      swatch.style.background = colours[place];
      item.append(swatch, name, value);
      return item;
    }));
  }

  // A colour token as the canvas needs it: resolved for the present theme.
  function colour(token) {
    const probe = document.createElement("i");
    probe.style.color = `var(${token})`;
    document.body.append(probe);
    const resolved = getComputedStyle(probe).color;
    probe.remove();
    return resolved;
  }

  const faded = (rgb) => rgb.replace("rgb(", "rgba(").replace(")", ", 0.12)");

  const charts = [];
  function tell(source, data) {
    told[source] = data;
    charts.filter((chart) => chart.source === source || told[chart.source]?.shared).forEach((chart) => chart.update());
  }

  document.addEventListener("quartet:data", ({ detail }) => {
    if (detail.id === "judgement") tell(detail.id, detail.data);
  });
  document.addEventListener("quartet:series", ({ detail }) => {
    tell("series", detail);
    if (charts.length) return;
    told.judgement = JSON.parse(document.getElementById("judgement")?.textContent ?? "null");
    charts.push(...[...document.querySelectorAll("[data-plot]")].map((element) => new Chart(element)));
  });
  document.addEventListener("quartet:theme", () => charts.forEach((chart) => chart.build()));
})();
