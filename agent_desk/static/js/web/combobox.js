// A search box over a closed list: by Chinese, code and pinyin initials. Keyboard first.
import { el } from "./dom.js";

const SHOWN = 60;

export class Combobox {
  /** Items are {value, label, code, more, keys}. `picked(value)` runs on a choice ("" when cleared). */
  constructor(input, list, picked) {
    this.input = input;
    this.list = list;
    this.picked = picked;
    this.items = [];
    this.value = "";
    this.at = -1;
    this.left = () => {};
    input.addEventListener("input", () => this.open());
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => this.open(true));
    input.addEventListener("blur", () => this.close());
    // Before the field's own keys: while the list is open, Enter and Tab mean the option that is lit in it.
    input.addEventListener("keydown", (event) => this.#key(event), true);
    list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // keep the focus in the box
      const option = event.target.closest("li[data-value]");
      if (option) this.choose(option.dataset.value);
    });
  }

  get isOpen() { return !this.list.hidden; }
  label(value) { return this.items.find((item) => item.value === value)?.label ?? ""; }

  set(value) {
    this.value = value ?? "";
    this.input.value = this.label(this.value);
  }

  find(text) {
    const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const rank = (item) => {
      let score = 0;
      for (const word of words) {
        const points = Combobox.points(item, word);
        if (!points) return -1;
        score += points;
      }
      return score;
    };
    return this.items
      .map((item) => [rank(item), item])
      .filter(([score]) => score >= 0)
      .sort((a, b) => b[0] - a[0])
      .slice(0, SHOWN)
      .map(([, item]) => item);
  }

  /** How well one word fits: by name or code, by initials, by whole syllables, by what it is also called. */
  static points(item, word) {
    if (item.code?.startsWith(word) || item.label.startsWith(word)) return 9;
    if (item.label.includes(word)) return 8;
    if (/^[a-z]+$/.test(word)) {
      if (item.initials.startsWith(word)) return 7;
      if (item.initials.includes(word)) return 6;
      const syllables = item.syllables.split(" ");
      if (syllables.some((_, i) => syllables.slice(i).join("").startsWith(word))) return word.length > 1 ? 5 : 0;
      let at = 0;
      for (const letter of item.initials) if (letter === word[at]) at += 1;
      return word.length > 1 && at === word.length ? 2 : 0;
    }
    return item.also.includes(word) || item.more?.includes(word) ? 4 : 0;
  }

  open(all = false) {
    const text = all || this.input.value === this.label(this.value) ? "" : this.input.value;
    const found = this.find(text);
    this.list.replaceChildren(
      ...found.map((item, i) =>
        el("li", { role: "option", id: `${this.list.id}-${i}`, "data-value": item.value, "aria-selected": "false" },
          item.code ? el("span", { class: "code" }, item.code) : null, item.label,
          item.more ? el("span", { class: "more" }, item.more) : null)),
      ...(found.length ? [] : [el("li", { "aria-disabled": "true" }, "没有匹配的项目")]),
    );
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const pane = this.input.closest("form").getBoundingClientRect();
    this.list.classList.toggle("up", this.input.getBoundingClientRect().bottom + 256 > pane.bottom);
    const chosen = found.findIndex((item) => item.value === this.value);
    this.#select(found.length && text ? 0 : chosen);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    if (!this.input.value.trim() && this.value) return this.choose("");
    this.input.value = this.label(this.value);
    this.left();
  }

  choose(value) {
    this.value = value;
    this.input.value = this.label(value);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.picked(value);
  }

  #select(index) {
    const options = [...this.list.querySelectorAll("li[data-value]")];
    options[this.at]?.setAttribute("aria-selected", "false");
    this.at = index;
    const option = options[index];
    options.forEach((o, i) => o.setAttribute("aria-selected", String(i === index)));
    if (option) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    if (event.altKey || event.ctrlKey) return;
    const count = this.list.querySelectorAll("li[data-value]").length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.isOpen) return this.open(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (count) this.#select(this.at < 0 && step < 0 ? count - 1 : (this.at + step + count) % count);
    } else if (this.isOpen && event.key === "Enter") {
      const option = this.list.querySelectorAll("li[data-value]")[this.at];
      if (!option && !this.input.value) return; // only looked at: the field's suggestion, or the next field
      event.preventDefault();
      event.stopPropagation();
      if (option) this.choose(option.dataset.value);
    } else if (this.isOpen && event.key === "Tab" && this.input.value && this.input.value !== this.label(this.value)) {
      const option = this.list.querySelectorAll("li[data-value]")[this.at];
      if (option) this.choose(option.dataset.value);
    } else if (this.isOpen && event.key === "Escape") {
      event.stopPropagation();
      this.list.hidden = true;
      this.input.value = this.label(this.value);
      this.left();
    }
  }
}
