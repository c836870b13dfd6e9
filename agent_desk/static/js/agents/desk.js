// The desk's entry: brings the parts together, binds keys and buttons. State in store.js, one pane a module.
import { get } from "../web/api.js";
import { $, say } from "../web/dom.js";
import { changed, clearCall, on, state } from "../live/store.js";
import { bind, rows } from "../web/keys.js";
import { act, callBack, handoff, leave, send, tell, toggleReady, transfer, wrapUpDone } from "./acts.js";
import { notOne, setActs } from "./alerts.js";
import { openTicket } from "./call_back.js";
import { closeOf, help, keypad } from "./dialogs.js";
import { focusDraft, jumpToSource, otherWords, save, setLookups, takeAll } from "./draft.js";
import { live, refresh, resume } from "./follow.js";
import { claimSeat, devicesDialog, hangup, phone, retryMic, takeSeat } from "./seat.js";
import { focusTodo, refreshTodo, setTodoActs } from "./todo.js";
import { toLatest } from "./transcript.js";
import "./bar.js";
import "./caller.js";
import "./answers.js";
import { forgetAll } from "./unsaved.js";
import { start as submitWaiting } from "./waiting.js";

state.seat = "none";
setTodoActs({ resume, callBack, tell });
setActs({ handoff, leave, act, tell, takeSeat: () => takeSeat(true), retryMic });

// -- keys and buttons ---------------------------------------------------------------------------------------
const when = (id, run) => () => { if (!$(id).disabled) run(); };
bind("F1", "快捷键说明（不在输入时也可按 ?）", () => help(rows()));
bind("F2", "接听", when("#k-answer", () => phone.answer()));
bind("F4", "挂断", when("#k-hangup", hangup));
bind("F8", "保持 / 恢复", when("#k-hold", () => phone.toggleHold()));
bind("F9", "移交 110/119/120/122 或外地12345", when("#k-handoff", () => handoff()));
bind("Alt+I", "不是紧急情况", notOne);
bind("Alt+Q", "对方接听后离开会议", leave);
bind("Alt+M", "静音", when("#k-mute", () => phone.toggleMute()));
bind("Alt+T", "转接坐席或单位", when("#k-transfer", transfer));
bind("Alt+P", "拨号键盘", when("#k-pad", () => keypad((key) => phone.digit(key))));
bind("Alt+R", "示闲 / 示忙 / 完成话后", toggleReady);
bind("Alt+C", "到来电人", () => $("#caller .c-list, #caller")?.focus());
bind("Alt+X", "到转写", () => $("#t-list").focus());
bind("Alt+L", "转写回到最新", toLatest);
bind("Alt+W", "到工单第一个空项", focusDraft);
bind("Alt+Y", "采纳全部建议", takeAll);
bind("Alt+O", "看当前项的原话", jumpToSource);
bind("Alt+Z", "纠正过的文字换回听写原文", otherWords);
bind("Alt+K", "搜索知识", () => $("#a-search").select());
bind("Alt+S", "派单", () => send("dispatch"));
bind("Alt+A", "直接答复办结", () => send("answer"));
bind("Alt+G", "登记待分流", () => send("register"));
bind("Alt+N", "不予受理", () => send("decline"));
bind("Alt+H", "已移交", () => send("hand_over"));
bind("Alt+V", "打开回拨对应的工单", openTicket);
bind("Alt+B", "到待回拨", focusTodo);
bind("Alt+J", "耳麦检测", devicesDialog);

for (const [id, run] of [
  ["#k-answer", () => phone.answer()],
  ["#k-hangup", hangup],
  ["#k-hold", () => phone.toggleHold()],
  ["#k-mute", () => phone.toggleMute()],
  ["#k-pad", () => keypad((key) => phone.digit(key))],
  ["#k-transfer", transfer],
  ["#k-handoff", () => handoff()],
  ["#k-devices", devicesDialog],
  ["#k-help", () => help(rows())],
  ["#seat-ready", toggleReady],
  ["#wrap-done", wrapUpDone],
  ["#d-close", async () => { await save(); clearCall(); }],
]) $(id).addEventListener("click", run);
for (const button of document.querySelectorAll("[data-submit]")) button.addEventListener("click", () => send(button.dataset.submit));

const menu = $("#seat-menu");
function showMenu(open) {
  menu.hidden = !open;
  $("#seat-state").setAttribute("aria-expanded", String(open));
}
$("#seat-state").addEventListener("click", () => {
  showMenu(menu.hidden);
  if (!menu.hidden) $("button", menu).focus();
});
menu.addEventListener("click", (event) => {
  const { reason } = event.target.dataset;
  if (!reason) return;
  showMenu(false);
  $("#seat-state").focus();
  act("not_ready", { reason });
});
menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") { showMenu(false); $("#seat-state").focus(); }
  if (step) (step > 0 ? document.activeElement.nextElementSibling : document.activeElement.previousElementSibling)?.focus();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("#seat")) showMenu(false);
  if (!event.target.closest(".me")) $(".me").open = false;
});
$("#logout").addEventListener("submit", forgetAll);

// -- start ------------------------------------------------------------------------------------------------
on("conflict", refresh); // somebody was quicker: show what the matter has come to
on("call", () => document.body.toggleAttribute("data-call", Boolean(state.call)));
on("call phone", () => {
  if (!state.call || state.call.state === "ended") closeOf("handoff", "transfer");
  if (!state.phone.session) closeOf("pad");
});
get("/api/desk/lookups").then(setLookups).catch(() => setTimeout(() => get("/api/desk/lookups").then(setLookups), 5000));
const me = await get("/api/me").catch(() => null);
if (me) {
  state.me = me;
  if (me.extension) await claimSeat();
}
submitWaiting({
  done(one, ticket) {
    say(`数据库已恢复，${one.label}，工单 ${ticket.no}`);
    if (state.call?.id === one.callId && state.draft) {
      state.draft.ticket = ticket;
      changed("draft");
    }
    refreshTodo();
  },
  refused(one, error) {
    tell(`工单没有提交：${error.message}`);
    if (state.call?.id === one.callId) changed("conflict");
    refreshTodo();
  },
});
live.connect();
