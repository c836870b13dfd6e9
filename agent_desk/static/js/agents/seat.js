// The seat: one page of an account has its softphone.
import { post } from "../web/api.js";
import { say } from "../web/dom.js";
import { changed, state } from "../live/store.js";
import { act, tell } from "./acts.js";
import { microphoneProblem } from "./audio.js";
import { askSeat, checkDevices, closeAll } from "./dialogs.js";
import { Phone } from "./phone.js";
import { SeatLock } from "./tabs.js";

const PICKUP_MS = 20000;
const HANGUP_MS = 1500;
const SOFTPHONE_RETRY_MS = 5000;
const SETTLE_MS = 1000;

export let phone = null;
let lock = null;
let wantSeat = true;
let pickingUp = "";
let hungUp = ""; // a call that we ended ourselves is not asked back, though the page may be told of it a moment longer
let live = null;

/** The link through which this page asks for the seat and tells how its softphone is. */
export function setLink(given) { live = given; }
export const wantsSeat = () => wantSeat && Boolean(lock?.held);
export const health = () => ({ sip: Boolean(phone?.registered), mic: !state.phone.micProblem });

/** Asked once at the start: the seat is ours unless another tab has it. */
export async function claimSeat() {
  lock = new SeatLock(state.me.extension, giveUp);
  if (await lock.acquire()) return;
  wantSeat = false;
  state.seat = "held";
  askWhere();
}

const askWhere = () => askSeat().then((yes) => yes && takeSeat(true));

/** Another tab has it: ask whether it is to move here. */
export function seatHeld() {
  state.seat = "held";
  changed("seat");
  return askWhere();
}

export async function takeSeat(steal = false) {
  lock ??= new SeatLock(state.me.extension, giveUp);
  if (!(await lock.acquire({ steal }))) return seatHeld();
  wantSeat = true;
  live.send({ type: "take" });
}

export function giveUp() {
  wantSeat = false;
  lock?.release();
  phone?.stop();
  phone = null;
  Object.assign(state.phone, { registered: false, session: null, problem: "", silenced: false });
  state.seat = "lost";
  changed("seat", "phone");
}

export async function seated() {
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
  hungUp = "";
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

/** The node says that this seat has no call, and the telephone hears nobody: the call is over. */
function endDead() {
  const over = !state.telephony.stale && ["ready", "not_ready", "wrap_up", "offline"].includes(state.agent.state);
  if (over && phone?.dead) phone.hangup();
}

/** Our call that goes on while our telephone has nobody. */
function orphan() {
  const call = state.call;
  return call?.mine && call.id !== hungUp && !phone?.session && ["talking", "held", "conference"].includes(call.state) ? call : null;
}

/** After a reload in mid-call the citizen waits on music: have our seat rung again; that ring is answered by itself. */
export async function pickUp() {
  const call = orphan();
  if (!call || !phone?.registered || pickingUp === call.id) return;
  pickingUp = call.id;
  setTimeout(() => { pickingUp = ""; }, PICKUP_MS);
  const problem = await post("/api/desk/act/rejoin", { call_id: call.id }).then(() => "", (error) => error.message);
  // Nobody asked for this: that a call is over which just ended needs no complaint.
  if (problem) setTimeout(() => { if (orphan()?.id === call.id) tell(problem); }, SETTLE_MS);
}

export async function retryMic() {
  state.phone.micProblem = await microphoneProblem();
  changed("phone");
  live.tell();
}

/** The node ends the talk for whom it is over (in a conference the others go on). It answers at once, or the softphone hangs up. */
export async function hangup() {
  const session = phone?.session;
  if (!session || session.state !== "active" || !state.call) return phone?.hangup();
  hungUp = state.call.id;
  const late = setTimeout(() => { if (phone?.session === session) phone.hangup(); }, HANGUP_MS);
  if (await act("hangup")) return null;
  clearTimeout(late);
  if (state.controlProblem && state.handoff?.status === "calling") { // refused: the citizen would be left alone
    hungUp = "";
    return null;
  }
  return phone?.session === session ? phone.hangup() : null;
}

export function devicesDialog() {
  return checkDevices((problem) => { state.phone.micProblem = problem; changed("phone"); live.tell(); });
}
