// Small comforts of the forms; everything works without them, by plain forms.
"use strict";

for (const form of document.querySelectorAll("form[data-drop]")) {
  const file = form.querySelector("input[type=file]");
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length) {
      file.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
}

document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[data-busy]");
  if (button) {
    button.textContent = button.dataset.busy;
    button.disabled = true;
  }
});

// A page that the browser kept as it was left must not keep its button busy.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.addEventListener("input", (event) => {
  const moved = event.target;
  if (moved.dataset.for) document.getElementById(moved.dataset.for).value = moved.value;
  const slider = document.querySelector(`[data-for="${CSS.escape(moved.id)}"]`);
  if (slider && moved.value !== "") slider.value = moved.value;
});

// What was changed before htmx listened, by quick hands or by a browser that keeps fields on reload, counts, too.
const untouched = (field) => new DOMParser().parseFromString(field.outerHTML, "text/html").body.firstChild.value;
document.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) return;
  const fields = [...document.querySelectorAll("form select, form input:not([type=hidden], [type=file])")];
  for (const field of fields.filter((one) => one.value !== untouched(one))) {
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  }
});

// What goes on beyond the right edge of a table fades there, until it is scrolled to.
const fade = (box) => box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
const fadeAll = () => document.querySelectorAll(".scroll").forEach(fade);
document.addEventListener("scroll", (event) => event.target.classList?.contains("scroll") && fade(event.target), true);
document.addEventListener("htmx:afterSettle", fadeAll);
window.addEventListener("resize", fadeAll);
fadeAll();
