"use strict";
// The timeline's details on demand: which node is under the pointer or chosen with the keyboard,
// and zooming, which only moves the picture's viewBox.
(() => {
  const NAMES = ["name", "kind", "status", "start", "seconds", "y", "step", "usual"];
  const spent = (seconds) => {
    if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
    const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
    return minutes < 60 ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  };

  const timeline = (box) => {
    const groups = JSON.parse(document.getElementById("nodes").textContent);
    const length = Number(box.dataset.length), height = Number(box.dataset.height), thickness = Number(box.dataset.lane);
    const plot = box.querySelector(".plot"), bars = box.querySelector("svg.bars"), ticks = box.querySelector("svg.ticks");
    const names = box.querySelector("svg.names"), chosen = box.querySelector(".chosen"), detail = document.getElementById("detail");
    const tip = document.createElement("div");
    tip.className = "tip"; tip.hidden = true; tip.setAttribute("aria-hidden", "true");
    document.body.append(tip);
    let from = 0, to = length, current = null;

    const lanes = new Map();
    groups.forEach((group, number) => {
      const critical = new Set(group.critical);
      group.nodes.forEach((raw, place) => {
        const node = Object.fromEntries(NAMES.map((name, column) => [name, raw[column]]));
        Object.assign(node, { kind: group.texts[node.kind], status: group.texts[node.status], tone: group.tones[node.status], group, place, number, critical: critical.has(place) });
        group.nodes[place] = node;
        if (node.y >= 0) (lanes.get(node.y) || lanes.set(node.y, []).get(node.y)).push(node);
      });
    });
    for (const lane of lanes.values()) lane.sort((a, b) => a.start - b.start);
    const tops = [...lanes.keys()].sort((a, b) => a - b);

    const words = (node) => `${node.kind} ${node.name}: ${node.status} after ${spent(node.seconds)}`;
    const tell = (node) => {
      const [path, message] = node.group.messages[node.place] || [];
      const parts = [`began after ${spent(node.start)}`, `on ${node.group.lanes[node.y] ?? "no thread"}`];
      const step = node.group.steps[node.step];
      if (step) parts.push(`in ${step}`);
      if (node.usual) parts.push(`usually ${spent(node.usual)}`);
      if (node.critical) parts.push("on the critical path");
      const line = (tag, text, name) => { const made = document.createElement(tag); made.textContent = text; if (name) made.className = name; return made; };
      detail.replaceChildren(line("b", words(node)), line("p", parts.join(" · "), "muted"));
      if (path) detail.append(line("p", path, "mono muted"));
      if (message) detail.append(line("p", message, "message mono"));
      detail.className = `detail ${node.tone}`;
      detail.hidden = false;
    };
    const x = (seconds) => (seconds - from) / (to - from) * plot.clientWidth;
    const frame = () => {
      chosen.hidden = !current || current.y < 0;
      if (chosen.hidden) return;
      const left = x(current.start);
      chosen.style.left = `${left - 2}px`;
      chosen.style.width = `${Math.max(4, x(current.start + current.seconds) - left + 4)}px`;
      chosen.style.top = `${22 + current.y}px`;
      chosen.style.height = `${thickness}px`;
    };
    const choose = (node, reveal) => {
      current = node;
      if (reveal && (node.start < from || node.start + node.seconds > to)) {
        const span = to - from;
        view(node.start + node.seconds / 2 - span / 2, node.start + node.seconds / 2 + span / 2);
      }
      tell(node); frame();
    };

    const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
    const label = (seconds) => {
      if (seconds < 60) return seconds ? `${Number(seconds.toFixed(3))} s` : "0";
      const whole = Math.floor(seconds + 1e-6), rest = Number((seconds - Math.floor(whole / 60) * 60).toFixed(3));
      return seconds < 3600 ? `${Math.floor(whole / 60)}:${String(rest).padStart(2, "0")} min` : `${Math.floor(whole / 3600)}:${String(Math.floor(whole / 60) % 60).padStart(2, "0")} h`;
    };
    const view = (left, right) => {
      const span = Math.min(length, Math.max(length / 5000, 0.02, right - left));
      from = Math.max(0, Math.min(left, length - span)); to = from + span;
      bars.setAttribute("viewBox", `${from} 0 ${span} ${height}`);
      const step = STEPS.find((one) => span / one <= 10) || 86400 * Math.ceil(span / 864000);
      const made = [];
      for (let place = Math.ceil(from / step - 1e-9) * step; place <= to + 1e-9; place += step) {
        const percent = `${100 * (place - from) / span}%`;
        const group = document.createElementNS(bars.namespaceURI, "g");
        const line = document.createElementNS(bars.namespaceURI, "line"), text = document.createElementNS(bars.namespaceURI, "text");
        for (const [name, value] of Object.entries({ x1: percent, x2: percent, y1: 18, y2: height + 22 })) line.setAttribute(name, value);
        text.setAttribute("x", percent); text.setAttribute("y", 12); text.setAttribute("class", (place - from) / span > 0.97 ? "last" : ""); text.textContent = label(place);
        group.append(line, text); made.push(group);
      }
      ticks.replaceChildren(...made);
      for (const text of names.children) {
        const begin = Number(text.dataset.x), wide = Number(text.dataset.width);
        const left = Math.max(begin, from), seen = Math.min(begin + wide, to) - left;
        text.setAttribute("x", `${100 * (left - from) / span}%`);
        const room = seen / span * plot.clientWidth - 8;
        text.toggleAttribute("hidden", room < 30);
        if (room >= 30) {
          text.dataset.full ||= text.textContent;
          const letters = Math.floor(room / 6.2);
          text.textContent = text.dataset.full.length > letters ? `${text.dataset.full.slice(0, letters - 1)}…` : text.dataset.full;
        }
      }
      frame();
    };

    // the last node of a lane that begins before a moment, if the pointer is near it
    const pick = (event) => {
      const area = bars.getBoundingClientRect();
      const seconds = from + (event.clientX - area.left) / area.width * (to - from), y = event.clientY - area.top;
      const top = tops.find((one) => y >= one && y < one + thickness);
      if (top === undefined) return null;
      const near = 3 * (to - from) / area.width;
      let best = null;
      for (const node of lanes.get(top)) {
        if (node.start > seconds + near) break;
        const away = Math.max(node.start - seconds, seconds - node.start - node.seconds, 0);
        if (away <= near && (!best || away <= best.away)) best = { node, away };
      }
      return best?.node || null;
    };
    plot.addEventListener("pointermove", (event) => {
      const node = pick(event), what = node ? words(node) : event.target.dataset?.what;
      tip.hidden = !what;
      if (!what) return;
      tip.textContent = what;
      tip.style.left = `${Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${Math.min(event.clientY + 14, window.innerHeight - tip.offsetHeight - 8)}px`;
    });
    plot.addEventListener("pointerleave", () => { tip.hidden = true; });

    let dragged = null;
    plot.addEventListener("pointerdown", (event) => {
      if (event.button || event.target.closest(".mark")) return;
      const area = plot.getBoundingClientRect();
      dragged = { from: event.clientX, area, mark: document.createElement("div") };
      dragged.mark.className = "drag";
      plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener("pointermove", (event) => {
      if (!dragged || Math.abs(event.clientX - dragged.from) < 4) return;
      plot.append(dragged.mark);
      dragged.mark.style.left = `${Math.min(event.clientX, dragged.from) - dragged.area.left}px`;
      dragged.mark.style.width = `${Math.abs(event.clientX - dragged.from)}px`;
    });
    plot.addEventListener("pointerup", (event) => {
      if (!dragged) return;
      const { area, mark } = dragged, ends = [dragged.from, event.clientX].map((one) => from + (one - area.left) / area.width * (to - from));
      dragged = null; mark.remove();
      if (Math.abs(ends[0] - ends[1]) > 4 * (to - from) / area.width) view(Math.min(...ends), Math.max(...ends));
      else { const node = pick(event); if (node) choose(node); }
    });
    plot.addEventListener("pointercancel", () => { dragged?.mark.remove(); dragged = null; });
    plot.addEventListener("dblclick", () => view(0, length));
    plot.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const area = plot.getBoundingClientRect(), at = from + (event.clientX - area.left) / area.width * (to - from);
      const factor = event.deltaY < 0 ? 0.8 : 1.25;
      view(at - (at - from) * factor, at + (to - at) * factor);
    }, { passive: false });
    const zoom = (how) => {
      const span = to - from, middle = current && current.y >= 0 ? current.start + current.seconds / 2 : from + span / 2;
      if (how === "all") view(0, length);
      else { const half = span * (how === "in" ? 0.25 : 1); view(middle - half, middle + half); }
    };
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoom(button.dataset.zoom));
    for (const mark of box.querySelectorAll(".mark")) {
      const node = groups[Number(mark.dataset.group)].nodes[Number(mark.dataset.node)];
      const show = (event) => { event.preventDefault(); event.stopPropagation(); choose(node); };
      mark.addEventListener("click", show);
      mark.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") show(event); });
    }
    plot.addEventListener("keydown", (event) => {
      const steps = { "+": "in", "=": "in", "-": "out", "0": "all" };
      if (steps[event.key]) { event.preventDefault(); zoom(steps[event.key]); return; }
      if (!event.key.startsWith("Arrow") && event.key !== "Home" && event.key !== "End" || !tops.length) return;
      event.preventDefault();
      if (!current || current.y < 0) { choose(lanes.get(tops[0])[0], true); return; }
      const lane = lanes.get(current.y), place = lane.indexOf(current), row = tops.indexOf(current.y);
      const over = (top) => lanes.get(top).reduce((a, b) => Math.abs(b.start - current.start) < Math.abs(a.start - current.start) ? b : a);
      const next = { ArrowRight: () => lane[place + 1], ArrowLeft: () => lane[place - 1], Home: () => lane[0], End: () => lane.at(-1),
        ArrowDown: () => row + 1 < tops.length ? over(tops[row + 1]) : null, ArrowUp: () => row ? over(tops[row - 1]) : null }[event.key]();
      if (next) choose(next, true);
    });
    new ResizeObserver(() => view(from, to)).observe(plot);
    document.documentElement.dataset.timeline = "ready";
  };

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector(".timeline");
    if (box) timeline(box);
  });
})();
