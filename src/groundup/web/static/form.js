// Comfort for the pages, which are whole without it: the answer follows what is typed, fields are found, texts copied.
// Nothing is made of text: what the server rendered is taken over node by node, and names only ever enter as text.
"use strict";

const form = document.getElementById("case");
const spoken = document.getElementById("spoken");

function wait(ms, act) {
  let timer = 0;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), ms); };
}

// ------------------------------------------------------------------ the answer

let asking = null;

async function ask({ focus = false } = {}) {
  asking?.abort();
  asking = new AbortController();
  const answer = document.getElementById("answer");
  answer.setAttribute("aria-busy", "true");
  try {
    const got = await fetch(form.action.split("#")[0], {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      signal: asking.signal,
    });
    if (got.status !== 200 && got.status !== 422) throw new Error(`the server answered ${got.status}`);
    take(new DOMParser().parseFromString(await got.text(), "text/html"));
    answer.removeAttribute("aria-busy");
    tell(answer, focus);
  } catch (error) {
    if (error.name === "AbortError") return;
    answer.removeAttribute("aria-busy");
    spoken.textContent = `No answer: ${error.message}. The values are still here.`;
    answer.querySelector(".words").textContent = spoken.textContent;
  }
}

function take(page) {
  const answer = document.getElementById("answer");
  if (!page.getElementById("answer")) throw new Error("what came back is not this page");
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

function tell(answer, focus) {
  const said = [".headline", ".words"].map((part) => answer.querySelector(part)?.textContent.trim());
  const notes = answer.querySelectorAll(".summary li").length;
  spoken.textContent = said.join(". ") + (notes ? ` ${notes} fields to look at.` : "");
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
    const got = await fetch(`/levels/${input.name}?begin=${encodeURIComponent(input.value)}`);
    if (!got.ok) return;
    const options = (await got.json()).map((level) => {
      const option = document.createElement("option");
      option.value = level;
      return option;
    });
    document.getElementById(`${input.name}-list`).replaceChildren(...options);
  } catch { /* the suggestions that stand there stay */ }
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

// A link to a field opens the group that it is in.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const group = target?.closest("details");
  if (group && !group.open) { group.open = true; target.scrollIntoView({ block: "center" }); }
  if (target?.closest("[data-field]")) target.focus();
}

function canCopy(figure) {
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
      spoken.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(pre);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  figure.append(button);
}

if (form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); ask({ focus: true }); });
  form.addEventListener("input", wait(450, (event) => { if (event.target.type !== "search") ask(); }));
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
  document.querySelectorAll("figure.code").forEach(canCopy);
  addEventListener("hashchange", reveal);
  reveal();
}

// What is wrong with the file is told before it is sent; without JavaScript the server says it.
const file = document.getElementById("file");
function wrongWithFile() {
  const most = Number(file.dataset.most), chosen = file.files[0];
  if (!chosen) return "No file was chosen. Choose one first.";
  if (chosen.size <= most) return "";
  return `This file has ${chosen.size.toLocaleString("en")} bytes, and at most ${most.toLocaleString("en")} are taken here.`;
}
function tellFile() {
  const remark = document.getElementById("file-remark"), wrong = wrongWithFile();
  remark.hidden = !wrong;
  remark.textContent = wrong;
  if (wrong) file.setAttribute("aria-invalid", "true");
  else file.removeAttribute("aria-invalid");
  return wrong;
}
file?.addEventListener("change", tellFile);
file?.form.addEventListener("submit", (event) => { if (tellFile()) { event.preventDefault(); file.focus(); } });
document.getElementById("answers")?.focus({ preventScroll: true });
