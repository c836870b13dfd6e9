// The draft's text: its history for undo and redo, saving by itself, and what the check says of it.
import { get, post } from "../web/api.js";

const SAVE_MS = 800;
const CHECK_MS = 350;
const STEP_MS = 600;
const HISTORY = 200;
/** The server takes 256 KiB; a text that is longer is not sent at all. */
const MOST_BYTES = 240_000;

export class Doc extends EventTarget {
  constructor(id, version, text) {
    super();
    Object.assign(this, { id, version, text, saved: text, checked: null, conflict: "", undone: [], done: [] });
    this.typedAt = 0;
    this.saving = false;
  }

  tell(name) { this.dispatchEvent(new Event(name)); }

  /** A new text. What is typed in one go is one step of the history; any other change is a step of its own. */
  change(text, { typed = false } = {}) {
    if (text === this.text) return;
    const goesOn = typed && Date.now() - this.typedAt < STEP_MS && this.done.length;
    if (!goesOn) this.done.push(this.text);
    if (this.done.length > HISTORY) this.done.shift();
    this.typedAt = typed ? Date.now() : 0;
    this.undone = [];
    this.set(text);
  }

  undo() { this.step(this.done, this.undone); }

  redo() { this.step(this.undone, this.done); }

  step(from, to) {
    if (!from.length) return;
    to.push(this.text);
    this.typedAt = 0;
    this.set(from.pop());
  }

  set(text) {
    this.text = text;
    this.tell("text");
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => this.save(), SAVE_MS);
    clearTimeout(this.checkTimer);
    this.checkTimer = setTimeout(() => this.check(), CHECK_MS);
  }

  get clean() { return this.saved === this.text && !this.conflict; }

  tooLong() { return new Blob([this.text]).size > MOST_BYTES; }

  async save() {
    if (this.conflict || this.text === this.saved) return this.tell("state");
    if (this.tooLong()) { this.fault = "脚本太大（上限 240 KB），没有保存"; return this.tell("state"); }
    if (this.saving) { this.again = true; return undefined; }
    this.saving = true;
    this.fault = "";
    this.tell("state");
    const text = this.text;
    try {
      const kept = await post(`/api/scripts/drafts/${this.id}/save`, { version: this.version, text });
      this.version = kept.version;
      this.saved = text;
    } catch (error) {
      if (error.status === 409) this.conflict = error.message;
      else {
        this.fault = error.message;
        // A network or database that is away comes back: what was typed is tried again.
        if (!error.status || error.status >= 500 || error.status === 429) this.saveTimer = setTimeout(() => this.save(), 5000);
      }
    }
    this.saving = false;
    this.tell("state");
    if (this.again || (this.text !== this.saved && !this.fault && !this.conflict)) { this.again = false; await this.save(); }
    return undefined;
  }

  async check() {
    const text = this.text;
    if (this.tooLong()) { this.checkFault = "脚本太大（上限 240 KB），无法检查"; return this.tell("checked"); }
    try {
      const checked = await post("/api/scripts/check", { text });
      if (text !== this.text) return undefined;
      this.checkFault = "";
      this.checked = checked;
      if (checked.cards) this.cards = checked.cards;
    } catch (error) {
      if (text !== this.text) return undefined;
      this.checkFault = error.message;
    }
    return this.tell("checked");
  }

  /** A change of one node, made in the text by the server. Throws ApiError. */
  async edit(act) {
    const text = this.text;
    const made = await post("/api/scripts/edit", { text, ...act });
    if (text !== this.text) throw new Error("源码刚刚变了，请再试一次");
    this.change(made.text);
    await this.check();
  }

  /** Drop the own text and take what is kept, or write the own text over it: each only when a person says so. */
  async takeTheirs() {
    const kept = await get(`/api/scripts/drafts/${this.id}`);
    this.done.push(this.text);
    Object.assign(this, { version: kept.version, saved: kept.text, text: kept.text, conflict: "" });
    this.tell("text");
    this.tell("state");
    await this.check();
  }
}
