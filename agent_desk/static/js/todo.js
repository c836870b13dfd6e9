// What waits while nobody is on the line: call-backs, own unfinished tickets, the day's figures.
import { get } from "./api.js";
import { $, el } from "./dom.js";
import { on, state } from "./store.js";
import { shortDay } from "./time.js";

const EVERY_MS = 30000;
const pane = $("#d-idle");
let acts = {};
export function setTodoActs(given) { acts = given; }

const figure = (value, label) => el("div", {}, el("b", {}, String(value)), el("span", {}, label));

function section(title, rows, none) {
  return [el("h3", {}, title), ...(rows.length ? rows : [el("p", { class: "none" }, none)])];
}

function render(todo) {
  const { today, callbacks, drafts } = todo;
  pane.replaceChildren(el("div", { class: "todo" },
    el("div", { class: "today" }, figure(today.answered, "今日接听"), figure(today.talk, "平均通话"), figure(today.tickets, "今日工单"), figure(today.on_line, "当场答复")),
    ...section("没有提交的工单", drafts.map((d) => el("div", { class: "row" },
      el("time", { class: "tnum hint" }, shortDay(d.at)),
      el("span", {}, `${d.display}　${d.title || "（无标题）"}`),
      el("button", { type: "button", onclick: () => acts.resume(d.call_id) }, "继续填写"))), "没有，都提交了"),
    ...section("待回拨", callbacks.map((c) => el("div", { class: "row" },
      el("span", { class: `tag ${c.late ? "amber" : ""}` }, c.kind_label),
      el("span", {}, `${c.display}　${shortDay(c.created_at)} 来电${c.attempts ? `　已拨 ${c.attempts} 次` : ""}`),
      el("time", { class: "hint tnum" }, c.late ? "已过时限" : `${shortDay(c.due_at).slice(6)} 前`),
      el("button", { type: "button", disabled: !["ready", "not_ready"].includes(state.agent.state), onclick: () => acts.callOut(c.phone, c.id) }, "回拨"))), "没有待回拨的来电")));
}

async function refresh() {
  if (state.call || document.visibilityState !== "visible") return;
  const todo = await get("/api/desk/todo").catch(() => null);
  if (todo && !state.call) render(todo);
}

setInterval(refresh, EVERY_MS);
on("call agent", refresh);
