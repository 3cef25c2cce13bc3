"use strict";
// Tables sort by a click or a key on a title: numbers as numbers, what is not known last.
function numberIn(text) {
  const plain = text.replace(/[,\s\u00a0]/g, "").replace(/^(?:under|\u4e0d\u5230)/, "<");
  const found = /^[<+]?(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?:%|to.*)?$/i.exec(plain);
  return found ? Number(found[1]) : NaN;
}
function sortBy(table, place, direction) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, text: row.cells[place].textContent.trim() }));
  const known = rows.filter((one) => one.text && one.text !== "n/a");
  const asNumbers = known.length > 0 && known.every((one) => !Number.isNaN(numberIn(one.text)));
  const compare = (a, b) => asNumbers
    ? numberIn(a.text) - numberIn(b.text)
    : a.text.localeCompare(b.text, "en", { numeric: true });
  known.sort((a, b) => direction * compare(a, b));
  const unknown = rows.filter((one) => !known.includes(one));
  body.append(...[...known, ...unknown].map((one) => one.row));
}
for (const table of document.querySelectorAll("table[data-sort]")) {
  const titles = [...table.tHead.rows[0].cells];
  titles.forEach((title, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      const rises = title.getAttribute("aria-sort") !== "ascending";
      titles.forEach((other) => other.removeAttribute("aria-sort"));
      title.setAttribute("aria-sort", rises ? "ascending" : "descending");
      sortBy(table, place, rises ? 1 : -1);
    });
  });
}
// Curves tell their values at the epoch under the pointer, or at the one that the slider is moved to.
for (const figure of document.querySelectorAll("[data-curves]")) {
  const curves = JSON.parse(figure.dataset.curves);
  const box = document.createElement("div");
  const label = document.createElement("label");
  const slider = document.createElement("input");
  const values = document.createElement("output");
  box.className = "readout";
  slider.type = "range";
  slider.min = 0;
  slider.max = curves.epochs.length - 1;
  slider.value = curves.start;
  label.append("Values at epoch ", slider);
  box.append(label, values);
  figure.append(box);
  const marks = [...figure.querySelectorAll("svg")].map((svg, place) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    const { width, height } = svg.viewBox.baseVal;
    line.setAttribute("class", "cursor");
    line.setAttribute("visibility", "hidden");
    line.setAttribute("y1", curves.frames[place][2]);
    line.setAttribute("y2", height - 44);
    svg.append(line);
    return (share) => {
      const [left, right] = curves.frames[place];
      const x = width * (left + share * (right - left));
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      line.setAttribute("visibility", "visible");
    };
  });
  const show = (moved) => {
    const place = Number(slider.value);
    const epoch = curves.epochs[place];
    const told = curves.lines.filter((line) => line.values[place] !== null)
      .map((line) => `${line.name} ${line.values[place]}`);
    const text = `Epoch ${epoch}: ${told.join(", ")}`;
    values.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    if (moved) marks.forEach((mark) => mark((epoch - curves.ends[0]) / (curves.ends[1] - curves.ends[0])));
  };
  [...figure.querySelectorAll("svg")].forEach((svg, number) => svg.addEventListener("pointermove", (event) => {
    const area = svg.getBoundingClientRect();
    const [left, right] = curves.frames[number];
    const share = ((event.clientX - area.left) / area.width - left) / (right - left);
    const epoch = curves.ends[0] + share * (curves.ends[1] - curves.ends[0]);
    const distances = curves.epochs.map((one) => Math.abs(one - epoch));
    slider.value = distances.indexOf(Math.min(...distances));
    show(true);
  }));
  slider.addEventListener("input", () => show(true));
  show(false);
}
// Code is copied by a button; where the browser does not allow that, it is selected to be copied by hand.
for (const code of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  const told = document.createElement("span");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  told.setAttribute("role", "status");
  told.className = "small";
  const bar = document.createElement("p");
  bar.className = "copybar";
  bar.append(button, " ", told);
  code.before(bar);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.innerText);
      told.textContent = "Copied.";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      let done = false;
      try { done = document.execCommand("copy"); } catch { done = false; }
      told.textContent = done ? "Copied." : "Selected: press Ctrl+C or Command+C to copy.";
    }
  });
}
// What is folded is printed too.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    part.open = true;
    part.dataset.opened = "";
  }
});
window.addEventListener("afterprint", () => {
  for (const part of document.querySelectorAll("details[data-opened]")) {
    part.open = false;
    delete part.dataset.opened;
  }
});
