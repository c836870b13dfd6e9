// The state of the page: a snapshot from the server, then every event applied in order.
// Listeners are told which slices changed, once an animation frame at most.
import { setNow } from "../web/time.js";

export const state = {
  ready: false,
  me: null,
  link: { up: false, asOf: null },
  telephony: { stale: false, since: null, reason: "" },
  speech: { available: true, model: "", reason: "" },
  agent: { state: "offline", reason: "", since: null },
  wrapUpLimit: 0,
  waiting: {},
  call: null,
  caller: null,
  utterances: new Map(),
  gaps: [],
  partials: {},
  delay: 0,
  silent: {},
  draft: null,
  answers: null,
  emergencies: [],
  handoff: null,
  recording: null,
  databaseAway: false,
  waitingTickets: [],
  phone: { registered: false, problem: "", session: null, level: 0, loss: 0, silenced: false, mic: true, micProblem: "" },
};

const listeners = new Map();
const dirty = new Set();

export function on(slices, run) {
  for (const slice of slices.split(" ")) {
    if (!listeners.has(slice)) listeners.set(slice, new Set());
    listeners.get(slice).add(run);
  }
}

export function changed(...slices) {
  if (dirty.size === 0) queueMicrotask(flush);
  for (const slice of slices) dirty.add(slice);
}

function flush() {
  const slices = [...dirty];
  dirty.clear();
  const runs = new Set(slices.flatMap((slice) => [...(listeners.get(slice) ?? [])]));
  for (const run of runs) run(new Set(slices));
}

const ALL = ["link", "telephony", "speech", "agent", "waiting", "call", "caller", "transcript", "draft", "answers", "emergency", "handoff", "recording"];

/** Take the server's snapshot as the whole truth. */
export function load(snapshot) {
  setNow(snapshot.now);
  const sameCall = state.call?.id === snapshot.call?.id;
  Object.assign(state, {
    ready: true,
    me: snapshot.me,
    agent: snapshot.agent,
    wrapUpLimit: snapshot.wrap_up_limit_s,
    telephony: snapshot.telephony,
    speech: snapshot.speech,
    waiting: snapshot.waiting,
    call: snapshot.call,
    caller: snapshot.caller,
    gaps: snapshot.gaps,
    partials: snapshot.partials,
    delay: snapshot.delay_s,
    silent: snapshot.silent,
    answers: snapshot.answers ?? (sameCall ? state.answers : null),
    emergencies: snapshot.emergencies.map((e) => ({ ...e, dismissed: e.answered || (sameCall && isDismissed(e)) })),
    handoff: snapshot.handoff,
    recording: snapshot.recording,
  });
  answerAlerts();
  state.utterances = new Map(snapshot.utterances.map((u) => [u.utterance_id, u]));
  state.draft = snapshot.draft && { ...snapshot.draft, suggestions: joined(snapshot.draft.suggestions) };
  changed(...ALL);
}

/** On a call-back, what was heard in the message stands beside what is said now, the surer first: of two as sure the message, which is what the call is about. */
function joined(said) {
  const heard = state.call?.call_back?.suggestions ?? {};
  const both = { ...heard, ...said };
  for (const name of Object.keys(said)) {
    if (heard[name]) both[name] = [...heard[name], ...said[name]].sort((a, b) => b.confidence - a.confidence);
  }
  return both;
}

/** Whoever was called has taken over: what was alerted until then is dealt with. What is heard later alerts anew. */
function answerAlerts() {
  const { handoff } = state;
  if (!handoff || !["110", "119", "120", "122"].includes(handoff.target) || !["accepted", "completed"].includes(handoff.status)) return;
  for (const e of state.emergencies) if (!(Date.parse(e.at) > Date.parse(handoff.at))) e.dismissed = true;
}

const isDismissed = (e) => state.emergencies.some((old) => old.utterance_id === e.utterance_id && old.code === e.code && old.dismissed);

/** Forget the call that is over. */
export function clearCall() {
  Object.assign(state, { call: null, caller: null, gaps: [], partials: {}, delay: 0, silent: {}, draft: null, answers: null, emergencies: [], handoff: null, recording: null });
  state.utterances = new Map();
  changed("call", "caller", "transcript", "draft", "answers", "emergency", "handoff", "recording");
}

/** Show the number that rings at once, with its history if that was read ahead; the snapshot brings the rest. A call still on the screen is left alone. */
export function ringing(e) {
  if (state.call || !e.display) return;
  state.call = { id: e.call_id, state: "ringing", mine: true, queue: "", queue_label: "", ringing_at: e.at, answered_at: null, ended_at: null, legs: [], recording_failed: "" };
  state.caller = e.card ?? { display: e.display, kind_label: "", name: "…", repeat: 0, calls: [], tickets: [], reading: true };
  changed("call", "caller");
}

/** This page's part in its call: owner (writes the ticket), invited, left (others talk on, or the script has the citizen), "" before the talk. */
export function part() {
  const { call, me } = state;
  if (!call?.answered_at) return "";
  const there = (call.legs ?? []).some((leg) => leg.role === "agent" && leg.name === me?.extension);
  if (!there && !state.phone.session) return "left";
  return !call.owner || call.owner === me?.extension ? "owner" : "invited";
}

/** Another seat writes this call's ticket: this page only reads it. */
export const readsOnly = () => Boolean(state.call?.answered_at && state.call.owner && state.call.owner !== state.me?.extension);

const mine = (event) => state.call && event.call_id === state.call.id;

const REDUCERS = {
  AgentStateChanged(e) {
    if (e.agent !== state.me.extension) return;
    state.agent = { state: e.state, reason: e.reason, since: e.since };
    changed("agent");
  },
  TelephonyStale(e) {
    state.telephony = { stale: e.stale, since: e.since, reason: e.reason };
    changed("telephony");
  },
  SpeechStateChanged(e) {
    state.speech = { available: e.available, model: e.model, reason: e.reason };
    changed("speech");
  },
  CallAnswered(e) {
    if (!mine(e)) return;
    if (e.agent !== state.me.extension) return;
    // A page reloaded in mid-call is told of its answer anew: the talk began with the first one.
    Object.assign(state.call, { state: "talking", answered_at: state.call.answered_at ?? e.at, origin: e.origin, owner: e.owner || e.agent });
    state.draft ??= { fields: {}, touched: [], suggestions: {}, saved_at: null, ticket: null };
    changed("call", "draft");
  },
  CallOwnerChanged(e) {
    if (!mine(e)) return;
    state.call.owner = e.agent;
    if (e.agent === state.me.extension) state.call.given_by = e.by;
    changed("call", "draft", "handoff");
  },
  CallHeld(e) {
    if (!mine(e)) return;
    state.call.state = e.held ? "held" : "talking";
    state.call.held_since = e.held ? e.at : null;
    changed("call");
  },
  LegJoined(e) {
    if (!mine(e)) return;
    state.call.legs = [...(state.call.legs ?? []).filter((leg) => leg.channel !== e.channel), e];
    changed("call", "handoff");
  },
  LegLeft(e) {
    if (!mine(e)) return;
    state.call.legs = (state.call.legs ?? []).filter((leg) => leg.channel !== e.channel);
    changed("call", "handoff");
  },
  CallEnded(e) {
    if (!mine(e)) return;
    Object.assign(state.call, { state: "ended", ended_at: e.at, outcome: e.outcome, hungup_by: e.hungup_by });
    state.partials = {};
    state.delay = 0;
    changed("call", "transcript", "handoff", "emergency");
  },
  RecordingReady(e) {
    if (!mine(e)) return;
    state.recording = { seconds: e.seconds };
    changed("recording", "transcript");
  },
  RecordingFailed(e) {
    if (!mine(e)) return;
    state.call.recording_failed = e.reason;
    changed("call");
  },
  HandoffChanged(e) {
    if (!mine(e)) return;
    state.handoff = { id: e.handoff_id, target: e.target, name: e.name, status: e.status, at: e.at, reason: e.reason, by: e.by, kind: e.kind };
    answerAlerts();
    changed("handoff", "emergency");
  },
  TapSilent(e) {
    if (!mine(e)) return;
    state.silent[e.speaker] = e.silent_s;
    changed("transcript");
  },
  Utterance(e) {
    if (!mine(e)) return;
    if (e.final) {
      state.utterances.set(e.utterance_id, e);
      // A half sentence that began before this one will never be finished.
      if (state.partials[e.speaker]?.start_ms <= e.start_ms) delete state.partials[e.speaker];
    } else if (!state.utterances.has(e.utterance_id)) {
      state.partials[e.speaker] = e;
    }
    changed("transcript");
  },
  TranscriptGap(e) {
    if (!mine(e)) return;
    if (state.gaps.some((gap) => gap.speaker === e.speaker && gap.start_ms === e.start_ms)) return;
    state.gaps.push(e);
    changed("transcript");
  },
  SpeechDelayed(e) {
    if (!mine(e)) return;
    state.delay = e.delay_s;
    changed("transcript");
  },
  DraftUpdated(e) {
    if (!mine(e) || !state.draft) return;
    state.draft.suggestions = joined(e.fields);
    changed("draft");
  },
  AnswersSuggested(e) {
    if (!mine(e)) return;
    state.answers = e;
    changed("answers");
  },
  EmergencyHeard(e) {
    if (!mine(e)) return;
    if (state.emergencies.some((old) => old.utterance_id === e.utterance_id && old.code === e.code)) return;
    state.emergencies.push(e);
    changed("emergency", "transcript");
  },
};

/** Apply one event of the live link. */
export function apply(event) {
  REDUCERS[event.event]?.(event);
}
