// The form of one node, made from the script's schema; each field changes its own place in the text.
import { $, el } from "../web/dom.js";

const WORDS = {
  note: "备注", prompt: "提示语", kind: "种类", timeout: "等待按键（秒）", attempts: "询问次数", no_input_prompt: "没按键时说", wrong_key_prompt: "按错键时说",
  no_input: "不按键去", wrong_key: "按错键去", next: "下一步", variable: "变量名", min: "最少位数", max: "最多位数", test: "条件", then: "是，去", otherwise: "否，去",
  queue: "队列", priority: "优先级（0–9）", wait: "等候上限（秒）", total: "合计等候上限（秒）", answered: "通话结束后去", overflow: "等候超时去", unavailable: "无人可接去",
  by_phone: "按来电号码查", by_number: "可输入工单号", waiting_prompt: "查询时说", not_found_prompt: "没查到时说", found: "查到后去", not_found: "没查到去", failed: "查询失败去",
  thanks_prompt: "结束语", seconds: "最长（秒）", confirm_prompt: "确认提示", number_prompt: "请输入号码的提示", wrong_number_prompt: "号码不对时说", done: "完成后去", declined: "未登记去",
  target: "转接到", no_answer: "无人接听去", question: "评价题目", values: "写入变量", to: "前往", choices: "按键", keys: "按键",
  by: "按什么判断", open: "开放时段", holidays: "节假日", list: "名单", calls: "次数", hours: "最近小时数", waiting: "排队人数", equals: "等于其中之一",
};
const TESTS = { hours: "时间与工作日", caller: "来电名单", repeat: "重复来电", queue: "排队人数", variable: "变量" };
const DAYS = { mon: "一", tue: "二", wed: "三", thu: "四", fri: "五", sat: "六", sun: "日" };
const OF_TEST = {
  hours: { by: "hours", open: [{ days: ["mon", "tue", "wed", "thu", "fri"], start: "08:30", until: "17:30" }] },
  caller: { by: "caller", list: "vip" }, repeat: { by: "repeat", calls: "2", hours: "24" },
  queue: { by: "queue", queue: "common", waiting: "5" }, variable: { by: "variable", variable: "topic", equals: ["1"] },
};

export class NodeForm {
  constructor(doc, schema, acts) {
    Object.assign(this, { doc, schema, acts, root: $("#p-node"), id: "" });
    doc.addEventListener("checked", () => this.refresh());
  }

  get card() { return this.doc.cards?.find((one) => one.id === this.id); }

  open(id) { this.id = id; this.shown = ""; this.refresh(); }

  /** Drawn anew when the node changed, but not under the hands of who is typing in it. */
  refresh() {
    const card = this.card;
    const now = card ? JSON.stringify([card.data, this.doc.cards.map((one) => one.id)]) : "";
    if (now === this.shown) return;
    const focus = this.root.contains(document.activeElement) ? document.activeElement.dataset.place : null;
    this.shown = now;
    if (!card) { this.root.replaceChildren(el("p", { class: "empty" }, "请在流程图里选择节点")); return; }
    const part = this.schema.nodes[card.kind];
    this.said = el("p", { class: "err", role: "alert" });
    this.root.replaceChildren(
      el("div", { class: "node-head" }, el("h3", {}, card.id), el("span", { class: "tag" }, card.kind_label),
        el("button", { type: "button", onclick: () => this.acts.line(card.line) }, `第 ${card.line} 行`),
        el("button", { type: "button", onclick: () => this.acts.rename(card.id) }, "改名"),
        el("button", { type: "button", onclick: () => this.acts.duplicate(card.id) }, "复制"),
        el("button", { type: "button", onclick: () => this.acts.remove(card.id) }, "删除")),
      this.said,
      part ? el("div", { class: "stack" }, ...Object.entries(part.properties).filter(([name]) => name !== "kind").sort(([a], [b]) => (a === "note") - (b === "note")).map(([name, field]) => this.field(card, name, field, part)))
        : el("p", { class: "empty" }, "没有这种节点，请在源码里改正种类（kind）"));
    if (focus) this.root.querySelector(`[data-place="${CSS.escape(focus)}"]`)?.focus();
  }

  async put(path, value) {
    if (!this.card) return;
    this.said.textContent = "";
    try { await this.doc.edit({ act: "set", node: this.id, path, value }); } catch (error) { this.said.textContent = error.message; }
  }

  field(card, name, field, part) {
    const value = card.data[name];
    const needed = part.required?.includes(name);
    const label = WORDS[name] ?? name;
    if (name === "choices" || name === "keys") return this.keyed(card, name, label);
    if (name === "values") return this.pairs(card, name, label);
    if (name === "test") return this.test(card, label);
    const shape = field.anyOf?.find((one) => one.type !== "null") ?? field;
    const place = name;
    const control = this.control([name], shape, typeof value === "string" ? value : "", place, { needed, fallback: field.default });
    return el("label", {}, label, control);
  }

  /** One input for one scalar; emptied, a field that need not be there goes. */
  control(path, shape, value, place, { needed = true, fallback = null, onput = null } = {}) {
    const put = onput ?? ((next) => this.put(path, next === "" && !needed ? null : next));
    const common = { "data-place": place, onchange: (event) => put(event.target.value) };
    if (shape.pattern?.startsWith("^[a-z][a-z0-9_-]{0,47}")) return this.target(common, value);
    if (shape.enum || shape.type === "boolean") {
      const options = shape.enum ?? ["true", "false"];
      const words = { true: "是", false: "否", closed: "不开放", open: "照常开放" };
      return el("select", common, ...(needed ? [] : [el("option", { value: "" }, `默认（${words[String(fallback)] ?? fallback}）`)]),
        ...options.map((one) => el("option", { value: one, ".selected": one === value }, words[one] ?? one)));
    }
    if (shape.type === "integer" || shape.type === "number") {
      return el("input", { ...common, type: "number", step: shape.type === "integer" ? "1" : "any", min: shape.minimum, max: shape.maximum, ".value": value, placeholder: fallback === null || fallback === undefined ? "" : `默认 ${fallback}` });
    }
    if (shape.maxLength >= 200) return el("textarea", { ...common, rows: "2", ".value": value, placeholder: fallback ? `默认：${fallback}` : "" });
    return el("input", { ...common, ".value": value, placeholder: fallback ? `默认 ${fallback}` : "" });
  }

  target(common, value) {
    const ids = this.doc.cards.map((one) => one.id);
    const known = ids.includes(value) || !value ? [] : [el("option", { value, ".selected": true }, `${value}（不存在）`)];
    return el("select", common, ...(value ? [] : [el("option", { value: "" }, "未连接")]), ...known, ...ids.map((id) => el("option", { value: id, ".selected": id === value }, id)));
  }

  keyed(card, name, label) {
    const now = typeof card.data[name] === "object" ? card.data[name] : {};
    const free = [..."1234567890*#"].filter((key) => !(key in now));
    return el("fieldset", {}, el("legend", {}, label),
      ...Object.entries(now).map(([key, to]) => el("div", { class: "inline" }, el("kbd", {}, key),
        this.target({ "data-place": `${name}.${key}`, "aria-label": `按 ${key} 去`, onchange: (event) => this.put([name, key], event.target.value) }, String(to)),
        el("button", { type: "button", "aria-label": `删除按键 ${key}`, onclick: () => this.put([name, key], null) }, "删除"))),
      free.length ? el("button", { type: "button", "data-place": `${name}+`, onclick: () => this.put([name, free[0]], this.doc.cards[0].id) }, `增加按键 ${free[0]}`) : null);
  }

  pairs(card, name, label) {
    const now = typeof card.data[name] === "object" ? card.data[name] : {};
    return el("fieldset", {}, el("legend", {}, label),
      ...Object.entries(now).map(([key, value]) => el("div", { class: "inline" }, el("span", {}, key),
        el("input", { "data-place": `${name}.${key}`, "aria-label": `变量 ${key} 的值`, ".value": String(value), onchange: (event) => this.put([name, key], event.target.value) }),
        el("button", { type: "button", "aria-label": `删除变量 ${key}`, onclick: () => this.put([name, key], null) }, "删除"))),
      el("input", { "aria-label": "新变量名，回车增加", placeholder: "新变量名，回车增加", onchange: (event) => event.target.value && this.put([name, event.target.value], "1") }));
  }

  test(card, label) {
    const now = typeof card.data.test === "object" ? card.data.test : {};
    const part = Object.values(this.schema.parts).find((one) => one.properties?.by?.const === now.by);
    const whole = (changes) => this.put(["test"], { ...now, ...changes });
    return el("fieldset", {}, el("legend", {}, label),
      el("label", {}, WORDS.by, el("select", { "data-place": "test.by", onchange: (event) => this.put(["test"], OF_TEST[event.target.value]) },
        ...(TESTS[now.by] ? [] : [el("option", { value: "" }, "请选择")]), ...Object.entries(TESTS).map(([key, word]) => el("option", { value: key, ".selected": key === now.by }, word)))),
      ...Object.entries(part?.properties ?? {}).filter(([name]) => name !== "by").map(([name, field]) => {
        if (name === "open") return this.spans(Array.isArray(now.open) ? now.open : [], (open) => whole({ open }));
        if (name === "equals") return el("label", {}, WORDS.equals, el("input", { "data-place": "test.equals", ".value": (now.equals ?? []).join("，"), onchange: (event) => whole({ equals: event.target.value.split(/[,，]/).map((one) => one.trim()).filter(Boolean) }) }));
        return el("label", {}, WORDS[name] ?? name, this.control(["test", name], field, String(now[name] ?? ""), `test.${name}`, { needed: part.required?.includes(name), fallback: field.default }));
      }));
  }

  spans(now, put) {
    const edit = (at, changes) => put(now.map((span, i) => (i === at ? { ...span, ...changes } : span)));
    return el("div", { class: "stack" }, ...now.map((span, at) => el("div", { class: "span" },
      ...Object.entries(DAYS).map(([day, word]) => el("label", { class: "opt" }, el("input", { type: "checkbox", "data-place": `span${at}${day}`, ".checked": span.days?.includes(day),
        onchange: (event) => edit(at, { days: Object.keys(DAYS).filter((one) => (one === day ? event.target.checked : span.days.includes(one))) }) }), word)),
      el("input", { "aria-label": "开始", "data-place": `span${at}start`, ".value": span.start ?? "", onchange: (event) => edit(at, { start: event.target.value }) }),
      el("input", { "aria-label": "结束", "data-place": `span${at}until`, ".value": span.until ?? "", onchange: (event) => edit(at, { until: event.target.value }) }),
      now.length > 1 ? el("button", { type: "button", onclick: () => put(now.filter((_, i) => i !== at)) }, "删除时段") : null)),
      el("button", { type: "button", onclick: () => put([...now, { days: ["sat"], start: "09:00", until: "17:00" }]) }, "增加时段"));
  }
}
