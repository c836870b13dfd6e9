// The supervisors' board: drawn from the picture that the live link keeps current; old numbers look old.
import { $, el, say } from "../web/dom.js";
import { Live } from "../live/link.js";
import { on, state as shared } from "../live/store.js";
import { now, since, wallClock } from "../web/time.js";
import { draw } from "./chart.js";
import * as grid from "./grid.js";
import { chime, level, METRICS, worse } from "./levels.js";
import { board, length, percent, rows, seconds, take } from "./picture.js";
import * as settings from "./settings.js";
import * as steering from "./steering.js";

const maySteer = $(".board").dataset.steer === "yes";
const age = (iso, kind = "") => el("time", { class: `tnum ${kind}`, "data-since": iso ?? "" }, since(iso) || "—");
const cell = (label, kind, ...children) => el("td", { class: kind, "data-label": label }, ...children);
const num = (label, value, kind = "") => cell(label, `num tnum ${kind}`, typeof value === "object" ? value : String(value));

function tile(value, label, kind = "", more = "") {
  return el("div", { class: `tile ${kind}` }, el("span", {}, label), el("b", { class: "tnum" }, value instanceof Node ? value : String(value)), el("i", { title: more || null }, more));
}

function figures() {
  const f = board.figures;
  const open = rows("emergencies").filter(([, e]) => !["accepted", "completed"].includes(e.handoff));
  const reasons = Object.entries(f.reasons).map(([reason, n]) => `${reason} ${n}`).join("，");
  $("#figures").replaceChildren(
    tile(f.waiting, "排队", level("", "waiting")),
    tile(f.oldest_since ? age(f.oldest_since) : "—", "最长等待", level("", "longest_s")),
    tile(f.ready, "空闲", level("", "ready"), `在岗 ${f.staffed}`),
    tile(f.talking, "通话中", "", f.ringing ? `另有 ${f.ringing} 个振铃` : ""),
    tile(f.wrap_up, "话后整理"),
    tile(f.not_ready, "示忙", "", reasons),
    tile(percent(f.lately.in_time), "15 秒接通率", level("", "in_time"), `近 30 分钟 ${f.lately.queued} 个`),
    tile(percent(f.last_day.connected), "接通率", f.last_day.connected !== null && f.last_day.connected < 95 ? "amber" : "", "连续 24 小时"),
    tile(f.callbacks, "待回拨"),
    tile(open.length, "紧急未移交", open.length ? "red" : "", rows("emergencies").length > open.length ? `已移交 ${rows("emergencies").length - open.length}` : ""),
  );
}

function queues() {
  const open = ([, q]) => q.staffed || q.waiting || q.last_day.queued;
  const closed = rows("queues").filter((queue) => !open(queue)).map(([, q]) => q.label);
  $("#closed").hidden = !closed.length;
  $("#closed").textContent = `无人在岗、24 小时内无来电：${closed.join("、")}`;
  const body = rows("queues").filter(open).map(([key, q]) => el("tr", {},
    el("th", { scope: "row" }, q.label),
    num("排队", q.waiting, level(key, "waiting")), cell("最长等待", `num ${level(key, "longest_s")}`, q.oldest_since ? age(q.oldest_since) : "—"),
    num("空闲 / 在岗", `${q.ready} / ${q.staffed}`, level(key, "ready")),
    num("通话", q.talking), num("话后", q.wrap_up), num("示忙", q.not_ready),
    num("近 30 分钟 15 秒接通", percent(q.lately.in_time), `${level(key, "in_time")} first`), num("近 30 分钟放弃", q.lately.abandoned, level(key, "abandoned")),
    num("今日接听", q.today.answered, "first"), num("今日放弃", q.today.short ? `${q.today.abandoned}（${q.today.short}）` : q.today.abandoned), num("今日接通率", percent(q.today.connected)),
    num("平均等待", seconds(q.today.wait_s)), num("平均处理", length(q.today.handling_s)),
    num("24 小时 15 秒接通", percent(q.last_day.in_time), "first"), num("24 小时接通率", percent(q.last_day.connected))));
  $("#queues tbody").replaceChildren(...body);
}

/** A node's name, where there are several. */
const at = (row) => (board.state.nodes.length > 1 && row.node ? `（${row.node}）` : "");

function callers() {
  const waiting = rows("waiting").map(([, w]) => w).sort((a, b) => b.priority - a.priority || Date.parse(a.since) - Date.parse(b.since));
  $("#callers tbody").replaceChildren(...waiting.map((w) => el("tr", {},
    cell("来电", "tnum nowrap", w.caller), cell("队列", "nowrap", w.queue_label + at(w)),
    cell("已等待", "num", w.away ? el("span", { class: "tag" }, w.away) : age(w.since)),
    cell("已知情况", "", el("div", { class: "tags" },
      w.emergency ? el("span", { class: "tag red" }, "疑似紧急") : null,
      w.priority ? el("span", { class: "tag accent" }, "优先") : null,
      w.tries > 1 ? el("span", { class: "tag amber" }, `24 小时内第 ${w.tries} 次来电`) : null,
      ...w.learnt.map((text) => el("span", { class: "tag" }, text)),
      w.rung ? el("span", { class: "tag accent" }, `${w.rung} 振铃中`) : null)))));
  $("#no-callers").hidden = waiting.length > 0;
}

function calls() {
  const shown = rows("calls").map(([id, c]) => ({ id, ...c })).sort((a, b) => b.emergency - a.emergency || Date.parse(a.since) - Date.parse(b.since));
  $("#calls tbody").replaceChildren(...shown.map((c) => el("tr", {},
    cell("来电", "tnum nowrap", c.caller + at(c)), cell("状态", "nowrap", c.away ? el("span", { class: "tag" }, c.away) : c.state_label + (c.inbound ? "" : "·外呼"), " ", c.emergency ? el("span", { class: "tag red" }, "疑似紧急") : null),
    cell("坐席", "nowrap", c.agent || "—"), cell("时长", "num", age(c.since)), maySteer ? cell("操作", "do", c.away ? "" : steering.callButton(c.id, c)) : null)));
  $("#no-calls").hidden = shown.length > 0;
}

function chart() {
  draw($("#today"), { width: 460, height: 196, letter: 11 });
  const f = board.figures.today;
  $("#today-said").textContent = `人工请求 ${f.queued}，接听 ${f.answered}，放弃 ${f.abandoned}（5 秒内 ${f.short}），平均等待 ${seconds(f.wait_s)}（自来电起 ${seconds(f.arrival_s)}），平均处理 ${length(f.handling_s)}`;
}

function unwatched() {
  $("#unwatched").hidden = !board.unwatched;
  $("#unwatched").textContent = `一天内有 ${board.unwatched} 个中断期间来电`;
}

const DRAWS = [
  [figures, ["figures", "emergencies", "limits"]],
  [queues, ["queues", "limits"]],
  [callers, ["waiting", "state"]],
  [calls, ["calls", "state"]],
  [grid.render, ["seats"]],
  [grid.teamsChanged, ["teams"]],
  [chart, ["halves", "usual", "figures"]],
  [unwatched, ["unwatched"]],
];

function picture(message) {
  const changed = take(message);
  shared.link.up = true;
  for (const [run, sections] of DRAWS) if (sections.some((section) => changed.has(section))) run();
  alarm();
  freshness();
}

/** A sound and a sentence once when a figure gets worse; the colours follow the time that passes. */
function alarm() {
  const found = worse();
  if (!found.length) return;
  const worst = found.some(([, , is]) => is === "red") ? "red" : "amber";
  if ($("#sound").checked) chime(worst).catch(() => {});
  const [key, metric] = found.find(([, , is]) => is === worst);
  say(`${key ? board.queues[key].label : "全部队列"}：${METRICS[metric].label}${worst === "red" ? "红色" : "黄色"}阈值`);
}

function freshness() {
  const known = Boolean(board.state?.known);
  const down = !shared.link.up;
  const { stale_since: old, lost = [] } = board.state ?? {};
  const asOf = wallClock(shared.link.asOf ?? now());
  $("#stale").hidden = !(down || old || lost.length || !known);
  if (down) $("#stale").textContent = board.state ? `连接中断，正在重连。以下是 ${asOf} 的状态，不是实时数字。` : "连接中断，正在重连。";
  else if (!known) $("#stale").textContent = "正在读取今天的数据，数字还不完整。";
  else if (old) $("#stale").textContent = `话务状态自 ${wallClock(Date.parse(old))} 起未更新，以下不是实时数字。`;
  else if (lost.length) $("#stale").textContent = `${lost.join("；")}。其来电和坐席未计入以下数字。`;
  $(".board").classList.toggle("old", down || Boolean(old));
  $("#as-of").textContent = down || old ? `截至 ${down ? asOf : wallClock(Date.parse(old))}` : `实时　${asOf}`;
}

grid.start(maySteer ? (seat) => (seat.away ? "" : steering.seatButton(seat)) : null);
steering.start();
settings.start();
const SOUND = "hotline-board-sound";
$("#sound").checked = localStorage.getItem(SOUND) !== "no";
$("#sound").addEventListener("change", (event) => {
  localStorage.setItem(SOUND, event.target.checked ? "yes" : "no");
  if (event.target.checked) chime("amber").catch(() => {});
});

const live = new Live({
  tab: `board-${Math.random()}`,
  board: true,
  wantSeat: () => false,
  health: () => ({ sip: false, mic: false }),
  on: { open() {}, picture, event() {}, seat() {}, control() {}, signedOut: () => location.assign("/login") },
});
on("link", freshness);
let ticks = 0;
setInterval(() => {
  if (!board.state) return freshness();
  // Of what is old nothing grows: it is shown as it was.
  if (shared.link.up) {
    for (const node of document.querySelectorAll("time[data-since]")) if (node.dataset.since) node.textContent = since(node.dataset.since);
    if (worseByTime()) { figures(); queues(); alarm(); }
    if (++ticks % 15 === 0) grid.pass();
  }
  freshness();
}, 1000);
let shown = "";
/** Only the longest waits cross a limit while nothing happens. */
function worseByTime() {
  const is = ["", ...rows("queues").map(([key]) => key)].map((key) => level(key, "longest_s")).join();
  const moved = is !== shown;
  shown = is;
  return moved;
}
live.connect();
