// A study as it runs: events come by server-sent events, from the first one on after every load.
import { draw, score } from "./chart.js";

const live = document.getElementById("live");
const stages = JSON.parse(live.dataset.stages);
const scored = JSON.parse(live.dataset.scored);
const byId = (id) => document.getElementById(id);

const seen = { stage: "", done: {}, points: [], event: null, curves: null, since: 0, notes: 0 };

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${pad(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}`;
}

const runs = () => Object.values(seen.done).reduce((sum, count) => sum + count, 0);

function take(event) {
  seen.event = event;
  seen.since = performance.now();
  seen.stage = event.stage;
  seen.done[event.stage] = Math.max(seen.done[event.stage] || 0, event.done || 0);
  if (event.message) note(event.message);
  if (event.curves) seen.curves = { ...event.curves, stage: event.stage };
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
  drawAll();
}

function times() {
  if (!seen.event) return;
  const since = (performance.now() - seen.since) / 1000;
  byId("elapsed").textContent = clock(seen.event.elapsed_s + since);
  const left = seen.event.left_s;
  byId("left").textContent = left === null || left === undefined ? "no limit of time" : clock(left - since);
}

function drawScores(event) {
  const baseline = event.baseline ?? null;
  const most = Math.max(runs(), 1);
  const lines = [];
  if (baseline !== null) lines.push({ name: "baseline", points: [[0, baseline], [most, baseline]] });
  const best = seen.points.at(-1)?.[1];
  if (best !== undefined) {
    // A best score holds until there is a better one: steps, and on to where the study is now.
    const steps = seen.points.flatMap((point, place) =>
      place ? [[point[0], seen.points[place - 1][1]], point] : [point],
    );
    lines.push({ name: "best", points: [...steps, [most, best]], dot: true });
  }
  const told = best === undefined ? [] : [`best so far ${score(best)}`];
  if (baseline !== null) told.push(`baseline ${score(baseline)}`);
  const title = `${event.metric}: ${told.join(", ")}, after ${runs()} training runs.`;
  draw(byId("chart"), { title, lines, from: 0, to: most, labels: ["0", `${most.toLocaleString("en")} training runs`] });
}

function drawCurves() {
  const curves = seen.curves;
  if (!curves) return;
  byId("curves").hidden = false;
  const names = ["train", "validation", "lowest"];
  const of = (name) => curves.epochs.map((epoch, place) => [epoch, curves[name][place]]);
  const lines = names.map((name) => ({ name, points: of(name) }));
  const last = curves.epochs.at(-1);
  const values = lines.flatMap((line) => line.points.map((point) => point[1])).filter((value) => value !== null);
  // Losses that fall by orders of magnitude would hide all that comes after the first epochs.
  const isLog = Math.min(...values) > 0 && Math.max(...values) > 20 * Math.min(...values);
  const at = (name) => score(lines[names.indexOf(name)].points.findLast((point) => point[1] !== null)?.[1]);
  for (const name of names) byId(`now-${name}`).textContent = at(name);
  byId("curves-runs").textContent = `${curves.num_members.toLocaleString("en")} runs of ${curves.stage}, epoch ${last}`;
  byId("curves-scale").textContent = isLog ? "Logarithmic scale. " : "";
  const title =
    `Data loss by epoch of ${curves.num_members} runs, after ${last} epochs: median training loss ${at("train")}, ` +
    `median validation loss ${at("validation")}, validation loss of the lowest run ${at("lowest")}.`;
  draw(byId("curves-chart"), { title, lines, from: 1, to: Math.max(last, 2), labels: ["1", `${last} epochs`], isLog });
}

function drawAll() {
  if (seen.event) drawScores(seen.event);
  drawCurves();
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
  // Closed for good: a workbench that was started anew does not know this browser yet.
  byId("status").textContent =
    source.readyState === EventSource.CLOSED
      ? "The workbench was started anew. The study goes on; open the address that wellfit ui printed."
      : "The workbench does not answer. The study goes on; start wellfit ui again and open the address that it prints.";
});
window.addEventListener("resize", drawAll);
setInterval(times, 1000);
