// The draft ticket. Suggestions are ghosts in empty fields; what the agent typed is never overwritten.
import { post } from "../web/api.js";
import { $, $$, el, say } from "../web/dom.js";
import { DEFAULTS, draft as around, fieldOf } from "./fields.js";
import { changed, on, readsOnly, state } from "../live/store.js";
import { wallClock } from "../web/time.js";
import { keep, unsaved } from "./unsaved.js";
import { later } from "./waiting.js";

const DEBOUNCE_MS = 500;
const RETRY_MS = 4000;

const pane = $("#draft");
const form = $("#d-form");
const fields = new Map();
let pending = {};
let flying = {}; // on its way to the server
let typed = {}; // all that was entered here into the draft that is shown: newer than any snapshot, however late it comes
let saving = null;
let timer = 0;
let wasReading = false;
let shown = null; // the call whose draft the form shows

for (const node of $$("[data-field]", form)) fields.set(node.dataset.field, fieldOf(node));
const order = [...fields.keys()];
around.next = (name) => fields.get(order[order.indexOf(name) + 1]);
around.categoryChanged = () => fields.get("procedure").offer(); // the category has a usual one
around.changed = (name, value) => {
  type(name, value);
  buttons();
};

export function focusDraft() {
  const first = [...fields.values()].find((field) => field.empty && !(field.name in DEFAULTS));
  (first ?? fields.get(order[0])).focus();
}

/** To the words behind the field that has the focus. */
export function jumpToSource() {
  fields.get(document.activeElement?.closest("[data-field]")?.dataset.field)?.jump();
}

/** The field that has the focus, else all: from words put right back to what was recognised, or the other way. */
export function otherWords() {
  if (!state.draft || state.draft.ticket || readsOnly()) return;
  const here = fields.get(document.activeElement?.closest("[data-field]")?.dataset.field);
  const changed = (here ? [here] : [...fields.values()]).filter((field) => field.otherWords?.());
  say(changed.length ? `已换用${changed.every((field) => field.node.classList.contains("corrected")) ? "纠正后的文字" : "听写原文"}` : "没有纠正过的文字");
}

/** Take every suggestion that is shown; each stays marked, so that a glance can check it. */
export function takeAll() {
  if (!state.draft || state.draft.ticket || readsOnly()) return;
  for (const field of [...fields.values()].filter((one) => one.takes)) field.takeShown();
}

export function setLookups(lookups) {
  around.categories = lookups.categories;
  fields.get("category_code").box.items = lookups.categories;
  fields.get("unit_id").box.items = lookups.units;
  fields.get("region_code").box.items = lookups.regions;
  for (const name of ["category_code", "unit_id", "region_code"]) fields.get(name).show();
}
export const regionName = (code) => fields.get("region_code").box.label(code);

/** Put an article's short answer into the answer field and remember which article it was. */
export function useAnswer(id, title, text) {
  if (!state.draft || state.draft.ticket || readsOnly()) return;
  const field = fields.get("answer_text");
  field.control.value = text;
  field.commit(text);
  state.draft.fields.article_id = id;
  type("article_id", id);
  field.control.scrollIntoView({ block: "nearest" });
  $(".lab", field.node).title = `依据知识：${title}`;
}

// -- saving -----------------------------------------------------------------------------------------
function type(name, value) {
  pending[name] = typed[name] = value;
  remember();
  schedule();
}
function remember() {
  if (shown) keep(state.me?.login, shown, { ...flying, ...pending });
}
function schedule() {
  saved("未保存");
  clearTimeout(timer);
  timer = setTimeout(save, DEBOUNCE_MS);
}
function saved(text, bad = false) {
  const node = $("#d-saved");
  node.textContent = text;
  node.classList.toggle("err", bad);
}

/** Save what changed. Resolves when everything typed so far is on the server; false when it could not be. */
export async function save() {
  clearTimeout(timer);
  if (saving) await saving;
  if (!Object.keys(pending).length || !state.draft) return true;
  const callId = shown;
  const changes = flying = pending;
  pending = {};
  saved("正在保存…");
  // keepalive: the browser finishes it even if the page is left this instant.
  saving = post(`/api/desk/draft/${callId}`, { changes }, { keepalive: true })
    .then((answer) => {
      flying = {};
      if (shown !== callId) { keep(state.me?.login, callId, {}); return true; }
      remember();
      away(false);
      state.draft.touched = answer.touched;
      saved(Object.keys(pending).length ? "未保存" : `已保存 ${wallClock(Date.parse(answer.saved_at))}`);
      return true;
    })
    .catch((error) => {
      flying = {};
      if (shown !== callId) return false;
      pending = { ...changes, ...pending };
      away(error.databaseAway);
      saved(error.databaseAway ? "数据库暂不可用，已保存在本机" : `没有保存：${error.message}`, true);
      for (const [name, text] of Object.entries(error.fields ?? {})) fields.get(name)?.fault(text);
      if (error.status === 409) { pending = {}; typed = {}; remember(); }
      if (error.status === 0 || error.status >= 500) timer = setTimeout(save, RETRY_MS);
      return false;
    })
    .finally(() => { saving = null; });
  return saving;
}
/** Something was typed into the draft on the screen, saved or not. */
export const begun = () => Boolean(state.draft?.touched?.length || Object.keys({ ...flying, ...pending }).length);

/** The form is left (another call, another page): what is typed goes to the server without waiting for it. */
function letGo() {
  clearTimeout(timer);
  const callId = shown;
  if (callId && Object.keys(pending).length) {
    post(`/api/desk/draft/${callId}`, { changes: pending }, { keepalive: true }).then(() => keep(state.me?.login, callId, {})).catch(() => {});
  }
}
addEventListener("pagehide", letGo);

function away(yes) {
  if (Boolean(yes) === Boolean(state.databaseAway)) return;
  state.databaseAway = Boolean(yes);
  changed("database");
}

// -- submitting ---------------------------------------------------------------------------------------
const SAID = { dispatch: "已派单", register: "已登记，待分流", answer: "已直接答复办结", decline: "已登记为不予受理", hand_over: "已登记移交" };
let submitting = false;

/** Submit the draft; faults appear by their fields. `more` goes along (decline code, hand-off id).
 * Resolves to the faults of what has no field here, if there are no others. */
export async function submit(kind, more = {}) {
  if (!state.draft || state.draft.ticket || submitting || readsOnly()) return null;
  submitting = true;
  for (const field of fields.values()) field.fault("");
  try {
    await save();
    const answer = await post(`/api/desk/submit/${shown}`, { kind, fields: state.draft.fields, ...more });
    state.draft.ticket = answer.ticket;
    pending = {};
    typed = {};
    remember();
    say(`${SAID[kind]}，工单 ${answer.ticket.no}`);
    saved(`${SAID[kind]} ${answer.ticket.unit || ""}`);
    changed("draft");
    return {};
  } catch (error) {
    if (error.databaseAway) {
      away(true);
      later({ callId: shown, body: { kind, fields: state.draft.fields, ...more }, label: SAID[kind] });
      saved("数据库暂不可用，恢复后自动提交", true);
      return {};
    }
    if (error.status === 409) changed("conflict");
    return faults(error);
  } finally {
    submitting = false;
  }
}

function faults(error) {
  const elsewhere = Object.fromEntries(Object.entries(error.fields ?? {}).filter(([name]) => !fields.has(name)));
  const alone = Object.keys(elsewhere).length > 0 && Object.keys(elsewhere).length === Object.keys(error.fields).length;
  const text = alone ? Object.values(elsewhere).join("") : error.message; // nothing is marked: say it here
  saved(text, true);
  say(text);
  let first = null;
  for (const name of order) {
    const text = error.fields?.[name];
    if (!text) continue;
    fields.get(name).fault(text);
    first ??= fields.get(name);
  }
  first?.focus();
  return alone ? elsewhere : {};
}

function render() {
  const { draft, call } = state;
  pane.toggleAttribute("data-idle", !draft);
  if (!draft) {
    if (shown) { around.dismissed.clear(); letGo(); pending = {}; for (const field of fields.values()) field.fault(""); }
    shown = null;
    $("#d-no").textContent = "";
    saved("");
    return;
  }
  const fresh = shown !== call.id;
  if (fresh) {
    around.dismissed.clear();
    letGo();
    shown = call.id;
    pending = draft.ticket ? {} : unsaved(state.me?.login, call.id);
    typed = { ...pending };
    for (const field of fields.values()) field.fault("");
    saved(draft.saved_at ? `已保存 ${wallClock(Date.parse(draft.saved_at))}` : "");
    if (Object.keys(pending).length) schedule();
    $("[name=phone]", form).placeholder = state.caller?.phone ? state.caller.display : "请询问";
  }
  Object.assign(draft.fields, typed);
  const done = Boolean(draft.ticket);
  pane.toggleAttribute("data-done", done);
  $("#d-no").replaceChildren(done ? el("a", { href: `/tickets/${draft.ticket.no}`, target: "_blank", rel: "noopener" }, draft.ticket.no) : "");
  const reading = readsOnly();
  pane.toggleAttribute("data-reading", reading);
  if (reading) saved(`工单由坐席 ${state.call.owner} 填写，您只能查看`);
  else if (wasReading) saved("工单由您填写");
  wasReading = reading;
  for (const control of $$("input, textarea, button", form)) control.disabled = done || reading;
  for (const field of fields.values()) field.show();
  buttons(); // how many suggestions there are is known only now
}

on("draft call", render);
function buttons() {
  const handed = ["accepted", "completed"].includes(state.handoff?.status) && /^(1\d\d|0\d{2,3}12345)$/.test(state.handoff.target);
  const done = Boolean(state.draft?.ticket);
  const reading = readsOnly();
  for (const button of $$("#d-submit [data-submit]")) button.hidden = done || reading || (button.dataset.submit === "hand_over" && !handed);
  $("[data-submit=decline]").hidden = done || reading || handed;
  $("[data-submit=hand_over]").classList.toggle("primary", handed);
  $("[data-submit=dispatch]").classList.toggle("primary", !handed);
  $("#wrap-done").hidden = !(done || reading) || state.agent.state !== "wrap_up";
  $("#d-close").hidden = state.agent.state === "wrap_up" || state.call?.state !== "ended";
  $("#d-done").hidden = !done;
  if (done) $("#d-done").textContent = `工单 ${state.draft.ticket.no} 已提交${state.draft.ticket.unit ? `，承办单位：${state.draft.ticket.unit}` : ""}`;
  const open = state.draft && !done && !reading ? [...fields.values()].filter((field) => field.takes).length : 0;
  $("#d-take").hidden = !open;
  $("#d-take").firstChild.textContent = `采纳 ${open} 项建议 `;
}
on("draft call handoff agent", buttons);
$("#d-take").addEventListener("click", takeAll);
