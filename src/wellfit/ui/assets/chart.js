// Line charts in plain SVG, drawn anew each time: a handful of lines of some dozen points.
const svgNames = "http://www.w3.org/2000/svg";
const [left, right, top, bottom] = [64, 16, 16, 30];

export const score = (value) => (value === null || value === undefined ? "–" : Number(value).toPrecision(4));

// Lines are { name, points: [[x, y], ...], dot }, of a class `name`; a y of null is a gap. What is told by
// `title` must say what the lines show, for those who do not see them.
export function draw(chart, { title, lines, from, to, labels, isLog = false }) {
  const box = chart.getBoundingClientRect();
  const [width, height] = [box.width || 640, box.height || 240];
  const values = lines.flatMap((line) => line.points.map((point) => point[1])).filter((value) => value !== null);
  if (!values.length) return;
  const [low, high] = range(Math.min(...values), Math.max(...values), isLog);
  const level = (value) => (isLog ? Math.log(value) : value);
  const x = (value) => left + ((width - left - right) * (value - from)) / (to - from || 1);
  const y = (value) => top + ((height - top - bottom) * (level(high) - level(value))) / (level(high) - level(low));
  const parts = [];
  const add = (kind, attributes, text) => {
    const element = document.createElementNS(svgNames, kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    parts.push(element);
  };
  for (const value of [low, isLog ? Math.sqrt(low * high) : (low + high) / 2, high]) {
    add("line", { class: "axis", x1: left, x2: width - right, y1: y(value), y2: y(value) });
    add("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, score(value));
  }
  add("text", { x: left, y: height - 8 }, labels[0]);
  add("text", { x: width - right, y: height - 8, "text-anchor": "end" }, labels[1]);
  for (const line of lines) {
    const known = line.points.filter((point) => point[1] !== null);
    if (!known.length) continue;
    add("polyline", { class: line.name, points: known.map((point) => `${x(point[0])},${y(point[1])}`).join(" ") });
    const [lastX, lastY] = known.at(-1);
    if (line.dot || known.length === 1) add("circle", { class: `dot ${line.name}`, cx: x(lastX), cy: y(lastY), r: 4 });
  }
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const told = chart.querySelector("title");
  told.textContent = title;
  chart.replaceChildren(told, ...parts);
}

// A little more than the values need, so that no line runs along an edge.
function range(low, high, isLog) {
  if (isLog) {
    const spare = (high / low) ** 0.1 || 1.1;
    return [low / spare, high * spare];
  }
  const spare = (high - low) * 0.15 || Math.abs(high) * 0.05 || 1;
  return [low - spare, high + spare];
}
