// What a call of ours answers: the call or message it was made for, and the ticket that exists already.
// One matter, one ticket: submitting completes that ticket unless the agent says that one more is wanted.
import { ask } from "./dialogs.js";
import { $, el } from "../web/dom.js";
import { changed, on, state } from "../live/store.js";
import { shortDay } from "../web/time.js";
import { player } from "./todo.js";

const pane = $("#d-origin");
let shown = "";
let anew = ""; // the call for which one more ticket is wanted
export const wantsNew = () => Boolean(state.call) && anew === state.call.id;

const page = (no) => `/tickets/${no}`;

/** Before submitting: whether it may go on. Where nothing is left to complete, one more ticket is asked for once. */
export async function agreed() {
  const back = state.call?.call_back;
  return !back?.tickets.length || Boolean(back.completes) || wantsNew() || another();
}

async function another() {
  const { id, call_back: back } = state.call;
  const [ticket] = back.tickets;
  if (!(await ask("另建一张新工单？", `本次回拨对应工单 ${ticket.no}，${ticket.state_label}。同一件事不必另建；市民另有新的诉求时才建新工单。`))) return false;
  anew = id;
  changed("draft");
  return true;
}

/** The ticket's page, by key. */
export function openTicket() {
  const ticket = state.call?.call_back?.tickets[0];
  if (ticket) open(page(ticket.no), "_blank", "noopener");
}

const link = (ticket) => el("a", { href: page(ticket.no), target: "_blank", rel: "noopener", title: `${ticket.title}（Alt+V 打开）`, class: "tnum" }, ticket.no);
const named = (ticket) => [link(ticket), el("span", { class: "tag amber" }, `${ticket.state_label}${ticket.unit ? `·${ticket.unit}` : ""}`)];

function consequence(back) {
  if (state.draft?.ticket) return null;
  const told = wantsNew() ? "提交将另建新工单" : back.completes ? `提交即补全工单 ${back.completes}，不另建` : "已登记，无新诉求不必再建";
  const other = wantsNew()
    ? el("button", { type: "button", class: "quiet-do", onclick: () => { anew = ""; changed("draft"); } }, "改回不另建")
    : el("button", { type: "button", class: "quiet-do", onclick: another }, "另建新工单");
  return el("div", { class: "row" }, el("b", { class: "grow" }, told), other);
}

function render() {
  const back = state.draft && state.call?.call_back;
  // Drawn anew only when it says something else: a message may be playing.
  const stamp = JSON.stringify([state.call?.id, back, wantsNew(), state.draft?.ticket]);
  if (stamp === shown) return null;
  shown = stamp;
  pane.hidden = !back;
  if (!back) return pane.replaceChildren();
  const said = back.messages.find((m) => m.text);
  return pane.replaceChildren(
    el("div", { class: "row" },
      el("span", { class: "tag accent" }, `回拨·${back.kind_label}`),
      el("span", { class: "hint tnum" }, `${shortDay(back.called_at)} 来电`),
      back.tickets.length ? el("span", {}, "本次回拨对应工单") : el("span", {}, "尚无工单，按本次通话填写"),
      ...back.tickets.slice(0, 2).flatMap(named),
      back.tickets.length > 2 ? el("span", { class: "hint" }, `等 ${back.tickets.length} 张`) : null),
    ...back.messages.slice(-2).map((m) => el("div", { class: "row" }, player(m), el("span", { class: "grow hint" }, `留言 ${m.seconds} 秒，${m.note}`))),
    ...(said ? [el("q", { title: said.text }, said.text)] : []),
    ...(back.tickets.length ? [consequence(back)].filter(Boolean) : []));
}

on("draft call", render);
