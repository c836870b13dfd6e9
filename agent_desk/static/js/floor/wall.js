// The board on a wall: nobody touches it, so it mends its own link and says when what it shows is old.
import { $, el } from "../web/dom.js";
import { Live } from "../live/link.js";
import { on, state as shared } from "../live/store.js";
import { since, wallClock, now } from "../web/time.js";
import { draw } from "./chart.js";
import { level } from "./levels.js";
import { board, length, percent, rows, take } from "./picture.js";

const age = (iso) => el("time", { class: "tnum", "data-since": iso ?? "" }, since(iso) || "—");
const STATES = [["talking", "通话"], ["ringing", "振铃"], ["ready", "示闲"], ["wrap_up", "话后"], ["not_ready", "示忙"]];

function tile(value, label, kind = "", more = "") {
  return el("div", { class: `w-tile ${kind}` }, el("span", {}, label), el("b", { class: "tnum" }, value instanceof Node ? value : String(value)), el("i", {}, more));
}

const box = (value, label, kind = "") => el("li", { class: kind }, el("b", { class: "tnum" }, String(value)), el("span", {}, label));

function render() {
  const f = board.figures;
  const open = rows("emergencies").filter(([, e]) => !["accepted", "completed"].includes(e.handoff));
  $("#w-tiles").replaceChildren(
    tile(f.waiting, "排队", level("", "waiting")),
    tile(f.oldest_since ? age(f.oldest_since) : "—", "最长等待", level("", "longest_s")),
    tile(f.ready, "空闲", level("", "ready"), `在岗 ${f.staffed}`),
    tile(percent(f.lately.in_time), "15 秒接通率", level("", "in_time"), "近 30 分钟"),
    tile(percent(f.last_day.connected), "接通率", f.last_day.connected !== null && f.last_day.connected < 95 ? "amber" : "", "连续 24 小时"),
    tile(open.length, "紧急未移交", open.length ? "red" : ""),
  );
  const busy = rows("queues").filter(([, q]) => q.staffed || q.waiting || q.today.queued);
  $("#w-queues tbody").replaceChildren(...busy.slice(0, 5).map(([key, q]) => el("tr", {}, el("th", { scope: "row" }, q.label),
    el("td", { class: level(key, "waiting") }, String(q.waiting)), el("td", { class: level(key, "longest_s") }, q.oldest_since ? age(q.oldest_since) : "—"),
    el("td", { class: level(key, "ready") }, `${q.ready}/${q.staffed}`), el("td", { class: level(key, "in_time") }, percent(q.lately.in_time)), el("td", {}, length(q.today.handling_s)))));
  const seats = rows("seats").map(([, seat]) => seat);
  $("#w-seats").replaceChildren(...STATES.map(([state, label]) => {
    const these = seats.filter((seat) => !seat.away && (seat.state === state || (state === "talking" && seat.state === "held")));
    return box(these.length, label, state);
  }), box(f.today.answered, "今日接听"), box(f.today.abandoned, "今日放弃"), box(f.callbacks, "待回拨"));
  const svg = $("#today");
  draw(svg, { width: svg.clientWidth, height: svg.clientHeight, letter: innerWidth / 64 });
}

function freshness() {
  const down = !shared.link.up;
  const old = board.state?.stale_since;
  document.body.classList.toggle("old", down || Boolean(old));
  const asOf = wallClock(shared.link.asOf ?? now());
  $("#w-clock").textContent = wallClock(now()).slice(0, 5);
  const said = $("#w-said");
  if (!key || refused) said.textContent = "链接无效或已停用，请联系管理员重新生成";
  else if (down) said.textContent = board.state ? `连接中断，正在重连　以下截至 ${asOf}` : "正在连接";
  else if (!board.state?.known) said.textContent = "正在读取今天的数据";
  else if (old) said.textContent = `话务状态自 ${wallClock(Date.parse(old))} 起未更新`;
  else if (board.state.lost.length) said.textContent = board.state.lost.join("；");
  else said.textContent = "";
}

const key = location.hash.slice(1);
let refused = false;
const live = new Live({
  tab: "wall",
  path: "/ws/wall",
  key,
  wantSeat: () => false,
  health: () => ({}),
  on: {
    open() {},
    picture(message) { take(message); shared.link.up = true; refused = false; render(); freshness(); },
    event() {}, seat() {}, control() {},
    // A link may be good again after a restore of the database: a screen that nobody touches goes on asking.
    signedOut() { shared.link.up = false; refused = true; freshness(); setTimeout(() => live.connect(), 60000); },
  },
});
on("link", freshness);
setInterval(() => {
  if (shared.link.up) for (const node of document.querySelectorAll("time[data-since]")) if (node.dataset.since) node.textContent = since(node.dataset.since);
  freshness();
}, 1000);
setInterval(() => { if (shared.link.up && board.figures) render(); }, 5000);
if (key) live.connect();
freshness();
