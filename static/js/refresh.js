// Fetches the page's fragment anew when its version has changed and after every (re)connection, and replaces the parts
// (`data-part`) that differ. What the reader holds - focus, selection, an open chart - stays where nothing changed.
(() => {
  const REST = 1_000; // ms between two fetches at least
  const AT_LEAST_EVERY = 60_000; // ms: sparklines and series move on even when no state changes
  let version = document.querySelector("[data-fragment]").dataset.version;
  let fetching = false, wanted = false, last = Date.now();
  const known = new Map(parts(document).map((part) => [part.dataset.part, written(part)]));

  document.addEventListener("quartet:pulse", ({ detail: pulse }) => {
    if (pulse.version !== version || Date.now() - last > AT_LEAST_EVERY) refresh();
  });
  document.addEventListener("quartet:link", ({ detail }) => {
    if (detail === "open") refresh();
    if (detail === "refused") location.reload();
  });

  async function refresh() {
    wanted = true;
    if (fetching) return;
    fetching = true;
    while (wanted) {
      wanted = false;
      await fetchOnce().catch(() => {}); // the next pulse asks again
      await new Promise((done) => setTimeout(done, REST));
    }
    fetching = false;
  }

  async function fetchOnce() {
    const answer = await fetch(location.href, { headers: { "X-Fragment": "1" } });
    if (answer.redirected) return location.reload();
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    version = fresh.querySelector("[data-fragment]").dataset.version;
    last = Date.now();
    const names = new Set(parts(fresh).map((part) => part.dataset.part));
    if (parts(document).some((part) => !names.has(part.dataset.part))) return location.reload(); // one is gone
    parts(fresh).forEach(place);
    for (const data of fresh.querySelectorAll('script[type="application/json"]')) {
      const detail = { id: data.id, data: JSON.parse(data.textContent) };
      document.dispatchEvent(new CustomEvent("quartet:data", { detail }));
    }
    document.dispatchEvent(new Event("quartet:refreshed"));
  }

  function place(part) {
    const name = part.dataset.part, text = written(part);
    const old = document.querySelector(`[data-part="${CSS.escape(name)}"]`);
    if (!old) return location.reload(); // the page has a part it had not: its frame is different
    if (known.get(name) === text) return;
    known.set(name, text);
    const focused = focusable(old).indexOf(document.activeElement);
    old.replaceWith(part);
    if (focused >= 0) focusable(part)[focused]?.focus({ preventScroll: true });
  }

  function parts(root) {
    return [...root.querySelectorAll("[data-part]")];
  }

  function focusable(part) {
    return [...part.querySelectorAll("a[href], button, [tabindex]")];
  }

  // What the server wrote, without what changes by itself from second to second.
  function written(part) {
    const copy = part.cloneNode(true);
    for (const element of copy.querySelectorAll("time, [data-figure]")) element.textContent = "";
    return copy.outerHTML;
  }
})();
