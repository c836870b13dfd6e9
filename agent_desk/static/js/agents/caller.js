// Who is calling: number, name if known, earlier calls and tickets, what is still open.
import { $, el } from "../web/dom.js";
import { on, state } from "../live/store.js";
import { shortDay } from "../web/time.js";
import { play } from "./transcript.js";

const pane = $("#caller");

function ticketRow(ticket) {
  return el("div", { class: "c-row" },
    el("time", {}, shortDay(ticket.received_at)),
    el("a", { class: "t", href: `/tickets/${ticket.ticket_no}`, target: "_blank", rel: "noopener", title: ticket.title },
      `${ticket.type_label}　${ticket.title}`),
    el("span", { class: `tag ${ticket.is_open ? "amber" : ""}` }, ticket.state_label));
}

function callRow(call) {
  return el("div", { class: "c-row" },
    el("time", {}, shortDay(call.started_at)),
    el("span", { class: "t" }, `${call.outcome_label}${call.agent_name ? `　${call.agent_name}` : ""}${call.talk ? `　${call.talk}` : ""}`),
    call.recorded
      ? el("button", { type: "button", onclick: () => play(call.id), "aria-label": "播放这次通话的录音" }, "播放")
      : el("span", {}));
}

function render() {
  const { call, caller } = state;
  if (!call || !caller) {
    pane.replaceChildren(el("header", {}, el("h2", {}, "来电人")), el("div", { class: "idle" }, "等待来电"));
    return;
  }
  const open = caller.tickets.filter((t) => t.is_open);
  const closed = caller.tickets.filter((t) => !t.is_open);
  const tags = [
    caller.kind_label && caller.kind_label !== caller.display && el("span", { class: "tag" }, caller.kind_label),
    call.queue_label && el("span", { class: "tag accent" }, `${call.queue_label}队列`),
    // Our own call back is none of the citizen's.
    call.call_back
      ? caller.repeat > 1 && el("span", { class: "tag amber", title: "90 天内同号码来电" }, `重复来电 ${caller.repeat} 次`)
      : caller.repeat > 0 && el("span", { class: "tag amber", title: "90 天内同号码来电" }, `重复来电 第 ${caller.repeat + 1} 次`),
    open.length > 0 && el("span", { class: "tag amber" }, `在办工单 ${open.length}`),
    call.recording_failed && el("span", { class: "tag red", title: call.recording_failed }, "录音异常"),
  ];
  pane.replaceChildren(
    el("div", { class: "c-head" },
      el("div", { class: "c-number" }, el("b", {}, caller.display), caller.raw ? el("span", { class: "tnum", title: "线路送来的号码" }, caller.raw) : null, el("span", {}, caller.name || "姓名未知")),
      el("div", { class: "c-tags" }, ...tags)),
    el("div", { class: "c-list", role: "region", tabindex: "0", "aria-label": "历史工单与来电", "aria-busy": String(Boolean(caller.reading)) },
      open.length ? el("h3", {}, "在办工单") : null, ...open.map(ticketRow),
      closed.length ? el("h3", {}, "历史工单") : null, ...closed.map(ticketRow),
      caller.calls.length ? el("h3", {}, "历史来电") : null, ...caller.calls.map(callRow),
      !caller.tickets.length && !caller.calls.length ? el("p", { class: "t-none" }, caller.reading ? "正在读取历史…" : "首次来电，没有历史记录") : null),
  );
}

on("call caller", render);
