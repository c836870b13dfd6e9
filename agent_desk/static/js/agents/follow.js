// Follows the server: the whole state after a connection, then what happens, in the order it happened.
import { ApiError, get } from "../web/api.js";
import { apply, changed, clearCall, load, ringing, state } from "../live/store.js";
import { Live } from "../live/link.js";
import { tell } from "./acts.js";
import { begun, save } from "./draft.js";
import { noticed, readNotices } from "./notices.js";
import { giveUp, health, pickUp, seated, seatHeld, setLink, wantsSeat } from "./seat.js";
import { refreshTodo } from "./todo.js";

const tab = sessionStorage.getItem("hotline-tab") ?? crypto.randomUUID?.() ?? String(Math.random());
sessionStorage.setItem("hotline-tab", tab);

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

/** Take up the draft of an earlier own call that was not submitted. */
export async function resume(callId) {
  if (state.call && state.call.state !== "ended") return;
  await save();
  const snapshot = await get(`/api/desk/state?call=${callId}`).catch((error) => tell(`没有打开：${error.message}`));
  if (snapshot) load(snapshot);
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
export function refresh() {
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

export const live = new Live({
  tab,
  wantSeat: wantsSeat,
  health,
  on: {
    open: () => { refresh(); readNotices(); },
    event: (e) => {
      const ext = state.me?.extension;
      if (e.event === "CallbackChanged") return refreshTodo();
      if (e.event === "NoticeGiven") return noticed(e);
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
      else if (seat === "held") seatHeld();
    },
    control: (m) => {
      state.controlProblem = m.ok ? "" : m.error;
      changed("link");
    },
    signedOut,
  },
});
setLink(live);
