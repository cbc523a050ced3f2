"use strict";
// The pages are complete without this: it adds Airflow's look, links that move Airflow, tables on
// demand, and what the timeline shows of a node.
(() => {
  const outer = window.parent !== window ? window.parent : null;
  const root = document.documentElement;

  // -- Airflow's theme, also when it changes --------------------------------------------------
  const TOKENS = {
    "--bg": "bg", "--bg-card": "bg", "--bg-muted": "bg-muted", "--fg": "fg", "--fg-muted": "fg-muted", "--border": "border",
    "--success": "success-solid", "--failed": "failed-solid", "--warning": "warning-solid", "--skipped": "skipped-solid",
    "--running": "running-solid", "--queued": "queued-solid", "--deferred": "deferred-solid",
    "--upstream": "upstream_failed-solid", "--retry": "up_for_retry-solid",
  };
  const dressed = () => {
    let dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    try {
      if (outer) {
        const theirs = outer.document.documentElement;
        dark = theirs.classList.contains("dark");
        const style = outer.getComputedStyle(theirs);
        for (const [ours, name] of Object.entries(TOKENS)) {
          const value = style.getPropertyValue(`--chakra-colors-${name}`).trim();
          if (value) root.style.setProperty(ours, value);
        }
        const font = style.getPropertyValue("--chakra-fonts-body").trim();
        if (font) root.style.setProperty("--font", font);
      }
    } catch { /* a parent that is not Airflow */ }
    root.classList.toggle("dark", dark);
  };
  dressed();
  try {
    if (outer) new MutationObserver(dressed).observe(outer.document.documentElement, { attributes: true, attributeFilter: ["class"] });
    else window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dressed);
  } catch { /* as above */ }

  // -- links: the frame that Airflow puts us into can neither move it nor open windows ---------
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-inside], a[data-outside], a[data-part]");
    if (!link || event.defaultPrevented) return;
    const href = link.getAttribute("href");
    if (link.matches("[data-part]")) {
      const place = link.closest("[data-remote]");
      if (place) { event.preventDefault(); load(place, href, true); }
      return;
    }
    if (!outer) return;
    try {
      const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
      if (link.matches("[data-inside]") && plain) {
        event.preventDefault();
        outer.history.pushState(null, "", href);
        outer.dispatchEvent(new PopStateEvent("popstate", { state: null }));
        return;
      }
      event.preventDefault();
      const theirs = outer.document.createElement("a");
      theirs.href = href; theirs.target = "_blank"; theirs.rel = "noopener noreferrer";
      theirs.click();
    } catch { /* a parent that is not Airflow: the link does what links do */ }
  });

  // -- times in the time zone that is chosen in Airflow ----------------------------------------
  const zone = () => {
    try { return JSON.parse(window.localStorage.getItem("timezone")) || undefined; } catch { return undefined; }
  };
  const times = (within) => {
    let format;
    const options = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    try { format = new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: zone() }); }
    catch { format = new Intl.DateTimeFormat("sv-SE", options); }
    for (const time of within.querySelectorAll("time[datetime]")) {
      time.title ||= time.textContent;
      const told = format.format(new Date(time.dateTime));
      time.textContent = "short" in time.dataset ? told.slice(5, 16) : told;
    }
  };

  // -- tables on demand: one that cannot be read can be asked for again ---------------------------
  const asked = new WeakMap();
  const load = async (place, href, focus) => {
    const turn = {};
    asked.set(place, turn);
    place.setAttribute("aria-busy", "true");
    let made, first, failed = false;
    try {
      const answer = await fetch(href + (href.includes("?") ? "&" : "?") + "part=1", { credentials: "same-origin" });
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`.trim());
      made = [...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes];
      first = () => place.querySelector("a[aria-current]") || place;
    } catch (error) {
      failed = true;
      const words = document.createElement("p"), again = document.createElement("button");
      words.setAttribute("role", "alert");
      again.type = "button"; again.textContent = "Try again";
      again.addEventListener("click", () => load(place, href, true));
      made = [words, again];
      first = () => again;
      // What is said after it is there is read out.
      setTimeout(() => { words.textContent = `This table cannot be read: ${error.message}.`; });
    }
    if (asked.get(place) !== turn) return;
    if (failed) asked.delete(place);
    place.tabIndex = -1;
    place.replaceChildren(...made);
    times(place);
    place.removeAttribute("aria-busy");
    if (focus) first().focus();
  };
  document.addEventListener("toggle", (event) => {
    const place = event.target.open && event.target.querySelector?.(":scope > [data-remote]");
    if (place && !asked.has(place)) load(place, place.dataset.remote);
  }, true);

  // -- a page about something that goes on is looked up again, unless somebody reads in it --------
  const refresh = () => {
    const seconds = Number(document.body.dataset.refresh);
    if (!seconds) return;
    setInterval(() => {
      const busy = document.hidden || document.querySelector("details[open]") || document.activeElement !== document.body;
      if (!busy) window.location.reload();
    }, 1000 * seconds);
  };

  document.addEventListener("DOMContentLoaded", () => {
    times(document);
    refresh();
    root.dataset.ready = "1";
  });
})();
