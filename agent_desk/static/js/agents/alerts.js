// The strips under the softphone bar: what is wrong, what needs a click, and emergencies above all.
import { $, el, say } from "../web/dom.js";
import { post } from "../web/api.js";
import { changed, on, state } from "../live/store.js";
import { since, wallClock } from "../web/time.js";
import { strips } from "./notices.js";

const bar = $("#alerts");
const FIRST = ["110", "119", "120", "122"];
const NAMES = { 110: "公安", 119: "消防", 120: "急救", 122: "交警" };
const WHY = {
  busy: "对方占线", no_answer: "对方无人接听", refused: "对方拒接", no_number: "该号码是空号", congestion: "线路忙", left: "对方接听后随即挂断",
};
let acts = {};
export function setActs(given) { acts = given; }

const button = (text, run, attributes = {}) => el("button", { type: "button", onclick: run, ...attributes }, text);

/** The newest alarm that nobody has dealt with yet. */
export function alarm() {
  const open = state.emergencies.filter((e) => !e.dismissed);
  return open.at(-1) ?? null;
}

function emergency() {
  const heard = alarm();
  if (!heard || !state.call || state.call.state === "ended" || running()) return null;
  const words = [...new Set(state.emergencies.filter((e) => !e.dismissed && e.target === heard.target).flatMap((e) => e.words))];
  const others = FIRST.filter((n) => n !== heard.target);
  return el("div", { class: "alert emergency", role: "alert" },
    el("b", {}, "疑似紧急情况"),
    el("span", { class: "grow" }, "听到 ", ...words.slice(0, 4).flatMap((w) => [el("mark", {}, w), " "]), `　建议移交 ${heard.target} ${NAMES[heard.target] ?? ""}`),
    button(`移交 ${heard.target}　F9`, () => acts.handoff(heard.target), { class: "first" }),
    ...others.map((n) => button(n, () => acts.handoff(n), { title: NAMES[n] })),
    button("不是紧急情况　Alt+I", notOne, { class: "quiet" }));
}

/** Answered by a person: it leaves the bar, and the call's time line keeps who said so. */
export function notOne() {
  if (!emergency()) return;
  const codes = [...new Set(state.emergencies.filter((e) => !e.dismissed).map((e) => e.code))];
  for (const e of state.emergencies) e.dismissed = true;
  changed("emergency");
  post(`/api/desk/alerts/${state.call.id}`, { codes }).catch((error) => acts.tell(`没有记下：${error.message}`));
}

const running = () => ["calling", "accepted", "no_answer", "failed", "returned"].includes(state.handoff?.status);

function handoff() {
  const h = state.handoff;
  if (!h || !state.call || state.draft?.ticket || (state.call.state === "ended" && h.status !== "completed")) return null;
  const name = h.name || (h.kind === "agent" ? `坐席 ${h.target}` : `${h.target}${NAMES[h.target] ? ` ${NAMES[h.target]}` : ""}`);
  const strip = (...parts) => el("div", { class: "alert handoff", role: "status" }, ...parts);
  if (h.by && h.by !== state.me?.extension) return invited(h, strip);
  if (h.kind === "agent" && h.status === "accepted") {
    return strip(el("b", {}, `${name} 已接听`), el("span", { class: "grow" }, "三方通话中：说明情况后您再离开，通话和工单转给对方。"),
      button("离开　Alt+Q", acts.leave, { class: "primary" }));
  }
  if (h.kind === "agent" && h.status === "completed") {
    return strip(el("b", {}, `已转给 ${name}`), el("span", { class: "grow" }, "您已离开，通话和工单由对方继续。"));
  }
  switch (h.status) {
    case "calling":
      return strip(el("b", {}, `正在呼叫 ${name}`), el("time", { "data-since": h.at, class: "tnum" }, since(h.at)),
        el("span", { class: "grow" }, "市民仍在线，请安抚并继续询问。"), button("取消呼叫", () => acts.act("handoff_cancel")));
    case "accepted":
      return strip(el("b", {}, `${name} 已接听`), el("span", { class: "grow" }, "三方通话中：请向对方说明号码、地点和情况。对方受理后您再离开。"),
        button("离开会议　Alt+Q", acts.leave, { class: "primary" }));
    case "no_answer":
    case "failed":
    case "returned":
      return strip(el("b", {}, { failed: `呼叫 ${name} 失败`, no_answer: `${name} 10 秒未应答`, returned: `${name} 已挂断` }[h.status]),
        el("span", { class: "grow" }, h.status === "returned" ? "" : `${WHY[h.reason] ?? "电话没有接通"}。`, "市民仍在您这里。"),
        button("重试　F9", () => acts.act("handoff_retry"), { class: "primary" }),
        ...FIRST.filter((n) => n !== h.target).map((n) => button(`改呼 ${n}`, () => acts.handoff(n))),
        button("不再移交", () => { state.handoff = null; changed("handoff"); }));
    case "completed":
      return strip(el("b", {}, `已移交 ${name}`),
        el("span", { class: "grow" }, `${state.call.state === "ended" ? "通话已结束。" : "您已离开，市民与对方继续通话。"}请登记工单。`));
    default:
      return null;
  }
}

/** The words for whoever was brought into a talk: not those of the one who asked. */
function invited(h, strip) {
  if (!["accepted", "completed"].includes(h.status) || state.call.state === "ended") return null;
  if (state.call.owner === state.me?.extension) {
    return strip(el("b", {}, `坐席 ${h.by} 已把通话转给您`), el("span", { class: "grow" }, "工单由您继续填写。"),
      button("知道了", () => { state.handoff = null; changed("handoff"); }));
  }
  return strip(el("b", {}, `坐席 ${h.by} 请您加入通话`), el("span", { class: "grow" }, "三方通话中。工单由对方填写，对方离开后转给您。"));
}

function notes() {
  const out = [];
  const warn = (...parts) => out.push(el("div", { class: "alert" }, ...parts));
  const { link, telephony, agent, phone, seat } = state;
  const waiting = state.waitingTickets?.length ?? 0;
  if (state.databaseAway || waiting) warn(el("span", { class: "grow" }, `数据库暂不可用，内容已保存在本机，恢复后自动提交${waiting ? `（待提交工单 ${waiting} 件）` : ""}。通话不受影响。`));
  if (state.signedOut) warn(el("span", { class: "grow" }, "登录已失效，通话不受影响。请在新页面重新登录后刷新本页。"), el("a", { class: "button", href: "/login", target: "_blank", rel: "noopener" }, "重新登录"));
  else if (state.ready && !link.up) warn(el("span", { class: "grow" }, `连接中断，正在重连…（显示的是 ${wallClock(link.asOf ?? Date.now())} 的状态，通话不受影响）`));
  if (telephony.stale && telephony.reason.startsWith("节点")) warn(el("span", { class: "grow" }, `${telephony.reason}，正在恢复。正在进行的通话不受影响。`));
  else if (telephony.stale) warn(el("span", { class: "grow" }, `话务状态自 ${telephony.since ? wallClock(Date.parse(telephony.since)) : "—"} 起未更新，正在恢复${telephony.reason ? `（${telephony.reason}）` : ""}。通话不受影响。`));
  if (state.controlProblem) warn(el("span", { class: "grow" }, state.controlProblem), button("知道了", () => { state.controlProblem = ""; changed("link"); }));
  if (state.call?.recording_failed) warn(el("span", { class: "grow" }, `录音异常：${state.call.recording_failed}。通话不受影响，请报告值班长。`));
  if (seat === "held" || seat === "lost") warn(el("span", { class: "grow" }, "此账号已在别处登录，本页的软电话已停用。"), button("在此处接管", acts.takeSeat, { class: "primary" }));
  if (seat === "yours") {
    if (phone.micProblem) warn(el("span", { class: "grow" }, `${phone.micProblem}。话筒恢复前您处于示忙。`), button("重试", acts.retryMic, { class: "primary" }));
    if (phone.silenced) warn(el("span", { class: "grow" }, "浏览器没有放出对方的声音：请点击页面任意处，或按任意键。"));
    if (phone.problem) warn(el("span", { class: "grow" }, `${phone.problem}，正在重试；此时无法接听来电。`));
    if (agent.state === "not_ready" && agent.reason === "missed") warn(el("span", { class: "grow" }, "有一通来电没有接听，已自动示忙。"), button("恢复示闲", () => acts.act("clear_missed"), { class: "primary" }));
    if (agent.state === "not_ready" && agent.reason === "lost") warn(el("span", { class: "grow" }, "页面曾失去联系，已自动示忙。"), button("恢复示闲", () => acts.act("ready"), { class: "primary" }));
    if (phone.loss >= 5 && phone.session) warn(el("span", { class: "grow" }, phone.loss >= 100 ? "收不到对方的声音：网络可能中断。" : `网络丢包 ${phone.loss}%，声音可能断续。`));
  }
  return out;
}

let lastAlarm = null;
function render() {
  const keep = document.activeElement?.closest("#alerts") ? document.activeElement.textContent : null;
  bar.replaceChildren(...[emergency(), handoff(), ...strips(), ...notes()].filter(Boolean));
  if (keep) [...bar.querySelectorAll("button")].find((b) => b.textContent === keep)?.focus();
  const heard = alarm();
  if (heard && heard !== lastAlarm) say(`疑似紧急情况，听到${heard.words.join("、")}，按 F9 移交`);
  lastAlarm = heard;
}

on("notices database draft emergency handoff link telephony agent phone seat call", render);
