// What an agent does in a call and with a ticket: each act is asked of the server, what it refuses is shown.
import { post } from "../web/api.js";
import { $, say } from "../web/dom.js";
import { changed, state } from "../live/store.js";
import { ask, askDecline, askHandoff, askTransfer } from "./dialogs.js";
import { alarm } from "./alerts.js";
import { agreed, wantsNew } from "./call_back.js";
import { regionName, save, submit } from "./draft.js";
import { waits } from "./waiting.js";

/** What could not be done is seen and heard. */
export function tell(problem) {
  state.controlProblem = problem;
  changed("link");
  say(problem);
}

const ON_THE_SEAT = new Set(["ready", "not_ready", "clear_missed", "wrap_up_done", "logout"]);

/** Ask the server to act; what it refuses is shown, in its own words. */
export async function act(action, body = {}) {
  try {
    state.controlFields = {};
    return await post(`/api/desk/act/${action}`, ON_THE_SEAT.has(action) ? body : { call_id: state.call?.id ?? "", ...body });
  } catch (error) {
    state.controlFields = error.fields ?? {};
    tell(error.message);
    return null;
  }
}

export async function handoff(target) {
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

export async function leave() {
  if (state.handoff?.status === "accepted") await act("leave");
}

export async function transfer() {
  const to = await askTransfer().catch((error) => tell(`没有读到可以转接的坐席和单位：${error.message}`));
  if (!to) return;
  if (to.kind === "agent") await act("transfer_agent", { to: to.extension, blind: to.blind });
  else if (to.kind === "queue") await act("transfer_queue", { queue: to.id });
  else if (to.kind === "number") await act("transfer_number", { number: to.number });
  else await act("transfer_unit", { unit_id: to.id });
}

export async function toggleReady() {
  if ($("#seat-ready").disabled) return;
  if (state.agent.state === "ready") await act("not_ready", { reason: "break" });
  else if (state.agent.state === "wrap_up") await wrapUpDone();
  else await act("ready");
}

export async function wrapUpDone() {
  const unsent = state.draft && !state.draft.ticket && !waits(state.call?.id) && Object.values(state.draft.fields).some((v) => typeof v === "string" && v);
  if (unsent && !(await ask("工单还没有提交", "草稿已保存，可在“没有提交的工单”里继续。确定结束话后整理？"))) return;
  await save();
  await act("wrap_up_done");
}

export async function send(kind) {
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

/** Take a call-back task and dial; who was quicker is told by the server, in its own words. */
export async function callBack(task, what = "call") {
  try {
    state.controlProblem = "";
    changed("link");
    await post(`/api/desk/callbacks/${task}/${what}`);
  } catch (error) {
    tell(error.message);
  }
}
