// The softphone bar: the agent's state and the call's, their timers, and which keys work now.
import { $ } from "../web/dom.js";
import { on, part, state } from "../live/store.js";
import { elapsed, now, since } from "../web/time.js";

const STATES = { offline: "离线", ready: "示闲", ringing: "振铃", talking: "通话", held: "保持", wrap_up: "话后", not_ready: "示忙" };
const REASONS = { break: "小休", meal: "用餐", training: "培训", meeting: "会议", other: "其他", missed: "漏接", lost: "失联", no_mic: "话筒", unregistered: "话机", repaired: "已校正", outbound: "外呼", login: "刚上线" };
const CALLS = { ivr: "导航中", queued: "排队中", ringing: "来电", taken: "正在接通", talking: "通话中", held: "保持中", conference: "多方通话", survey: "满意度调查中", left: "已离开通话", ended: "已挂断" };

export function callPhase() {
  const { call, phone } = state;
  if (["ringing", "taken"].includes(phone.session?.state)) return phone.session.state;
  if (!call) return phone.session ? "talking" : "";
  if (phone.session?.held) return "held";
  if (call.state === "ended") return "ended";
  const others = (call.legs ?? []).filter((leg) => leg.role !== "citizen" && leg.name !== state.me?.extension);
  // The agent has left: others talk on, the citizen waits for one, or the script asks how it was.
  if (part() === "left") return others.length ? "left" : call.state === "queued" ? "queued" : "survey";
  return others.length ? "conference" : call.state;
}

function timers() {
  const { agent, call, wrapUpLimit } = state;
  let text = since(agent.since);
  let warn = agent.state === "not_ready" && ["missed", "lost", "no_mic", "unregistered"].includes(agent.reason);
  if (agent.state === "wrap_up" && wrapUpLimit && agent.since) {
    const left = wrapUpLimit * 1000 - (now() - Date.parse(agent.since));
    text = left >= 0 ? `剩 ${elapsed(left)}` : `超 ${elapsed(-left)}`;
    warn = left < 10000;
  }
  $("#seat-timer").textContent = text;
  $("#seat").toggleAttribute("data-warn", warn);
  const phase = callPhase();
  const start = ["ringing", "taken"].includes(phase) ? call?.ringing_at : phase === "held" ? call?.held_since ?? call?.answered_at : call?.answered_at;
  $("#line-timer").textContent = call?.state === "ended"
    ? elapsed(Date.parse(call.ended_at) - Date.parse(call.answered_at ?? call.ended_at))
    : start ? since(start) : "";
  for (const node of document.querySelectorAll("time[data-since]")) node.textContent = since(node.dataset.since);
}

function render() {
  const { agent, call, caller, phone } = state;
  $("#seat").dataset.state = agent.state;
  $("#seat-word").textContent = (STATES[agent.state] ?? agent.state) + (agent.state === "not_ready" && agent.reason ? `·${REASONS[agent.reason] ?? agent.reason}` : "");
  const ready = $("#seat-ready");
  const seated = state.seat === "yours";
  ready.firstChild.textContent = agent.state === "ready" ? "示忙 " : agent.state === "wrap_up" ? "完成话后 " : "示闲 ";
  ready.classList.toggle("primary", agent.state !== "ready");
  ready.disabled = !seated || !["ready", "not_ready", "wrap_up"].includes(agent.state) || Boolean(phone.micProblem) && agent.state !== "ready";

  const phase = callPhase();
  $("#line").dataset.state = phase;
  const opening = phase === "taken" && phone.session.opensAt > Date.now();
  $("#line-state").textContent = opening ? "待告知播完" : phase ? CALLS[phase] ?? phase : "无通话";
  $("#line-number").textContent = call ? caller?.display ?? "" : "";

  const session = phone.session;
  const talking = session?.state === "active";
  // Whoever was invited listens and talks; what becomes of the call is its owner's. In the first moment of a talk
  // its owner has not been told yet: a key pressed then counts.
  const mayMove = talking && ["owner", ""].includes(part()) && call?.state !== "ended";
  const on = {
    answer: session?.state === "ringing",
    hangup: Boolean(session),
    hold: talking,
    mute: talking,
    pad: talking,
    transfer: mayMove,
    handoff: mayMove,
  };
  for (const [key, enabled] of Object.entries(on)) $(`#k-${key}`).disabled = !enabled;
  $("#k-hold").firstChild.textContent = session?.held ? "恢复 " : "保持 ";
  $("#k-hold").setAttribute("aria-pressed", String(Boolean(session?.held)));
  $("#k-mute").firstChild.textContent = session?.muted ? "已静音 " : "静音 ";
  $("#k-mute").setAttribute("aria-pressed", String(Boolean(session?.muted)));

  const waiting = Object.values(state.waiting).reduce((sum, n) => sum + n, 0);
  $("#g-queue b").textContent = state.ready ? String(waiting) : "–";
  const level = !phone.registered || !state.link.up ? 0 : phone.loss >= 10 ? 1 : phone.loss >= 3 ? 2 : 3;
  $("#g-net").dataset.level = String(level);
  $("#g-reg").textContent = !seated ? "未启用" : phone.registered ? "已注册" : "未注册";
  $("#g-net").title = phone.registered ? `话机已注册${phone.session ? `，丢包 ${phone.loss}%` : ""}` : "话机未注册，无法接听";
  document.title = ["ringing", "taken"].includes(session?.state) ? `☎ 来电 ${caller?.display ?? ""}` : "坐席工作台 · 12345";
  timers();
}

setInterval(timers, 500);
on("agent call caller phone waiting link seat handoff", render);
