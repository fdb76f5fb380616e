// Conveniences for pages that work without them: predict while typing, search fields, copy code.
// No HTML is built from text: nodes rendered by the server are moved into the page, and names are inserted as text only.
"use strict";

const form = document.getElementById("form");
const announcement = document.getElementById("announcement");

function wait(ms, act) {
  let timer = 0;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), ms); };
}

// ------------------------------------------------------------------ the prediction

let pending = null;

async function predict({ focus = false } = {}) {
  pending?.abort();
  pending = new AbortController();
  const answer = document.getElementById("answer");
  answer.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action.split("#")[0], {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      signal: pending.signal,
    });
    if (response.status !== 200 && response.status !== 422) throw new Error(`the server answered ${response.status}`);
    update(new DOMParser().parseFromString(await response.text(), "text/html"));
    answer.removeAttribute("aria-busy");
    announce(answer, focus);
  } catch (error) {
    if (error.name === "AbortError") return;
    answer.removeAttribute("aria-busy");
    announcement.textContent = `No prediction: ${error.message}. The values are unchanged.`;
    answer.querySelector(".words").textContent = announcement.textContent;
  }
}

function update(page) {
  const answer = document.getElementById("answer");
  if (!page.getElementById("answer")) throw new Error("the response is not this page");
  answer.replaceChildren(...page.getElementById("answer").childNodes);
  for (const field of form.querySelectorAll("[data-field]")) {
    const now = page.querySelector(`[data-field="${field.dataset.field}"]`);
    if (!now) continue;
    field.className = now.className + (field.classList.contains("is-away") ? " is-away" : "");
    field.querySelector("[data-beside]").replaceChildren(...now.querySelector("[data-beside]").childNodes);
    const control = document.getElementById(field.dataset.field);
    const other = page.getElementById(field.dataset.field);
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (other.hasAttribute(name)) control.setAttribute(name, other.getAttribute(name));
      else control.removeAttribute(name);
    }
  }
  for (const id of ["as-curl", "as-python", "peek"]) {
    document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
  }
}

function announce(answer, focus) {
  const texts = [".headline", ".words"].map((part) => answer.querySelector(part)?.textContent.trim());
  const notes = answer.querySelectorAll(".summary li").length;
  announcement.textContent = texts.join(". ") + (notes ? ` ${notes} fields to check.` : "");
  if (!focus) return;
  answer.focus({ preventScroll: true });
  const box = answer.getBoundingClientRect();
  if (box.top < 0 || box.top > window.innerHeight * 0.6) answer.scrollIntoView({ block: "start" });
}

// ------------------------------------------------------------------ fields

function step(event) {
  const by = Number(event.target.dataset.step);
  if (!by || (event.key !== "ArrowUp" && event.key !== "ArrowDown") || event.altKey || event.ctrlKey || event.metaKey) return;
  const text = event.target.value.trim();
  if (!/^[+-]?[0-9]*\.?[0-9]+$/.test(text)) return;
  event.preventDefault();
  const places = (event.target.dataset.step.split(".")[1] ?? "").length;
  const next = Number(text) + (event.key === "ArrowUp" ? by : -by) * (event.shiftKey ? 10 : 1);
  event.target.value = next.toFixed(Math.max(places, (text.split(".")[1] ?? "").length));
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
}

async function suggest(input) {
  try {
    const response = await fetch(`/levels/${input.name}?begin=${encodeURIComponent(input.value)}`);
    if (!response.ok) return;
    const options = (await response.json()).map((level) => {
      const option = document.createElement("option");
      option.value = level;
      return option;
    });
    document.getElementById(`${input.name}-list`).replaceChildren(...options);
  } catch { /* keep the current suggestions */ }
}

function find(text) {
  const wanted = text.trim().toLowerCase();
  let n = 0;
  for (const group of form.querySelectorAll("[data-group]")) {
    let here = 0;
    for (const field of group.querySelectorAll("[data-field]")) {
      const is = field.querySelector("label").textContent.toLowerCase().includes(wanted);
      field.classList.toggle("is-away", !is);
      here += is;
    }
    n += here;
    if (group.dataset.first === undefined) group.dataset.first = group.open;
    group.open = wanted ? here > 0 : group.dataset.first === "true";
  }
  document.getElementById("found").textContent = wanted ? `${n} found` : "";
}

// A link to a field opens the group of the field.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const group = target?.closest("details");
  if (group && !group.open) { group.open = true; target.scrollIntoView({ block: "center" }); }
  if (target?.closest("[data-field]")) target.focus();
}

function addCopyButton(figure) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy as ${figure.querySelector("figcaption").textContent}`);
  button.addEventListener("click", async () => {
    const pre = figure.querySelector("pre");
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
      announcement.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(pre);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  figure.append(button);
}

if (form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); predict({ focus: true }); });
  form.addEventListener("input", wait(450, (event) => { if (event.target.type !== "search") predict(); }));
  form.addEventListener("keydown", step);
  for (const input of form.querySelectorAll("[data-levels]")) {
    const soon = wait(200, suggest);
    input.addEventListener("input", () => soon(input));
  }
  const search = document.getElementById("find");
  if (search) {
    search.closest("[hidden]").hidden = false;
    search.addEventListener("input", () => find(search.value));
    search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }
  document.querySelectorAll("figure.code").forEach(addCopyButton);
  addEventListener("hashchange", reveal);
  reveal();
}

// Check the file before it is sent; without JavaScript the server does.
const file = document.getElementById("file");
function fileError() {
  const most = Number(file.dataset.most), chosen = file.files[0];
  if (!chosen) return "No file was chosen. Choose one first.";
  if (chosen.size <= most) return "";
  return `This file has ${chosen.size.toLocaleString("en")} bytes, and at most ${most.toLocaleString("en")} are allowed here.`;
}
function showFileError() {
  const message = document.getElementById("file-message"), wrong = fileError();
  message.hidden = !wrong;
  message.textContent = wrong;
  if (wrong) file.setAttribute("aria-invalid", "true");
  else file.removeAttribute("aria-invalid");
  return wrong;
}
file?.addEventListener("change", showFileError);
file?.form.addEventListener("submit", (event) => { if (showFileError()) { event.preventDefault(); file.focus(); } });
document.getElementById("results")?.focus({ preventScroll: true });
