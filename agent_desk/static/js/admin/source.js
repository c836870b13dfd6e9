// The YAML as text with line numbers; lines with findings are marked, and any line can be jumped to.
import { $ } from "../web/dom.js";

const area = $("#text");
const numbers = $("#numbers");
const LINE_PX = 18;

export function init(doc) {
  area.addEventListener("input", () => doc.change(area.value, { typed: true }));
  area.addEventListener("scroll", () => { numbers.scrollTop = area.scrollTop; });
  area.addEventListener("keydown", (event) => {
    // Tab leaves the field, as everywhere; Enter keeps the indentation.
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey) return;
    const start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
    const indent = /^ */.exec(area.value.slice(start, area.selectionStart))[0];
    if (!indent) return;
    event.preventDefault();
    area.setRangeText(`\n${indent}`, area.selectionStart, area.selectionEnd, "end");
    doc.change(area.value, { typed: true });
  });
  doc.addEventListener("text", () => {
    if (area.value === doc.text) return number(doc);
    const { scrollTop, selectionStart } = area;
    area.value = doc.text;
    area.setSelectionRange(selectionStart, selectionStart);
    area.scrollTop = scrollTop;
    return number(doc);
  });
  doc.addEventListener("checked", () => number(doc));
  number(doc);
}

function number(doc) {
  const marks = new Map();
  for (const one of doc.checked?.problems ?? []) if (one.line) marks.set(one.line, one.level === "error" || marks.get(one.line) === "error" ? "error" : "warning");
  const count = doc.text.split("\n").length;
  const parts = [];
  let plain = "";
  for (let at = 1; at <= count; at += 1) {
    const level = marks.get(at);
    if (!level) { plain += `${at}\n`; continue; }
    parts.push(plain);
    plain = "\n";
    const mark = document.createElement("b");
    mark.className = level;
    mark.textContent = `● ${at}`;
    parts.push(mark);
  }
  numbers.replaceChildren(...parts, plain);
  numbers.scrollTop = area.scrollTop;
}

export function jump(line) {
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  area.scrollTop = Math.max(0, (line - 6) * LINE_PX);
}
