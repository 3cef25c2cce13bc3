// A study as it runs: events come by server-sent events, from the first one on after every load.
"use strict";

const live = document.getElementById("live");
const stages = JSON.parse(live.dataset.stages);
const scored = JSON.parse(live.dataset.scored);
const byId = (id) => document.getElementById(id);
const svgNames = "http://www.w3.org/2000/svg";

const seen = { stage: "", done: {}, points: [], event: null, since: 0, notes: 0 };

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${pad(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}`;
}

const score = (value) => (value === null || value === undefined ? "–" : Number(value).toPrecision(4));
const runs = () => Object.values(seen.done).reduce((sum, count) => sum + count, 0);

function take(event) {
  seen.event = event;
  seen.since = performance.now();
  seen.stage = event.stage;
  seen.done[event.stage] = Math.max(seen.done[event.stage] || 0, event.done || 0);
  if (event.message) note(event.message);
  if (event.best !== null && event.best !== undefined && scored.includes(event.stage)) {
    const last = seen.points.at(-1);
    const point = [runs(), event.best];
    if (last && last[0] === point[0]) seen.points.pop();
    seen.points.push(point);
  }
}

function note(text) {
  if (!seen.notes) byId("notes").replaceChildren();
  seen.notes += 1;
  const item = document.createElement("li");
  item.textContent = text;
  byId("notes").append(item);
}

function show() {
  const event = seen.event;
  if (!event) return;
  const place = stages.indexOf(event.stage);
  for (const item of live.querySelectorAll("[data-stage]")) {
    const own = stages.indexOf(item.dataset.stage);
    item.classList.toggle("past", own < place);
    item.classList.toggle("now", own === place);
    if (own === place) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    const done = seen.done[item.dataset.stage] || 0;
    const total = own === place ? event.total : 0;
    item.querySelector(".count").textContent = total
      ? `${done.toLocaleString("en")} of ${total.toLocaleString("en")} runs`
      : done ? `${done.toLocaleString("en")} runs` : "";
    const bar = item.querySelector("progress");
    if (total) {
      bar.max = total;
      bar.value = Math.min(done, total);
    } else if (own === place) bar.removeAttribute("value");
  }
  const told = `${event.stage}, stage ${place + 1} of ${stages.length}.`;
  const status = "stopping" in live.dataset ? `Finishing up with what there is: ${told}` : `Running: ${told}`;
  if (byId("status").textContent !== status) byId("status").textContent = status;
  byId("runs").textContent = runs().toLocaleString("en");
  byId("metric").textContent = event.metric || "Score";
  byId("baseline").textContent = score(event.baseline);
  byId("best").textContent = seen.points.length ? score(seen.points.at(-1)[1]) : "–";
  draw(event);
}

function times() {
  if (!seen.event) return;
  const since = (performance.now() - seen.since) / 1000;
  byId("elapsed").textContent = clock(seen.event.elapsed_s + since);
  const left = seen.event.left_s;
  byId("left").textContent = left === null || left === undefined ? "no limit of time" : clock(left - since);
}

function draw(event) {
  const chart = byId("chart");
  const title = byId("chart-text");
  const box = chart.getBoundingClientRect();
  const [width, height, left, right, top, bottom] = [box.width || 640, box.height || 240, 64, 16, 16, 30];
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const parts = [title];
  const baseline = event.baseline;
  const values = seen.points.map((point) => point[1]);
  if (baseline !== null && baseline !== undefined) values.push(baseline);
  if (!values.length) return;
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const spare = (high - low) * 0.15 || Math.abs(high) * 0.05 || 1;
  [low, high] = [low - spare, high + spare];
  const most = Math.max(runs(), 1);
  const x = (count) => left + ((width - left - right) * count) / most;
  const y = (value) => top + ((height - top - bottom) * (high - value)) / (high - low);
  const add = (kind, attributes, text) => {
    const element = document.createElementNS(svgNames, kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    parts.push(element);
  };
  for (const value of [low, (low + high) / 2, high]) {
    add("line", { class: "axis", x1: left, x2: width - right, y1: y(value), y2: y(value) });
    add("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, score(value));
  }
  add("text", { x: left, y: height - 8 }, "0");
  add("text", { x: width - right, y: height - 8, "text-anchor": "end" }, `${most.toLocaleString("en")} training runs`);
  if (baseline !== null && baseline !== undefined) {
    add("line", { class: "baseline", x1: left, x2: width - right, y1: y(baseline), y2: y(baseline) });
  }
  if (seen.points.length) {
    // A best score holds until there is a better one: steps, and on to where the study is now.
    const steps = [];
    seen.points.forEach(([count, value], place) => {
      if (place) steps.push(`${x(count)},${y(seen.points[place - 1][1])}`);
      steps.push(`${x(count)},${y(value)}`);
    });
    const [, last] = seen.points.at(-1);
    steps.push(`${x(most)},${y(last)}`);
    add("polyline", { class: "best", points: steps.join(" ") });
    add("circle", { class: "dot", cx: x(most), cy: y(last), r: 4 });
  }
  const against = baseline === null || baseline === undefined ? "" : `, baseline ${score(baseline)}`;
  title.textContent = seen.points.length
    ? `${event.metric}: best so far ${score(seen.points.at(-1)[1])}${against}, after ${runs()} training runs.`
    : `${event.metric}${against}.`;
  chart.replaceChildren(...parts);
}

const source = new EventSource(live.dataset.events);
source.addEventListener("message", (message) => {
  for (const event of JSON.parse(message.data)) take(event);
  show();
  times();
});
source.addEventListener("end", () => {
  source.close();
  location.reload();
});
source.addEventListener("error", () => {
  byId("status").textContent = "The workbench does not answer. The study goes on; this page comes back with it.";
});
window.addEventListener("resize", () => seen.event && draw(seen.event));
setInterval(times, 1000);
