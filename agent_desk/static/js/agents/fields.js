// The fields of the draft: text, pickers and choices, each with its suggestion as a ghost.
import { Combobox } from "../web/combobox.js";
import { $, $$ } from "../web/dom.js";
import { state } from "../live/store.js";
import { hideTip, showTip } from "../web/tip.js";
import { jumpTo } from "./transcript.js";

export const DEFAULTS = { urgency: "GENERAL", confidential: "NONE", is_public: true };

/** What the fields need of the draft around them; draft.js fills it in. */
export const draft = {
  categories: [],
  changed() {},
  categoryChanged() {},
  next() {},
  /** Suggestions the agent waved away, by field. */
  dismissed: new Map(),
};

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
    const out = draft.dismissed.get(this.name);
    return (state.draft?.suggestions?.[this.name] ?? []).filter((s) => !out?.has(s.value));
  }
  show() {}
  commit(value) {
    if (!state.draft) return;
    state.draft.fields[this.name] = value;
    this.fault("");
    this.offer();
    draft.changed(this.name, value);
  }
  fault(text) {
    // Under its own field a fault need not say the field's name again.
    const named = `${this.label.textContent.trim()}：`;
    this.error.textContent = (text.startsWith(named) ? text.slice(named.length) : text).replace(/。$/, "");
    this.error.hidden = !text;
    this.control?.setAttribute("aria-invalid", String(Boolean(text)));
  }
  focus() { this.control?.focus(); }
  jump() { if (this.from) jumpTo(this.from.utterance_id, this.from.start, this.from.end); }
  source(suggestion) {
    this.from = suggestion?.utterance_id ? suggestion : null;
    this.label.classList.toggle("sourced", Boolean(this.from));
  }
  /** Whether "take all" fills this field; the button counts the same. */
  get takes() { return false; }
  takeShown() { this.take?.(false); }
  dismiss() {
    if (!this.offered) return false;
    if (!draft.dismissed.has(this.name)) draft.dismissed.set(this.name, new Set());
    draft.dismissed.get(this.name).add(this.offered.value);
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
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const accepts = event.key === "Tab" && !event.shiftKey || event.key === "Enter" && !event.shiftKey;
      if (accepts && this.offered && this.empty && !this.control.value) { // what is typed in a picker is a search
        if (event.key === "Enter") event.preventDefault();
        this.take(false);
      } else if (event.key === "Enter" && this.control.tagName === "INPUT") {
        event.preventDefault();
        draft.next(this.name)?.focus();
      } else if (event.key === "Escape" && this.empty) this.dismiss();
    });
    const take = $(".ghost-take", node);
    take?.addEventListener("mouseenter", () => this.offered && showTip(take, this.offered));
    take?.addEventListener("mouseleave", hideTip);
    this.control.addEventListener("mouseenter", () => { this.control.title = this.#unread(); });
  }
  /** What the field is too small to show of its suggestion. */
  #unread() {
    if (!this.offered || !this.empty || !this.ghost || this.ghost.hidden) return "";
    const text = $(".ghost-text", this.ghost);
    const full = this.offered.label || this.offered.value;
    const cut = text.scrollWidth > text.clientWidth || text.scrollHeight > this.ghost.clientHeight;
    return cut || text.textContent !== full ? full : "";
  }
  get takes() { return Boolean(this.empty && this.offered && !this.control.value); }
  /** The suggestion in which words were put right, whether it stands here so or as it was recognised. */
  get corrected() {
    const here = this.control.value || (this.empty ? this.offered?.value : "");
    return this.suggestions.find((s) => s.literal && (s.value === here || s.literal === here)) ?? null;
  }
  /** From what was put right to the words as recognised, and back. */
  otherWords() {
    const found = this.corrected;
    if (!found) return false;
    const now = this.control.value || found.value;
    const other = now === found.value ? found.literal : found.value;
    this.control.value = other;
    this.commit(other);
    return true;
  }
  /** The suggestion as it stands in the empty field. */
  ghostText() { return this.offered.label || this.offered.value; }
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
    const corrected = this.corrected;
    this.source(corrected ?? same ?? (this.offered && this.empty ? this.offered : null));
    this.node.classList.toggle("corrected", Boolean(corrected) && corrected.literal !== this.control.value);
    const visible = Boolean(this.offered) && (this.empty || !state.draft.touched?.includes(this.name) && this.offered.confidence >= 0.7);
    this.ghost.hidden = !visible;
    if (!visible) return;
    $(".ghost-text", this.ghost).textContent = this.empty ? this.ghostText() : "";
    const take = $(".ghost-take", this.ghost);
    // A narrow field shows the value rather than how sure it is (desk.css); that is in the tip.
    const sure = `${Math.round(this.offered.confidence * 100)}%`;
    take.dataset.sure = sure;
    take.textContent = this.empty ? "" : "改";
    take.setAttribute("aria-label", `采纳建议：${this.offered.label || this.offered.value}，把握 ${sure}`);
  }
}

/** A number is read before it is taken, also where its suggestion is called "来电号码". */
class PhoneField extends TextField {
  ghostText() { return this.offered.value; }
}

class CompanyField extends TextField {
  commit(value) {
    super.commit(value);
    state.draft.fields.is_enterprise = Boolean(value.trim());
    draft.changed("is_enterprise", state.draft.fields.is_enterprise);
  }
}

class PickField extends TextField {
  constructor(node) {
    super(node);
    this.box = new Combobox(this.control, $(".options", node), (value) => this.commit(value));
    this.box.left = () => this.offer(); // a search given up: the suggestion stands there again
  }
  show() {
    if (document.activeElement !== this.control) this.box.set(this.text());
    this.offer();
  }
  text() { return this.value === undefined || this.value === null ? "" : String(this.value); }
  get takes() { return super.takes && Boolean(this.box.label(this.offered.value)); }
  /** As it will stand once taken: of "湖北省…白泉村" the village, which tells most. */
  ghostText() { return this.box.label(this.offered.value) || super.ghostText(); }
  commit(value) {
    // Typing in the box is searching; only a choice is a value.
    if (value !== "" && !this.box.label(value)) return this.offer();
    super.commit(this.name === "unit_id" && value ? Number(value) : value);
    if (this.name === "category_code") draft.categoryChanged();
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
  /** What was heard; what only follows from another field is chosen by hand, and a default needs no choosing. */
  #heard() { return this.suggestions.filter((s) => s.utterance_id && (this.many || s.value !== DEFAULTS[this.name])); }
  get takes() { return this.empty && this.#heard().length > 0; }
  takeShown() {
    const open = this.#heard();
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
      draft.next(this.name)?.focus();
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
    const category = draft.categories.find((c) => c.value === state.draft?.fields.category_code);
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

/** The right kind of field for a node of the form. */
export function fieldOf(node) {
  if (node.dataset.choice) return new ChoiceField(node);
  if ($("[data-pick]", node)) return new PickField(node);
  if (["phone", "phone_alt"].includes(node.dataset.field)) return new PhoneField(node);
  return node.dataset.field === "company" ? new CompanyField(node) : new TextField(node);
}
