// What waits while nobody is on the line: call-backs, messages, own unfinished tickets, the day's figures.
import { get, post } from "../web/api.js";
import { $, el } from "../web/dom.js";
import { on, state } from "../live/store.js";
import { dayTime, now, shortDay } from "../web/time.js";

const EVERY_MS = 30000;
const SOON_MS = 200; // several changes at once are read once
const pane = $("#d-idle");
let acts = {};
export function setTodoActs(given) { acts = given; }

const figure = (value, label) => el("div", {}, el("b", {}, String(value)), el("span", {}, label));
const hour = (iso) => shortDay(iso).slice(6);
const minutes = (ms) => (ms >= 5400000 ? `${Math.round(ms / 3600000)} 小时` : `${Math.max(1, Math.round(ms / 60000))} 分钟`);

function section(title, rows, none, keys = "") {
  return [el("h3", {}, title, rows.length ? el("b", { class: "tnum" }, ` ${rows.length}`) : null, keys ? el("kbd", {}, keys) : null),
    ...(rows.length ? rows : [el("p", { class: "none" }, none)])];
}

/** A button that is found again after the list was drawn anew, so that the keyboard does not lose its place. */
function key(id, text, run, more = {}) {
  return el("button", { type: "button", "data-key": id, onclick: async (event) => {
    const button = event.currentTarget;
    button.disabled = true; // pressed twice is pressed once
    await run();
    button.disabled = false;
    await refreshTodo();
  }, ...more }, text);
}

function due(task) {
  if (task.closed_until) return el("span", { class: "due tnum", title: "夜间不回拨市民" }, `夜间不回拨，${hour(task.closed_until)} 起`);
  const left = Date.parse(task.due_at) - now();
  return el("span", { class: `due tnum ${left < 0 ? "late" : ""}`, title: `应在 ${shortDay(task.due_at)} 前回拨` },
    left < 0 ? `超时 ${minutes(-left)}` : `剩 ${minutes(left)}`);
}

/** A player for whoever may hear the message; what may not be played is not offered. */
export const player = (m) => (m.playable
  ? el("audio", { controls: true, controlslist: "nodownload noplaybackrate", preload: "none", src: `/messages/${m.id}`, "aria-label": `留言 ${m.seconds} 秒` })
  : null);

function message(m) {
  return el("div", { class: "message" },
    player(m),
    el("span", { class: "grow hint" }, el("span", { class: "tnum" }, `${dayTime(m.at)} 留言`), `　${m.seconds} 秒，${m.note}`),
    m.text ? el("q", { title: m.text }, m.text) : null,
    m.check ? key(`check-${m.id}`, "核对工单", () => acts.resume(m.call_id), { title: `工单 ${m.ticket_no}` }) : null,
    m.may_close ? key(`heard-${m.id}`, "已听", () => post(`/api/desk/messages/${m.id}/heard`).catch((error) => acts.tell(error.message))) : null);
}

function holder(task) {
  if (!task.holder) return null;
  return el("span", { class: `tag ${task.holder.mine ? "accent" : ""}` },
    task.holder.mine ? "您已认领" : `${task.holder.name || "他人"} ${task.holder.at ? hour(task.holder.at) : ""} 已认领`);
}

function callbackRow(task) {
  const free = ["ready", "not_ready"].includes(state.agent.state);
  const others = task.holder && !task.holder.mine;
  return el("div", { class: `cb ${others ? "held" : ""}`, "data-task": task.id },
    el("div", { class: "row" },
      task.emergency ? el("span", { class: "tag red" }, "疑似紧急") : null,
      el("span", { class: `tag ${task.kind === "voicemail" ? "accent" : ""}` }, task.kind_label),
      el("b", { class: "tnum" }, task.display),
      el("span", { class: "grow hint" }, `${shortDay(task.called_at)} 来电`, task.attempts ? `　已拨 ${task.attempts} 次，上次${task.result || "未接通"}` : ""),
      holder(task) ?? due(task),
      task.holder?.mine && free ? key(`release-${task.id}`, "放回", () => acts.callBack(task.id, "release"), { class: "quiet" }) : null,
      others ? null : key(`call-${task.id}`, "回拨", () => acts.callBack(task.id), {
        disabled: !free || Boolean(task.closed_until), class: "do",
        title: task.closed_until ? `夜间不回拨市民，请在 ${hour(task.closed_until)} 以后回拨` : free ? "先接通您的软电话，再呼叫市民" : "通话或话后整理中不能外呼" })),
    ...task.messages.map(message));
}

function messageRow(m) {
  return el("div", { class: "cb" },
    el("div", { class: "row" },
      m.emergency ? el("span", { class: "tag red" }, "疑似紧急") : null,
      el("span", { class: "tag accent" }, "留言"),
      el("b", { class: "tnum" }, m.display)),
    message(m));
}

function draftRow(d) {
  return el("div", { class: "row" },
    el("time", { class: "tnum hint" }, shortDay(d.at)),
    el("span", { class: "grow" }, `${d.display}　${d.title || "（无标题）"}`),
    key(`draft-${d.call_id}`, "继续填写", () => acts.resume(d.call_id)));
}

/** Taken at this seat while the system was away: nothing was noted, so the ticket is written from the recording. */
function unwatchedRow(call) {
  return el("div", { class: "cb" },
    el("div", { class: "row" },
      el("span", { class: "tag amber" }, "中断期间接听"),
      el("b", { class: "tnum" }, call.display),
      el("span", { class: "grow hint" }, `${shortDay(call.at)} 来电，过程没有记录，请听录音`),
      key(`unwatched-${call.call_id}`, "补填工单", () => acts.resume(call.call_id))),
    call.recorded ? el("div", { class: "message" }, el("audio", { controls: true, controlslist: "nodownload", preload: "none", src: `/recordings/${call.call_id}`, "aria-label": "通话录音" })) : null);
}

const playing = () => [...pane.querySelectorAll("audio")].some((audio) => !audio.paused);

function render(todo) {
  const { today, callbacks, drafts, messages, unwatched, calendar_missing } = todo;
  const focused = pane.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  const top = pane.scrollTop;
  pane.replaceChildren(el("div", { class: "todo" },
    el("div", { class: "today" }, figure(today.answered, "今日接听"), figure(today.talk, "平均通话"), figure(today.tickets, "今日工单"), figure(today.on_line, "当场答复")),
    calendar_missing ? el("p", { class: "hint notice" }, `${calendar_missing} 年放假安排尚未公布：跨年的时限按法定节假日暂定，公布后自动重算，请勿向市民承诺确切日期。`) : null,
    ...section("没有提交的工单", drafts.map(draftRow), "没有，都提交了"),
    ...(unwatched.length ? section("中断期间接听、没有工单的来电", unwatched.map(unwatchedRow), "") : []),
    ...section("待回拨", callbacks.map(callbackRow), "没有待回拨的来电", "Alt+B"),
    ...(messages.length ? section("待核对的留言", messages.map(messageRow), "") : [])));
  pane.scrollTop = top;
  if (focused) (pane.querySelector(`[data-key="${focused}"]`) ?? pane).focus();
}

let asked = null;

/** Read the list again; while a message is played it is left alone. */
export function refreshTodo() {
  asked ??= new Promise((done) => setTimeout(done, SOON_MS)).then(async () => {
    asked = null;
    if (state.call || document.visibilityState !== "visible" || playing()) return;
    const todo = await get("/api/desk/todo").catch(() => null);
    if (todo && !state.call) render(todo);
  });
  return asked;
}

/** To the first thing that can be done here, by Alt+B. */
export function focusTodo() {
  if (state.call) return;
  (pane.querySelector("[data-key^=call-]:not(:disabled)") ?? pane).focus();
}

pane.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.closest("audio")) return;
  const keys = [...pane.querySelectorAll("button:not(:disabled)")];
  const to = keys[keys.indexOf(document.activeElement) + step];
  if (!to) return;
  event.preventDefault();
  to.focus();
});
pane.addEventListener("play", (event) => {
  for (const other of pane.querySelectorAll("audio")) if (other !== event.target) other.pause();
}, true);
pane.addEventListener("pause", () => refreshTodo(), true);
document.addEventListener("visibilitychange", () => refreshTodo());

setInterval(refreshTodo, EVERY_MS);
on("call agent", refreshTodo);
