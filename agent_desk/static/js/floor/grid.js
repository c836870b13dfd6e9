// The agents: each row drawn only when it changed; sorted, filtered and searched without the server.
import { $, el } from "../web/dom.js";
import { now, since } from "../web/time.js";
import { board, length, notReady, occupancy, percent, rows } from "./picture.js";

const STATES = ["ready", "ringing", "talking", "held", "wrap_up", "not_ready"];
const TONE = { ready: "green", ringing: "accent", talking: "accent", held: "accent", not_ready: "amber" };

const mean = (sum, seat) => (seat.handled ? sum / seat.handled : null);
const total = (by) => Object.values(by).reduce((sum, s) => sum + s, 0);
const minutes = (s) => `${Math.round(s / 60)}`;
const age = (iso) => el("time", { class: "tnum", "data-since": iso }, since(iso));
const old = (seat) => now() - Date.parse(seat.since);

function state(seat) {
  if (seat.away) return [el("span", { class: "tag" }, seat.away)];
  const label = seat.state_label + (seat.reason ? `·${seat.reason}` : "");
  return [el("span", { class: `tag ${TONE[seat.state] ?? ""}` }, label), age(seat.since)];
}
function reasons(seat) {
  const by = Object.entries(notReady(seat)).filter(([, s]) => s >= 30).sort((a, b) => b[1] - a[1]);
  return by.length ? by.map(([reason, s]) => `${reason} ${minutes(s)}`).join("，") : "—";
}

/** Each column: heading, what it sorts by, what it shows; `live` ones change while time passes. */
const COLUMNS = [
  { key: "agent", head: "分机", by: (s) => Number(s.agent), show: (s) => [s.agent, board.state?.nodes.length > 1 && s.node ? el("i", { class: "hint" }, ` ${s.node}`) : ""], kind: "tnum" },
  { key: "name", head: "姓名", by: (s) => s.name, show: (s) => s.name || "—", kind: "nowrap" },
  { key: "team", head: "班组", by: (s) => s.team || "\uffff", show: (s) => s.team || "—", kind: "nowrap" },
  { key: "state", head: "状态", by: (s) => STATES.indexOf(s.state) * 1e9 - old(s) / 1000, show: state, kind: "state" },
  { key: "call", head: "通话", by: (s) => (s.call_since ? Date.parse(s.call_since) : Infinity), show: (s) => (s.caller ? [el("span", { class: "tnum" }, s.caller), age(s.call_since)] : "—"), kind: "call" },
  { key: "queues", head: "队列", by: (s) => s.queues.join(), show: (s) => s.queues.join("、") || "—", kind: "few", title: (s) => `技能：${s.skills.join("、") || "无"}` },
  { key: "answered", head: "接听", by: (s) => -s.answered, show: (s) => (s.outbound ? `${s.answered}+${s.outbound}` : s.answered), kind: "num tnum", title: (s) => `接听 ${s.answered}，外呼 ${s.outbound}` },
  { key: "missed", head: "漏接", by: (s) => -s.missed, show: (s) => s.missed, kind: "num tnum", tone: (s) => (s.missed ? "amber" : "") },
  { key: "talk", head: "均通话", by: (s) => -(mean(s.talk_s, s) ?? -1), show: (s) => length(mean(s.talk_s, s)), kind: "num tnum" },
  { key: "hold", head: "均保持", by: (s) => -(mean(s.hold_s, s) ?? -1), show: (s) => length(mean(s.hold_s, s)), kind: "num tnum" },
  { key: "wrap", head: "均话后", by: (s) => -(mean(s.wrap_s, s) ?? -1), show: (s) => length(mean(s.wrap_s, s)), kind: "num tnum" },
  { key: "occupancy", head: "利用率", by: (s) => -(occupancy(s) ?? -1), show: (s) => percent(occupancy(s)), kind: "num tnum", live: true },
  { key: "not_ready", head: "示忙（分钟）", by: (s) => -total(notReady(s)), show: reasons, kind: "few", live: true, title: (s) => `合计 ${minutes(total(notReady(s)))} 分钟` },
];

let order = { key: "state", down: false };
let act = null;
const drawn = new Map();

function cells(seat) {
  return COLUMNS.map((column) => {
    const shown = column.show(seat);
    return el("td", { class: `${column.kind ?? ""} ${column.tone?.(seat) ?? ""}`.trim(), "data-label": column.head, title: column.title?.(seat) },
      ...(Array.isArray(shown) ? shown : [String(shown)]));
  });
}

function row(seat) {
  const known = drawn.get(seat.agent);
  if (known?.seat === seat) return known.node;
  const node = el("tr", { "data-seat": seat.agent }, ...cells(seat), act ? el("td", { class: "do" }, act(seat)) : null);
  // Whoever stands on a button of this row with the keyboard stays there.
  if (known?.node.contains(document.activeElement)) queueMicrotask(() => $("button", node)?.focus());
  drawn.set(seat.agent, { seat, node });
  return node;
}

function wanted(seat) {
  const text = $("#find-agent").value.trim();
  const team = $("#of-team").value;
  const is = $("#in-state").value;
  if (text && !seat.name.includes(text) && !seat.agent.includes(text)) return false;
  if (team && seat.team !== (team === "-" ? "" : team)) return false;
  return !is || (is === "talking" ? ["talking", "held"].includes(seat.state) : seat.state === is);
}

function compare(a, b) {
  const { by } = COLUMNS.find((column) => column.key === order.key);
  const [x, y] = [by(a), by(b)];
  const first = typeof x === "string" ? x.localeCompare(y, "zh-CN") : x - y || 0;
  return (order.down ? -first : first) || Number(a.agent) - Number(b.agent);
}

/** Draw what changed, in order. */
export function render() {
  const seats = rows("seats").map(([, seat]) => seat);
  for (const agent of drawn.keys()) if (!board.seats?.[agent]) drawn.delete(agent);
  const shown = seats.filter(wanted).sort(compare);
  const body = $("#agents tbody");
  const nodes = shown.map(row);
  if (nodes.length !== body.children.length || nodes.some((node, i) => body.children[i] !== node)) body.replaceChildren(...nodes);
  $("#no-agents").hidden = shown.length > 0;
  $("#no-agents").textContent = seats.length ? "没有符合条件的坐席" : "没有坐席在线";
  $("#agent-count").textContent = shown.length === seats.length ? `在线 ${seats.length} 人` : `在线 ${seats.length} 人，显示 ${shown.length} 人`;
}

/** What changes by itself: shares and minutes of the day. */
export function pass() {
  for (const { seat, node } of drawn.values()) {
    COLUMNS.forEach((column, i) => { if (column.live) node.children[i].textContent = String(column.show(seat)); });
  }
}

export function teamsChanged() {
  const select = $("#of-team");
  const chosen = select.value;
  select.replaceChildren(el("option", { value: "" }, "全部班组"), ...(board.teams ?? []).map((team) => el("option", {}, team.name)), el("option", { value: "-" }, "未分班组"));
  select.value = [...select.options].some((option) => option.value === chosen) ? chosen : "";
}

function heads() {
  return COLUMNS.map((column) => {
    const is = order.key === column.key ? (order.down ? "descending" : "ascending") : null;
    const press = () => {
      order = { key: column.key, down: order.key === column.key && !order.down };
      $("#agents thead tr").replaceChildren(...heads());
      $(`#agents thead [data-key=${column.key}]`).focus();
      render();
    };
    return el("th", { class: column.kind?.startsWith("num") ? "num" : "", scope: "col", "aria-sort": is }, el("button", { class: "sort", "data-key": column.key, onclick: press }, column.head));
  }).concat(act ? [el("th", { scope: "col" }, el("span", { class: "sr" }, "操作"))] : []);
}

/** `acts(seat)` makes what stands in a row's last cell. */
export function start(acts) {
  act = acts;
  $("#agents").replaceChildren(el("table", { class: "list dense grid" }, el("thead", {}, el("tr", {}, ...heads())), el("tbody", {})));
  for (const id of ["#find-agent", "#of-team", "#in-state"]) $(id).addEventListener("input", render);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    event.preventDefault();
    $("#find-agent").focus();
  });
}
