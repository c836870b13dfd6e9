// The running transcript of both speakers. Partials grey, finals black; it follows the talk until the
// agent scrolls up. After the call a click plays the recording from that sentence.
import { $, el } from "../web/dom.js";
import { on, state } from "../live/store.js";
import { elapsed } from "../web/time.js";

const NAMES = { citizen: "市民", agent: "坐席" };
const list = $("#t-list");
const latest = $("#t-latest");
const rows = new Map();
let sticking = true;
/** The words jumped to, { id, start, end }: they stay lit until the mouse has been there and left. */
let lit = null;

list.addEventListener("scroll", () => {
  sticking = list.scrollHeight - list.scrollTop - list.clientHeight < 32;
  latest.hidden = sticking;
});
latest.addEventListener("click", () => toLatest());

export function toLatest() {
  sticking = true;
  latest.hidden = true;
  list.scrollTop = list.scrollHeight;
}

/** Text with some stretches marked: `spans` are [start, end, class]. */
function marked(text, spans) {
  const parts = [];
  let at = 0;
  for (const [start, end, kind] of spans.sort((a, b) => a[0] - b[0])) {
    if (start < at) continue;
    parts.push(text.slice(at, start), el("mark", { class: kind }, text.slice(start, end)));
    at = end;
  }
  parts.push(text.slice(at));
  return parts;
}

function dangerous(utterance) {
  const spans = [];
  for (const alarm of state.emergencies) {
    if (alarm.utterance_id !== utterance.utterance_id) continue;
    for (const word of alarm.words) {
      for (let i = utterance.text.indexOf(word); i >= 0; i = utterance.text.indexOf(word, i + word.length)) {
        spans.push([i, i + word.length, "danger"]);
      }
    }
  }
  return spans;
}

function row(u) {
  let node = rows.get(u.utterance_id);
  if (!node) {
    node = el("li", { "data-id": u.utterance_id },
      el("time", {}), el("span", { class: "s" }, NAMES[u.speaker]), el("p", {}));
    node.addEventListener("mouseleave", () => { if (lit?.id === u.utterance_id) light(null); });
    rows.set(u.utterance_id, node);
  }
  const quote = lit?.id === u.utterance_id ? lit : null;
  node.className = `u ${u.speaker}${u.final ? "" : " partial"}${state.recording && u.final ? " playable" : ""}${quote ? " flash" : ""}${node.classList.contains("playing") ? " playing" : ""}`;
  node.dataset.start = u.start_ms;
  node.dataset.end = u.end_ms;
  node.firstChild.textContent = elapsed(u.start_ms);
  const stamp = `${u.text}|${u.final}|${state.emergencies.length}|${quote ? `${quote.start}-${quote.end}` : ""}`;
  if (node.dataset.stamp !== stamp) {
    node.dataset.stamp = stamp;
    const spans = quote ? [[quote.start, quote.end, "quote"]] : u.final ? dangerous(u) : [];
    node.lastChild.replaceChildren(...marked(u.text, spans));
  }
  return node;
}

function gapRow(gap) {
  const seconds = Math.max(1, Math.round((gap.end_ms - gap.start_ms) / 1000));
  return el("li", { class: "gap" }, `[${NAMES[gap.speaker]}转写中断 ${seconds} 秒]`);
}

function why() {
  if (!state.speech.available) return `暂无转写：${state.speech.reason || "语音识别没有运行"}`;
  const silent = Object.entries(state.silent).find(([, s]) => s > 0);
  if (silent) return `收不到${NAMES[silent[0]]}的声音，已重试`;
  return "";
}

function render() {
  const items = [
    ...[...state.utterances.values()].map((u) => [u.start_ms, row(u)]),
    ...state.gaps.map((gap) => [gap.start_ms, gapRow(gap)]),
    ...Object.values(state.partials).map((u) => [Math.max(u.start_ms, 1e-3), row(u)]),
  ].sort((a, b) => a[0] - b[0]);
  const nodes = items.map(([, node]) => node);
  if (!nodes.length && state.call) {
    nodes.push(el("li", { class: "t-none" }, why() || (state.call.answered_at ? "等待讲话…" : "接听后开始转写")));
  }
  if (!state.call) nodes.push(el("li", { class: "t-none" }, why() || "接听后在这里显示双方讲话"));
  nodes.forEach((node, i) => {
    if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null);
  });
  while (list.children.length > nodes.length) list.lastChild.remove();
  if (!state.call) rows.clear();
  // What must be known of a recogniser that works (it is the demonstration's) stands there at all times.
  $("#t-state").textContent = (items.length && why()) || (state.speech.available && state.speech.reason) || "";
  const delay = $("#t-delay");
  delay.hidden = !(state.delay >= 1);
  delay.textContent = `转写延迟 ${Math.round(state.delay)} 秒`;
  if (sticking) list.scrollTop = list.scrollHeight;
}

/** Scroll to an utterance and light the words up. */
export function jumpTo(utteranceId, start = 0, end = 0) {
  const node = rows.get(utteranceId);
  if (!node || !state.utterances.has(utteranceId)) return;
  light({ id: utteranceId, start, end });
  node.scrollIntoView({ block: "center" });
}

function light(words) {
  lit = words;
  render();
}

// -- playing the recording ---------------------------------------------------------------------------
const audio = $("#recording");

export function play(callId, seconds = 0) {
  $("#player").hidden = false;
  const source = `/recordings/${callId}`;
  const go = () => { audio.currentTime = seconds; audio.play().catch(() => {}); };
  if (audio.getAttribute("src") !== source) {
    audio.src = source;
    audio.addEventListener("loadedmetadata", go, { once: true });
    audio.load();
  } else go();
}

list.addEventListener("click", (event) => {
  const node = event.target.closest(".u.playable");
  if (node && !getSelection().toString()) play(state.call.id, node.dataset.start / 1000);
});
list.addEventListener("keydown", (event) => {
  if (event.key === "End") toLatest();
});
audio.addEventListener("timeupdate", () => {
  const ms = audio.currentTime * 1000;
  const ours = audio.getAttribute("src") === `/recordings/${state.call?.id}`;
  for (const node of list.querySelectorAll(".u")) {
    node.classList.toggle("playing", ours && !audio.paused && ms >= node.dataset.start && ms < node.dataset.end);
  }
});

on("call", () => {
  if (!state.call) { $("#player").hidden = true; audio.removeAttribute("src"); rows.clear(); lit = null; sticking = true; latest.hidden = true; }
});
on("transcript emergency recording speech call", render);
