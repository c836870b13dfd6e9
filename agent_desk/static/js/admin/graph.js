// The picture of the draft: cards and lines, walked by keys, moved and zoomed by mouse and keys.
import { $, el, say } from "../web/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 220;
const HEAD = 62;
const ROW = 22;

export class Graph extends EventTarget {
  constructor(doc) {
    super();
    this.doc = doc;
    this.root = $("#graph");
    this.view = { x: 20, y: 20, scale: 1 };
    this.trail = [];
    this.exit = -1;
    this.lit = new Set();
    this.world = el("div", { class: "world" });
    this.lines = document.createElementNS(SVG, "svg");
    this.world.append(this.lines);
    this.root.append(this.world);
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("pointerdown", (event) => this.grab(event));
    this.root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.root.addEventListener("click", (event) => this.click(event));
    doc.addEventListener("checked", () => this.draw());
  }

  get cards() { return this.doc.cards ?? []; }

  card(id) { return this.cards.find((one) => one.id === id); }

  draw() {
    const first = !this.drawn && this.cards.length;
    const faults = new Map();
    for (const one of this.doc.checked?.problems ?? []) if (one.node && faults.get(one.node) !== "error") faults.set(one.node, one.level);
    this.root.classList.toggle("old", this.doc.checked ? !this.doc.checked.cards : false);
    this.elements = new Map();
    for (const card of this.cards) {
      const heat = this.heat?.[card.id];
      const node = el("div", { class: `card ${faults.get(card.id) ?? ""} ${this.lit.has(card.id) ? "lit" : ""} ${card.id === this.selected ? "chosen" : ""}`, "data-node": card.id },
        el("div", { class: "card-head" }, el("b", {}, card.id), el("span", {}, card.kind_label),
          this.heat ? el("i", { class: heat?.hung_up ? "warn" : "" }, heat ? `${heat.entered} 通${heat.hung_up ? ` · 挂断 ${heat.hung_up}` : ""}` : "0 通") : null),
        el("p", {}, card.says || "—"),
        ...card.exits.map((exit, at) => el("div", { class: `exit ${this.isLit(card.id, exit) ? "lit" : ""} ${this.card(exit.to) ? "" : "loose"} ${card.id === this.selected && at === this.exit ? "chosen" : ""}`, "data-exit": String(at) },
          el("span", {}, exit.label), el("span", {}, this.heat ? `${heat?.exits[exit.name] ?? 0}` : exit.to))));
      node.style.left = `${card.x}px`;
      node.style.top = `${card.y}px`;
      if (this.heat) node.style.setProperty("--heat", String(Math.min(1, (heat?.entered ?? 0) / Math.max(1, this.busiest))));
      this.elements.set(card.id, node);
    }
    this.root.classList.toggle("hot", Boolean(this.heat));
    this.world.replaceChildren(this.lines, ...this.elements.values());
    this.connect();
    if (first) { this.drawn = true; this.start(); }
    this.move();
  }

  isLit(id, exit) { return this.path?.some(([from, by]) => from === id && by === exit.name); }

  connect() {
    const right = Math.max(0, ...this.cards.map((card) => card.x + WIDTH)) + 80;
    const low = Math.max(0, ...this.cards.map((card) => card.y + card.height)) + 40;
    this.lines.setAttribute("width", String(right));
    this.lines.setAttribute("height", String(low));
    const paths = [];
    for (const card of this.cards) {
      card.exits.forEach((exit, at) => {
        const to = this.card(exit.to);
        if (!to) return;
        const x = card.x + WIDTH;
        const y = card.y + HEAD + ROW * at + ROW / 2 - 4;
        const [tx, ty] = [to.x, to.y + 18];
        const bend = tx > x ? Math.max(30, (tx - x) / 2) : 60;
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", `M${x} ${y} C${x + bend} ${y} ${tx - bend} ${ty} ${tx} ${ty}`);
        const chosen = card.id === this.selected && (this.exit < 0 || at === this.exit);
        path.setAttribute("class", `${chosen ? "chosen" : ""} ${this.isLit(card.id, exit) ? "lit" : ""} ${tx <= x ? "back" : ""}`);
        const count = this.heat?.[card.id]?.exits[exit.name] ?? 0;
        path.setAttribute("stroke-width", this.heat ? String(1 + 5 * count / Math.max(1, this.busiest)) : "1.5");
        paths.push(path);
      });
    }
    this.lines.replaceChildren(...paths);
  }

  move() {
    const { x, y, scale } = this.view;
    this.world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  }

  zoom(factor, [px, py] = [this.root.clientWidth / 2, this.root.clientHeight / 2]) {
    const scale = Math.min(2, Math.max(0.1, this.view.scale * factor));
    const by = scale / this.view.scale;
    this.view = { scale, x: px - (px - this.view.x) * by, y: py - (py - this.view.y) * by };
    this.move();
  }

  fit() {
    if (!this.cards.length) return;
    const right = Math.max(...this.cards.map((card) => card.x + WIDTH));
    const low = Math.max(...this.cards.map((card) => card.y + card.height));
    const scale = Math.max(0.1, Math.min(1, (this.root.clientWidth - 24) / right, (this.root.clientHeight - 24) / low));
    this.view = { scale, x: 12, y: Math.max(12, (this.root.clientHeight - low * scale) / 2) };
    this.move();
  }

  start() {
    const first = this.cards.find((card) => card.x === 0) ?? this.cards[0];
    this.view = { scale: 0.8, x: 16, y: this.root.clientHeight / 2 - (first.y + first.height / 2) * 0.8 };
  }

  select(id, { exit = -1, show = true } = {}) {
    if (!this.card(id)) return;
    this.selected = id;
    this.exit = exit;
    this.draw();
    if (show) this.show(id);
    const card = this.card(id);
    const way = card.exits[exit];
    say(way ? `${way.label}，通向 ${way.to}` : `${card.id}，${card.kind_label}，${card.says}，${card.exits.length} 个出口`);
    this.dispatchEvent(new CustomEvent("select", { detail: id }));
  }

  show(id) {
    const card = this.card(id);
    const { scale } = this.view;
    const [left, top] = [card.x * scale + this.view.x, card.y * scale + this.view.y];
    const [wide, high] = [this.root.clientWidth, this.root.clientHeight];
    if (left < 8 || left + WIDTH * scale > wide - 8) this.view.x = wide / 2 - (card.x + WIDTH / 2) * scale;
    if (top < 8 || top + card.height * scale > high - 8) this.view.y = Math.min(high / 2 - (card.y + card.height / 2) * scale, 12 - card.y * scale + Math.max(0, high - card.height * scale) / 2);
    this.move();
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const card = this.card(this.selected);
    const order = this.cards.map((one) => one.id);
    const beside = (by) => order[(order.indexOf(this.selected) + by + order.length) % order.length];
    const acts = {
      ArrowRight: () => this.select(card ? beside(1) : order[0]),
      ArrowLeft: () => this.select(card ? beside(-1) : order[0]),
      ArrowDown: () => (card ? this.select(card.id, { exit: Math.min(card.exits.length - 1, this.exit + 1) }) : this.select(order[0])),
      ArrowUp: () => card && this.select(card.id, { exit: Math.max(-1, this.exit - 1) }),
      Enter: () => {
        const to = card?.exits[this.exit]?.to ?? card?.exits[0]?.to;
        if (!this.card(to)) return;
        this.trail.push(card.id);
        this.select(to);
      },
      Backspace: () => this.trail.length && this.select(this.trail.pop()),
      Home: () => { this.trail = []; this.select(order[0]); },
      e: () => card && this.dispatchEvent(new CustomEvent("edit", { detail: card.id })),
      "+": () => this.zoom(1.2),
      "=": () => this.zoom(1.2),
      "-": () => this.zoom(1 / 1.2),
      0: () => this.fit(),
    };
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  click(event) {
    const node = event.target.closest(".card");
    if (!node || this.dragged) return;
    const exit = event.target.closest("[data-exit]");
    this.select(node.dataset.node, { exit: exit ? Number(exit.dataset.exit) : -1, show: false });
    this.dispatchEvent(new CustomEvent("edit", { detail: node.dataset.node }));
  }

  grab(event) {
    if (event.button) return;
    const from = { x: event.clientX - this.view.x, y: event.clientY - this.view.y };
    const begin = [event.clientX, event.clientY];
    this.dragged = false;
    const drag = (moved) => {
      if (Math.hypot(moved.clientX - begin[0], moved.clientY - begin[1]) > 4) this.dragged = true;
      if (!this.dragged) return;
      this.view.x = moved.clientX - from.x;
      this.view.y = moved.clientY - from.y;
      this.move();
    };
    addEventListener("pointermove", drag);
    addEventListener("pointerup", () => removeEventListener("pointermove", drag), { once: true });
  }

  wheel(event) {
    event.preventDefault();
    const box = this.root.getBoundingClientRect();
    if (event.ctrlKey || !event.shiftKey) this.zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1, [event.clientX - box.left, event.clientY - box.top]);
    else { this.view.x -= event.deltaY; this.move(); }
  }

  /** Light the way of a walk: pairs of node and exit, and the nodes entered. */
  light(nodes, path) {
    this.lit = new Set(nodes);
    this.path = path;
    this.draw();
  }

  warm(heat) {
    this.heat = heat;
    this.busiest = heat ? Math.max(1, ...Object.values(heat).map((one) => one.entered)) : 0;
    this.draw();
  }
}
