// The draft ticket. Suggestions are ghosts in empty fields; what the agent typed is never overwritten.
import { post } from "./api.js";
import { Combobox } from "./combobox.js";
import { $, $$, el, say } from "./dom.js";
import { changed, on, state } from "./store.js";
import { wallClock } from "./time.js";
import { hideTip, showTip } from "./tip.js";
import { jumpTo } from "./transcript.js";

const DEBOUNCE_MS = 500;
const RETRY_MS = 4000;
const DEFAULTS = { urgency: "GENERAL", confidential: "NONE", is_public: true };

const pane = $("#draft");
const form = $("#d-form");
const fields = new Map();
let categories = [];
let pending = {};
let saving = null;
let timer = 0;
let shown = null; // the call whose draft the form shows
const dismissed = new Map();

class Field {
  constructor(node) {
    this.node = node;
    this.name = node.dataset.field;
    this.error = $(".err", node);
    this.ghost = $(".ghost", node);
    this.label = $(".lab", node);
    this.ghost?.querySelector(".ghost-take").addEventListener("click", () => this.take(true));
    // The label leads to the words the value came from.
    this.label.addEventListener("mouseenter", () => this.from && showTip(this.label, this.from));
    this.label.addEventListener("mouseleave", hideTip);
    this.label.addEventListener("click", (event) => {
      if (!this.from) return;
      event.preventDefault();
      this.jump();
    });
    node.addEventListener("keydown", hideTip);
  }
  get value() { return state.draft?.fields[this.name]; }
  get empty() { return this.value === undefined || this.value === null || this.value === "" || this.value?.length === 0; }
  /** The suggestions still worth showing, best first. */
  get suggestions() {
    const out = dismissed.get(this.name);
    return (state.draft?.suggestions?.[this.name] ?? []).filter((s) => !out?.has(s.value));
  }
  show() {}
  commit(value) {
    if (!state.draft) return;
    state.draft.fields[this.name] = value;
    this.fault("");
    pending[this.name] = value;
    schedule();
    this.offer();
    buttons();
  }
  fault(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
    this.control?.setAttribute("aria-invalid", String(Boolean(text)));
  }
  focus() { this.control?.focus(); }
  jump() { if (this.from) jumpTo(this.from.utterance_id, this.from.start, this.from.end); }
  source(suggestion) {
    this.from = suggestion?.utterance_id ? suggestion : null;
    this.label.classList.toggle("sourced", Boolean(this.from));
  }
  takeShown() { this.take?.(false); }
  dismiss() {
    if (!this.offered) return false;
    if (!dismissed.has(this.name)) dismissed.set(this.name, new Set());
    dismissed.get(this.name).add(this.offered.value);
    this.offer();
    return true;
  }
}

class TextField extends Field {
  constructor(node) {
    super(node);
    this.control = $("input, textarea", node);
    this.control.addEventListener("input", () => this.commit(this.control.value));
    this.control.addEventListener("keydown", (event) => {
      if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
      const accepts = event.key === "Tab" && !event.shiftKey || event.key === "Enter" && !event.shiftKey;
      if (accepts && this.offered && this.empty) {
        if (event.key === "Enter") event.preventDefault();
        this.take(false);
      } else if (event.key === "Enter" && this.control.tagName === "INPUT") {
        event.preventDefault();
        nextField(this.name)?.focus();
      } else if (event.key === "Escape" && this.empty) this.dismiss();
    });
    const take = $(".ghost-take", node);
    take?.addEventListener("mouseenter", () => this.offered && showTip(take, this.offered));
    take?.addEventListener("mouseleave", hideTip);
  }
  show() {
    if (document.activeElement !== this.control || this.control.value === "") this.control.value = this.value ?? "";
    this.offer();
  }
  take(focus) {
    if (!this.offered) return;
    const { value } = this.offered;
    this.control.value = value;
    this.commit(value);
    hideTip();
    if (focus) this.control.focus();
  }
  offer() {
    const best = this.suggestions[0];
    const value = this.value === undefined || this.value === null ? "" : String(this.value);
    const same = this.suggestions.find((s) => s.value === value);
    this.offered = best && best.value !== value ? best : null;
    this.node.classList.toggle("ghosted", Boolean(this.offered && this.empty));
    this.node.classList.toggle("accepted", Boolean(same));
    this.source(same ?? (this.offered && this.empty ? this.offered : null));
    const visible = Boolean(this.offered) && (this.empty || !state.draft.touched?.includes(this.name) && this.offered.confidence >= 0.7);
    this.ghost.hidden = !visible;
    if (!visible) return;
    $(".ghost-text", this.ghost).textContent = this.empty ? this.offered.label || this.offered.value : "";
    const take = $(".ghost-take", this.ghost);
    take.textContent = `${this.empty ? "" : "改 "}${Math.round(this.offered.confidence * 100)}%`;
    take.setAttribute("aria-label", `采纳建议：${this.offered.label || this.offered.value}`);
  }
}

class CompanyField extends TextField {
  commit(value) {
    super.commit(value);
    state.draft.fields.is_enterprise = pending.is_enterprise = Boolean(value.trim());
  }
}

class PickField extends TextField {
  constructor(node) {
    super(node);
    this.box = new Combobox(this.control, $(".options", node), (value) => this.commit(value));
  }
  show() {
    if (document.activeElement !== this.control) this.box.set(this.text());
    this.offer();
  }
  text() { return this.value === undefined || this.value === null ? "" : String(this.value); }
  commit(value) {
    // Typing in the box is searching; only a choice is a value.
    if (value !== "" && !this.box.label(value)) return this.offer();
    super.commit(this.name === "unit_id" && value ? Number(value) : value);
    if (this.name === "category_code") fields.get("procedure").offer();
  }
  offer() {
    super.offer();
    if (this.control === document.activeElement && this.control.value) this.ghost.hidden = true;
  }
  take(focus) {
    if (!this.offered) return;
    const { value } = this.offered;
    super.take(false);
    this.box.set(value);
    this.box.list.hidden = true;
    if (focus) this.control.focus();
  }
}

class ChoiceField extends Field {
  constructor(node) {
    super(node);
    this.many = node.dataset.choice === "many";
    this.buttons = $$("button[data-value]", node);
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.#toggle(button));
      button.addEventListener("mouseenter", () => {
        const s = this.suggestions.find((x) => x.value === button.dataset.value);
        if (s) showTip(button, s);
      });
      button.addEventListener("mouseleave", hideTip);
      button.addEventListener("keydown", (event) => this.#key(event, button));
    }
    this.control = this.buttons[0];
  }
  takeShown() {
    const open = this.suggestions.filter((s) => s.utterance_id);
    if (!open.length) return;
    this.commit(this.many ? open.map((s) => s.value) : this.#decode(open[0].value));
    this.show();
  }
  #decode(text) { return this.name === "is_public" ? text === "true" : text; }
  #toggle(button) {
    const value = this.#decode(button.dataset.value);
    if (this.many) {
      const now = new Set(this.value ?? []);
      now.has(value) ? now.delete(value) : now.add(value);
      this.commit([...now]);
    } else this.commit(this.value === value && this.name === "gender" ? "" : value);
    this.show();
  }
  #key(event, button) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const at = (this.buttons.indexOf(button) + step + this.buttons.length) % this.buttons.length;
      this.buttons[at].focus();
      if (!this.many) this.#toggle(this.buttons[at]);
    } else if (event.key === "Enter" && this.offered && !this.many) {
      event.preventDefault();
      this.commit(this.#decode(this.offered.value));
      this.show();
      this.focus();
    } else if (event.key === "Enter" && !this.many) {
      event.preventDefault();
      nextField(this.name)?.focus();
    }
  }
  show() {
    const value = this.value ?? DEFAULTS[this.name];
    let tabbed = false;
    for (const button of this.buttons) {
      const own = this.#decode(button.dataset.value);
      const checked = this.many ? (value ?? []).includes(own) : value === own;
      button.setAttribute("aria-checked", String(checked));
      button.tabIndex = this.many || checked ? 0 : -1;
      tabbed ||= checked;
    }
    if (!tabbed) this.buttons[0].tabIndex = 0;
    this.offer();
  }
  focus() { (this.buttons.find((b) => b.tabIndex === 0) ?? this.buttons[0]).focus(); }
  get suggestions() {
    const own = super.suggestions;
    if (this.name !== "procedure" || own.length || !this.empty) return own;
    const category = categories.find((c) => c.value === state.draft?.fields.category_code);
    return category ? [{ value: category.procedure, label: "", confidence: 1, quote: "", utterance_id: "" }] : [];
  }
  offer() {
    const open = this.suggestions.filter((s) => (this.many ? !(this.value ?? []).includes(s.value) : s.value !== String(this.value)));
    this.offered = this.many || this.empty ? open[0] : null;
    for (const button of this.buttons) {
      const s = (this.many || this.empty) && open.find((x) => x.value === button.dataset.value);
      const suggested = Boolean(s) && (this.many || s === open[0]) && !(this.empty && DEFAULTS[this.name] === s.value);
      button.classList.toggle("suggested", suggested);
      if (suggested) button.dataset.sure = s.utterance_id && !this.many ? `${Math.round(s.confidence * 100)}%` : "";
    }
    const chosen = this.suggestions.find((s) => (this.many ? (this.value ?? []).includes(s.value) : s.value === this.value));
    this.source(chosen ?? this.offered);
  }
}

for (const node of $$("[data-field]", form)) {
  const Kind = node.dataset.choice ? ChoiceField : $("[data-pick]", node) ? PickField : node.dataset.field === "company" ? CompanyField : TextField;
  fields.set(node.dataset.field, new Kind(node));
}
const order = [...fields.keys()];
const nextField = (name) => fields.get(order[order.indexOf(name) + 1]);

export function focusDraft() {
  const first = [...fields.values()].find((field) => field.empty && !(field.name in DEFAULTS));
  (first ?? fields.get(order[0])).focus();
}

/** To the words behind the field that has the focus. */
export function jumpToSource() {
  fields.get(document.activeElement?.closest("[data-field]")?.dataset.field)?.jump();
}

/** Take every suggestion that is shown; each stays marked, so that a glance can check it. */
export function takeAll() {
  if (!state.draft || state.draft.ticket) return;
  for (const field of fields.values()) if (field.empty) field.takeShown();
}

export function setLookups(lookups) {
  categories = lookups.categories;
  fields.get("category_code").box.items = lookups.categories;
  fields.get("unit_id").box.items = lookups.units;
  fields.get("region_code").box.items = lookups.regions;
  for (const name of ["category_code", "unit_id", "region_code"]) fields.get(name).show();
}
export const regionName = (code) => fields.get("region_code").box.label(code);

/** Put an article's short answer into the answer field and remember which article it was. */
export function useAnswer(id, title, text) {
  if (!state.draft || state.draft.ticket) return;
  const field = fields.get("answer_text");
  field.control.value = text;
  field.commit(text);
  state.draft.fields.article_id = id;
  pending.article_id = id;
  schedule();
  field.control.scrollIntoView({ block: "nearest" });
  $(".lab", field.node).title = `依据知识：${title}`;
}

// -- saving -----------------------------------------------------------------------------------------
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
  const changes = pending;
  pending = {};
  saved("正在保存…");
  saving = post(`/api/desk/draft/${callId}`, { changes })
    .then((answer) => {
      if (shown !== callId) return true;
      state.draft.touched = answer.touched;
      saved(Object.keys(pending).length ? "未保存" : `已保存 ${wallClock(Date.parse(answer.saved_at))}`);
      return true;
    })
    .catch((error) => {
      if (shown !== callId) return false;
      pending = { ...changes, ...pending };
      saved(`没有保存：${error.message}`, true);
      for (const [name, text] of Object.entries(error.fields ?? {})) fields.get(name)?.fault(text);
      if (error.status === 409) pending = {};
      if (error.status === 0 || error.status >= 500) timer = setTimeout(save, RETRY_MS);
      return false;
    })
    .finally(() => { saving = null; });
  return saving;
}
addEventListener("pagehide", () => {
  if (shown && Object.keys(pending).length) post(`/api/desk/draft/${shown}`, { changes: pending }, { keepalive: true }).catch(() => {});
});

// -- submitting ---------------------------------------------------------------------------------------
const SAID = { dispatch: "已派单", register: "已登记，待分流", answer: "已直接答复办结", decline: "已登记为不予受理", hand_over: "已登记移交" };
let submitting = false;

/** Submit the draft; faults appear by their fields. `more` goes along (decline code, hand-off id). */
export async function submit(kind, more = {}) {
  if (!state.draft || state.draft.ticket || submitting) return null;
  submitting = true;
  for (const field of fields.values()) field.fault("");
  try {
    await save();
    const answer = await post(`/api/desk/submit/${shown}`, { kind, fields: state.draft.fields, ...more });
    state.draft.ticket = answer.ticket;
    pending = {};
    say(`${SAID[kind]}，工单 ${answer.ticket.no}`);
    saved(`${SAID[kind]} ${answer.ticket.unit || ""}`);
    changed("draft");
    return answer;
  } catch (error) {
    faults(error);
    return null;
  } finally {
    submitting = false;
  }
}

function faults(error) {
  saved(error.message, true);
  say(error.message);
  let first = null;
  for (const name of order) {
    const text = error.fields?.[name];
    if (!text) continue;
    fields.get(name).fault(text);
    first ??= fields.get(name);
  }
  first?.focus();
}

function render() {
  const { draft, call } = state;
  pane.toggleAttribute("data-idle", !draft);
  if (!draft) {
    if (shown) { dismissed.clear(); pending = {}; clearTimeout(timer); for (const field of fields.values()) field.fault(""); }
    shown = null;
    $("#d-no").textContent = "";
    saved("");
    return;
  }
  const fresh = shown !== call.id;
  if (fresh) {
    dismissed.clear();
    pending = {};
    shown = call.id;
    for (const field of fields.values()) field.fault("");
    saved(draft.saved_at ? `已保存 ${wallClock(Date.parse(draft.saved_at))}` : "");
    $("[name=phone]", form).placeholder = state.caller?.phone ? state.caller.display : "请询问";
  } else Object.assign(draft.fields, pending);
  const done = Boolean(draft.ticket);
  pane.toggleAttribute("data-done", done);
  $("#d-no").replaceChildren(done ? el("a", { href: `/tickets/${draft.ticket.no}`, target: "_blank", rel: "noopener" }, draft.ticket.no) : "");
  for (const control of $$("input, textarea, button", form)) control.disabled = done;
  for (const field of fields.values()) field.show();
}

on("draft call", render);
function buttons() {
  const handed = ["accepted", "completed"].includes(state.handoff?.status) && /^1\d\d$/.test(state.handoff.target);
  const done = Boolean(state.draft?.ticket);
  for (const button of $$("#d-submit [data-submit]")) button.hidden = done || (button.dataset.submit === "hand_over" && !handed);
  $("[data-submit=decline]").hidden = done || handed;
  $("[data-submit=hand_over]").classList.toggle("primary", handed);
  $("[data-submit=dispatch]").classList.toggle("primary", !handed);
  $("#wrap-done").hidden = !done || state.agent.state !== "wrap_up";
  $("#d-close").hidden = !done || state.agent.state === "wrap_up" || state.call?.state !== "ended";
  $("#d-done").hidden = !done;
  if (done) $("#d-done").textContent = `工单 ${state.draft.ticket.no} 已提交${state.draft.ticket.unit ? `，承办单位：${state.draft.ticket.unit}` : ""}`;
  const open = state.draft && !done ? [...fields.values()].filter((f) => f.empty && f.offered?.utterance_id).length : 0;
  $("#d-take").hidden = !open;
  $("#d-take").firstChild.textContent = `采纳 ${open} 项建议 `;
}
on("draft call handoff agent", buttons);
$("#d-take").addEventListener("click", takeAll);
