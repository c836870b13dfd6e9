// The supervisor's board: a snapshot, kept current by events; it says how old it is when the link is lost.
import { get, post } from "../web/api.js";
import { $, el } from "../web/dom.js";
import { Live } from "../live/link.js";
import { on, state as shared } from "../live/store.js";
import { setNow, since, wallClock } from "../web/time.js";

let board = null;
let reading = 0;
const repairs = $(".board").dataset.repair === "yes";

function table(heads, rows, none) {
  if (!rows.length) return el("p", { class: "empty" }, none);
  for (const row of rows) [...row.children].forEach((each, i) => { each.dataset.label = heads[i][0]; });
  return el("table", { class: "list" }, el("thead", {}, el("tr", {}, ...heads.map(([text, kind]) => el("th", { class: kind }, kind === "sr-only" ? el("span", { class: "sr" }, text) : text)))),
    el("tbody", {}, ...rows));
}
const age = (iso) => el("time", { class: "tnum", "data-since": iso ?? "" }, since(iso) || "—");
const cell = (...children) => el("td", {}, ...children);

function figure(value, label, warn = false) {
  return el("div", { class: `figure${warn ? " warn" : ""}` }, el("b", {}, String(value)), el("span", {}, label));
}

async function repair(agent) {
  await post("/api/board/repair", { agent }).catch((error) => alert(error.message));
  refresh();
}

function render() {
  if (!board) return;
  const { calls, queues } = board;
  // A node's name is worth a column only where there are several.
  const several = board.nodes.length > 1;
  const node = (row) => (several ? [cell(row.node || "—")] : []);
  const head = several ? [["节点"]] : [];
  const agents = board.agents.filter((a) => !a.away);
  const waiting = queues.reduce((sum, q) => sum + q.waiting, 0);
  const count = (...states) => agents.filter((a) => states.includes(a.state)).length;
  $("#figures").replaceChildren(
    figure(waiting, "排队来电", waiting > 0),
    figure(count("talking", "held"), "通话中"),
    figure(count("ready"), "空闲坐席", count("ready") === 0 && agents.length > 0),
    figure(count("wrap_up"), "话后整理"),
    figure(count("not_ready"), "示忙"),
    figure(board.callbacks, "待回拨", board.callbacks > 0),
    ...(board.unwatched ? [el("a", { class: "figure warn", href: "/unwatched" }, el("b", {}, String(board.unwatched)), el("span", {}, "一天内中断期间来电"))] : []),
  );
  $("#queues").replaceChildren(table(
    [["队列"], ["排队", "num"], ["最长等待", "num"], ["空闲 / 在岗", "num"]],
    queues.map((q) => el("tr", {}, cell(q.label), el("td", { class: "num tnum" }, String(q.waiting)),
      el("td", { class: "num" }, q.oldest_since ? age(q.oldest_since) : "—"),
      el("td", { class: "num tnum" }, `${q.ready} / ${q.staffed}`))), "没有队列"));
  $("#agents").replaceChildren(table(
    [["分机"], ["姓名"], ...head, ["状态"], ["持续"], ["队列"], ["操作", "sr-only"]],
    board.agents.map((a) => el("tr", {}, el("td", { class: "tnum" }, a.agent), cell(a.name), ...node(a),
      cell(a.away ? el("span", { class: "tag" }, a.away) : el("span", { class: `tag ${{ ready: "green", talking: "accent", held: "accent", ringing: "accent", not_ready: "amber" }[a.state] ?? ""}` }, a.state_label + (a.reason ? `·${a.reason}` : ""))),
      cell(age(a.since)), cell(a.queues.join("、")),
      cell(repairs && !a.away ? el("button", { class: "link", onclick: () => repair(a.agent), title: "状态与话机不符时使用" }, "校正状态") : ""))),
    "没有坐席在线"));
  $("#calls").replaceChildren(table(
    [["来电"], ...head, ["状态"], ["持续"], ["队列"], ["坐席"], ["提示", "sr-only"]],
    calls.map((c) => el("tr", {}, el("td", { class: "tnum" }, c.caller), ...node(c), cell(c.away ? el("span", { class: "tag" }, c.away) : c.state_label), cell(age(c.since)), cell(c.queue), cell(c.agent || "—"),
      cell(c.emergency ? el("span", { class: "tag red" }, "疑似紧急") : ""))), "没有来电"));
  freshness();
}

function freshness() {
  const stale = $("#stale");
  const down = board && !shared.link.up;
  const old = board?.stale;
  const lost = board?.lost ?? [];
  stale.hidden = !(down || old || lost.length);
  if (down) stale.textContent = `连接中断，正在重连…（显示的是 ${wallClock(shared.link.asOf ?? Date.now())} 的状态）`;
  else if (old) stale.textContent = `话务状态自 ${wallClock(Date.parse(board.stale_since))} 起未更新，以下不是实时数字。`;
  else if (lost.length) stale.textContent = `${lost.join("；")}。其来电和坐席未计入以下数字。`;
  $("#as-of").textContent = shared.link.up && !old ? `实时　${wallClock(shared.link.asOf ?? Date.now())}` : "";
}

async function refresh() {
  clearTimeout(reading);
  reading = 0;
  try {
    board = await get("/api/board/state");
    setNow(board.now);
    shared.link.up = true;
    render();
  } catch { freshness(); }
}
/** Events come in bursts: read at most four times a second. */
const soon = () => { reading ||= setTimeout(refresh, 250); };

const live = new Live({
  tab: `board-${Math.random()}`,
  wantSeat: () => false,
  health: () => ({ sip: false, mic: false }),
  on: { open: refresh, event: soon, seat() {}, control() {}, signedOut: () => location.assign("/login") },
});
on("link", freshness);
setInterval(() => {
  for (const node of document.querySelectorAll("time[data-since]")) if (node.dataset.since) node.textContent = since(node.dataset.since);
  freshness();
}, 1000);
live.connect();
