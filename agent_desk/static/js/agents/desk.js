// The desk's entry: brings the parts together. State in store.js, one pane a module.
import { ApiError, get, post } from "../web/api.js";
import { $, say } from "../web/dom.js";
import { apply, changed, clearCall, load, on, ringing, state } from "../live/store.js";
import { Live } from "../live/link.js";
import { Phone } from "./phone.js";
import { SeatLock } from "./tabs.js";
import { microphoneProblem } from "./audio.js";
import { ask, askDecline, askHandoff, askSeat, askTransfer, checkDevices, closeAll, closeOf, help, keypad } from "./dialogs.js";
import { alarm, setActs, notOne } from "./alerts.js";
import { agreed, openTicket, wantsNew } from "./call_back.js";
import { bind, rows } from "../web/keys.js";
import { begun, focusDraft, jumpToSource, regionName, save, setLookups, submit, takeAll } from "./draft.js";
import { focusTodo, refreshTodo, setTodoActs } from "./todo.js";
import { toLatest } from "./transcript.js";
import "./bar.js";
import "./caller.js";
import "./answers.js";
import { forgetAll } from "./unsaved.js";
import { start as submitWaiting, waits } from "./waiting.js";

const PICKUP_MS = 20000;
const tab = sessionStorage.getItem("hotline-tab") ?? crypto.randomUUID?.() ?? String(Math.random());
sessionStorage.setItem("hotline-tab", tab);

state.seat = "none";
let phone = null;
const SOFTPHONE_RETRY_MS = 5000;
const DEAD_MS = 9000;
let lock = null;
let wantSeat = true;
let pickingUp = "";

// -- acts ------------------------------------------------------------------------------------------------
/** What could not be done is seen and heard. */
function tell(problem) {
  state.controlProblem = problem;
  changed("link");
  say(problem);
}

const ON_THE_SEAT = new Set(["ready", "not_ready", "clear_missed", "wrap_up_done", "logout"]);

/** Ask the server to act; what it refuses is shown, in its own words. */
async function act(action, body = {}) {
  try {
    state.controlFields = {};
    return await post(`/api/desk/act/${action}`, ON_THE_SEAT.has(action) ? body : { call_id: state.call?.id ?? "", ...body });
  } catch (error) {
    state.controlFields = error.fields ?? {};
    tell(error.message);
    return null;
  }
}

async function handoff(target) {
  if (state.handoff && ["no_answer", "failed", "returned"].includes(state.handoff.status) && [undefined, state.handoff.target].includes(target)) return act("handoff_retry");
  if (!state.call || state.call.state === "ended") return null;
  const fields = state.draft?.fields ?? {};
  const guess = (name) => fields[name] || state.draft?.suggestions?.[name]?.[0]?.value || "";
  const heard = alarm();
  const said = heard ? state.utterances.get(heard.utterance_id)?.text ?? "" : "";
  const region = regionName(guess("region_code"));
  const place = guess("place_text");
  let asked = {
    target: target ?? heard?.target ?? "110",
    phone: state.caller?.display ?? "",
    place: place.includes(region) ? place : region + place,
    summary: (said || guess("title") || "").slice(0, 80),
  };
  for (;;) {
    const choice = await askHandoff(asked);
    const done = choice && await act("handoff", { ...choice, reason_code: heard?.code ?? "" });
    if (!choice || done || !state.controlFields.area) return done;
    asked = { ...asked, ...choice, problem: state.controlProblem }; // no such city: ask again, and say it there
    state.controlProblem = "";
    changed("link");
  }
}

async function leave() {
  if (state.handoff?.status === "accepted") await act("leave");
}

const HANGUP_MS = 1500;

/** The node ends the talk for whom it is over (in a conference the others go on). It answers at once, or the softphone hangs up. */
async function hangup() {
  const session = phone?.session;
  if (!session || session.state !== "active" || !state.call) return phone?.hangup();
  const late = setTimeout(() => { if (phone?.session === session) phone.hangup(); }, HANGUP_MS);
  if (await act("hangup")) return null;
  clearTimeout(late);
  if (state.controlProblem && state.handoff?.status === "calling") return null; // refused: the citizen would be left alone
  return phone?.session === session ? phone.hangup() : null;
}

async function transfer() {
  const to = await askTransfer().catch((error) => tell(`没有读到可以转接的坐席和单位：${error.message}`));
  if (!to) return;
  if (to.kind === "agent") await act("transfer_agent", { to: to.extension, blind: to.blind });
  else if (to.kind === "queue") await act("transfer_queue", { queue: to.id });
  else if (to.kind === "number") await act("transfer_number", { number: to.number });
  else await act("transfer_unit", { unit_id: to.id });
}

async function toggleReady() {
  if ($("#seat-ready").disabled) return;
  if (state.agent.state === "ready") await act("not_ready", { reason: "break" });
  else if (state.agent.state === "wrap_up") await wrapUpDone();
  else await act("ready");
}

async function wrapUpDone() {
  const unsent = state.draft && !state.draft.ticket && !waits(state.call?.id) && Object.values(state.draft.fields).some((v) => typeof v === "string" && v);
  if (unsent && !(await ask("工单还没有提交", "草稿已保存，可在“没有提交的工单”里继续。确定结束话后整理？"))) return;
  await save();
  await act("wrap_up_done");
}

async function send(kind) {
  const button = $(`[data-submit="${kind}"]`);
  if (!state.draft || button.hidden) return;
  if (kind === "decline") return decline();
  const more = {};
  if (kind === "hand_over") more.handoff_id = state.handoff?.id;
  if (!(await agreed())) return;
  more.new_ticket = wantsNew();
  await submit(kind, more);
}

/** What is missing in the dialog itself is asked for there again. */
async function decline() {
  const callId = state.call.id;
  let problem = "";
  do {
    const choice = await askDecline(callId, problem);
    if (!choice || state.call?.id !== callId || !(await agreed())) return;
    problem = (await submit("decline", { ...choice, new_ticket: wantsNew() }))?.told ?? "";
  } while (problem);
}

/** Take up the draft of an earlier own call that was not submitted. */
async function resume(callId) {
  if (state.call && state.call.state !== "ended") return;
  await save();
  const snapshot = await get(`/api/desk/state?call=${callId}`).catch((error) => tell(`没有打开：${error.message}`));
  if (snapshot) load(snapshot);
}

/** Take a call-back task and dial; who was quicker is told by the server, in its own words. */
async function callBack(task, what = "call") {
  try {
    state.controlProblem = "";
    changed("link");
    await post(`/api/desk/callbacks/${task}/${what}`);
  } catch (error) {
    tell(error.message);
  }
}

setTodoActs({ resume, callBack, tell });

setActs({ handoff, leave, act, tell, takeSeat: () => takeSeat(true), retryMic });

// -- the seat: one page has the softphone ------------------------------------------------------------------
async function takeSeat(steal = false) {
  lock ??= new SeatLock(state.me.extension, giveUp);
  if (!(await lock.acquire({ steal }))) {
    state.seat = "held";
    changed("seat");
    if (await askSeat()) return takeSeat(true);
    return;
  }
  wantSeat = true;
  live.send({ type: "take" });
}

function giveUp() {
  wantSeat = false;
  lock?.release();
  phone?.stop();
  phone = null;
  Object.assign(state.phone, { registered: false, session: null, problem: "", silenced: false });
  state.seat = "lost";
  changed("seat", "phone");
}

async function seated() {
  if (state.seat === "yours" && phone) return;
  state.seat = "yours";
  changed("seat");
  if (phone) return;
  await retryMic();
  const account = await post("/api/desk/softphone").catch((error) => ({ error: error.message }));
  if (account.error) {
    state.phone.problem = account.error.replace(/。$/, "");
    setTimeout(() => state.seat === "yours" && !phone && seated(), SOFTPHONE_RETRY_MS);
    return changed("phone");
  }
  if (state.seat !== "yours" || phone) return;
  phone = new Phone(account, { change: phoneChanged, incoming, microphone: retryMic });
  phone.start();
}

/** It rings: nothing may stand before the key that answers. */
function incoming() {
  if (phone.session?.state === "ringing") closeAll();
  say("来电");
}

function phoneChanged() {
  if (!phone) return;
  const was = state.phone.registered;
  const { registered, problem, session, loss, silenced } = phone;
  Object.assign(state.phone, { registered, problem, session, loss, silenced });
  changed("phone");
  if (registered !== was) live.tell();
  if (registered && !was) pickUp();
  endDead();
}

/** Asterisk was killed: it never says that the call is over, and while we believe in it every new call is turned away. */
function endDead() {
  const over = !state.telephony.stale && ["ready", "not_ready", "wrap_up", "offline"].includes(state.agent.state);
  if (over && phone?.session?.state === "active" && phone.silentMs >= DEAD_MS) phone.hangup();
}

/** After a reload in mid-call the citizen waits on music: have our seat rung again and answer by ourselves. */
async function pickUp() {
  const call = state.call;
  const orphan = call && call.mine && !phone?.session && ["talking", "held", "conference"].includes(call.state);
  if (!orphan || !phone?.registered || pickingUp === call.id) return;
  pickingUp = call.id;
  phone.expect(PICKUP_MS);
  await act("rejoin");
  setTimeout(() => { pickingUp = ""; }, PICKUP_MS);
}

async function retryMic() {
  state.phone.micProblem = await microphoneProblem();
  changed("phone");
  live.tell();
}

// -- the live link -----------------------------------------------------------------------------------------
let reading = null;
const recent = []; // events of the last seconds: a snapshot may be older than what we were told meanwhile
const LAG_MS = 2000;
const IDLE = ["ready", "not_ready", "offline"]; // a seat without a call
const AGAIN_MS = 3000; // a state that could not be read is asked for again
let again = 0;

function remember(e) {
  const at = performance.now();
  recent.push({ at, e });
  while (recent.length && recent[0].at < at - 10 * LAG_MS) recent.shift();
}

/** A snapshot may be older than what we were told meanwhile: bring it up to date. A call that rings this instant
 * may have no row at all so far. */
function catchUp(since) {
  const told = recent.filter(({ at }) => at > since).map(({ e }) => e);
  const at = told.findLastIndex((e) => e.event === "CallRinging" && e.agent === state.me.extension);
  const later = told.slice(Math.max(0, at));
  // Who gives up within the first moment of a ring leaves no other word than that the seat is idle again.
  const idle = at >= 0 && IDLE.includes(later.findLast((e) => e.event === "AgentStateChanged" && e.agent === state.me.extension)?.state);
  const over = (callId) => later.some((e) => ["RingMissed", "CallEnded"].includes(e.event) && e.call_id === callId)
    || (idle && callId === told[at].call_id);
  if (at >= 0 && !over(told[at].call_id)) ringing(told[at]);
  for (const e of told) apply(e);
  const { call, agent } = state;
  if (!call || !over(call.id)) return;
  if (!call.answered_at || (IDLE.includes(agent.state) && call.state === "ended" && !unfinished())) clearCall();
}

/** The address may name a call whose ticket is to be finished: `/desk?call=…`, from a ticket's page. */
async function openNamed() {
  const callId = new URLSearchParams(location.search).get("call");
  if (!callId) return;
  history.replaceState(null, "", "/desk");
  await resume(callId);
}

/** Our talk is over (others may talk on) and its ticket is being written: it stays until the next call rings. */
const unfinished = () => state.call?.answered_at && !["ringing", "talking", "held"].includes(state.agent.state)
  && state.draft && !state.draft.ticket && begun();

/** Read the whole state again; calls while one is under way share a following one. */
function refresh() {
  reading ??= Promise.resolve().then(async () => {
    reading = null;
    try {
      await save(); // what is typed here is newer than what the server knows
      const asked = performance.now();
      load(await get(`/api/desk/state${unfinished() ? `?call=${state.call.id}` : ""}`));
      catchUp(asked - LAG_MS);
      state.link.up = true;
      changed("link");
      pickUp();
      await openNamed();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // a fault of ours
      if (error.status === 401) return signedOut();
      clearTimeout(again);
      again = setTimeout(refresh, AGAIN_MS);
    }
  });
  return reading;
}

function signedOut() {
  state.signedOut = true;
  changed("link");
}

const live = new Live({
  tab,
  wantSeat: () => wantSeat && Boolean(lock?.held),
  health: () => ({ sip: Boolean(phone?.registered), mic: !state.phone.micProblem }),
  on: {
    open: () => refresh(),
    event: (e) => {
      const ext = state.me?.extension;
      if (e.event === "CallbackChanged") return refreshTodo();
      if (e.event === "QueueChanged") { state.waiting[e.queue] = e.waiting; return changed("waiting"); }
      remember(e);
      if (e.event === "CallRinging" && e.agent === ext) ringing(e);
      if (e.event === "RingMissed" && e.agent === ext && state.call?.id === e.call_id && !state.call.answered_at) clearCall();
      apply(e);
      if (["CallRinging", "CallAnswered"].includes(e.event) && e.agent === ext) refresh();
      if (e.event === "AgentStateChanged" && e.agent === ext && IDLE.includes(e.state)) {
        if (state.call && (!state.call.answered_at || (state.call.state === "ended" && !unfinished()))) clearCall();
      }
      return null;
    },
    seat: (seat) => {
      if (seat === "yours") seated();
      else if (seat === "lost") giveUp();
      else if (seat === "held") {
        state.seat = "held";
        changed("seat");
        askSeat().then((yes) => yes && takeSeat(true));
      }
    },
    control: (m) => {
      state.controlProblem = m.ok ? "" : m.error;
      changed("link");
    },
    signedOut,
  },
});

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
bind("Alt+K", "搜索知识", () => $("#a-search").select());
bind("Alt+S", "派单", () => send("dispatch"));
bind("Alt+A", "直接答复办结", () => send("answer"));
bind("Alt+G", "登记待分流", () => send("register"));
bind("Alt+N", "不予受理", () => send("decline"));
bind("Alt+H", "已移交", () => send("hand_over"));
bind("Alt+V", "打开回拨对应的工单", openTicket);
bind("Alt+B", "到待回拨", focusTodo);
bind("Alt+J", "耳麦检测", devicesDialog);

function devicesDialog() {
  return checkDevices((problem) => { state.phone.micProblem = problem; changed("phone"); live.tell(); });
}

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
  if (me.extension) {
    lock = new SeatLock(me.extension, giveUp);
    if (!(await lock.acquire())) {
      wantSeat = false;
      state.seat = "held";
      askSeat().then((yes) => yes && takeSeat(true));
    }
  }
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
