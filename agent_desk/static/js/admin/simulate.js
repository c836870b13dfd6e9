// Trying the draft: keys pressed one after another, the way lights up, sentences can be heard, walks are kept as tests.
import { post } from "../web/api.js";
import { $, $$, el } from "../web/dom.js";

const WORDS = { wait: "不按键", hangup: "挂断", answered: "坐席接听后挂机", timeout: "等候超时", unavailable: "无人可接", no_answer: "外线无人接" };
const QUEUES = JSON.parse($("#p-walk").dataset.queues);
const SIGNS = { says: "播报", hears: "按键", queue: "排队", dials: "转接", records: "录音", notes: "记录", end: "结束" };

/** The paper line's words for what happened, in Chinese. */
function told(step) {
  const [, what, end] = /^(.*): (.*)$/.exec(step.text) ?? [];
  if (step.what === "end") return { finished: "通话结束", "hung up": "市民挂断", taken: "转入会议" }[step.text] ?? step.text;
  if (step.what === "queue") return `${QUEUES[what] ?? what}：${WORDS[end] ?? `按 ${end}`}`;
  if (step.what === "dials") return `${what}：${end === "answered" ? "接通" : "无人接听"}`;
  if (step.what === "records") return step.text ? `按 ${step.text} 结束` : "录满时间";
  if (step.what === "notes") {
    return step.text.replace(/^survey \w+: (\d)$/, "满意度评价 $1").replace(/^voicemail of (.*) s$/, "留言 $1 秒").replace(/^call back (.*)$/, "登记回拨 $1")
      .replace(/^hand-off to (\d+): True$/, "已转接 $1").replace(/^hand-off to (\d+): False$/, "转接 $1 未接通");
  }
  return step.text || "（没有）";
}

export class Simulation {
  constructor(doc, graph) {
    Object.assign(this, { doc, graph, inputs: [], player: new Audio() });
    const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60000);
    $("#w-at").value = now.toISOString().slice(0, 16);
    for (const key of $$("[data-key]")) key.addEventListener("click", () => { this.inputs.push(key.dataset.key); this.write(); });
    $("#w-back").addEventListener("click", () => { this.inputs.pop(); this.write(); });
    $("#w-clear").addEventListener("click", () => { this.inputs = []; this.write(); });
    $("#w-inputs").addEventListener("change", () => { this.inputs = $("#w-inputs").value.split(",").map((one) => one.trim()).filter(Boolean); this.run(); });
    $("#walk").addEventListener("submit", (event) => event.preventDefault());
    for (const field of $$("#w-at, #w-day, #w-phone, #w-waiting, #w-calls, #w-tickets")) field.addEventListener("change", () => this.run());
    $("#keep").addEventListener("submit", (event) => { event.preventDefault(); this.keep(); });
    doc.addEventListener("checked", () => { this.cases(); if (this.active) this.run(); });
  }

  write() { $("#w-inputs").value = this.inputs.join(","); this.run(); }

  given() {
    return {
      text: this.doc.text, inputs: this.inputs.join(","), phone: $("#w-phone").value.trim(), at: $("#w-at").value.slice(0, 16), day: $("#w-day").value,
      waiting: Number($("#w-waiting").value), calls: Number($("#w-calls").value), tickets: $("#w-tickets").checked,
    };
  }

  show(active) {
    this.active = active;
    if (active) this.run();
    else this.graph.light([], []);
  }

  async run() {
    const number = (this.asked = (this.asked ?? 0) + 1);
    let walked;
    try { walked = await post("/api/scripts/walk", this.given()); } catch (error) {
      if (number !== this.asked) return;
      $("#w-said").textContent = error.message;
      $("#steps").replaceChildren();
      this.graph.light([], []);
      return;
    }
    if (number !== this.asked) return;
    $("#w-said").textContent = walked.unused.length ? `没有用到的按键：${walked.unused.map((one) => WORDS[one] ?? one).join("、")}` : "";
    $("#steps").replaceChildren(...walked.steps.map((step) => this.step(step)));
    const entered = walked.steps.filter((step) => step.what === "node");
    this.graph.light(entered.map((step) => step.node), entered.slice(1).map((step, at) => [entered[at].node, step.by]));
  }

  step(step) {
    if (step.what === "node") return el("li", { class: "at" }, el("button", { type: "button", class: "link", onclick: () => this.graph.select(step.node) }, step.node), el("span", { class: "hint" }, step.by_label));
    const words = told(step);
    return el("li", {}, el("span", { class: "tag" }, SIGNS[step.what] ?? step.what), el("span", {}, words),
      step.field ? el("button", { type: "button", class: "link", "aria-label": `听：${words}`, onclick: (event) => this.hear(step, event.target) }, "听") : null);
  }

  async hear(step, button) {
    button.textContent = "…";
    await this.doc.save();
    this.player.src = `/api/scripts/drafts/${this.doc.id}/sound?node=${encodeURIComponent(step.node)}&field=${encodeURIComponent(step.field)}`;
    try { await this.player.play(); button.textContent = "听"; } catch { button.textContent = "没有声音"; }
  }

  async keep() {
    try {
      await post("/api/scripts/cases", { ...this.given(), title: $("#w-title").value });
      $("#w-title").value = "";
      await this.doc.check();
    } catch (error) { $("#w-said").textContent = error.message; }
  }

  cases() {
    const list = this.doc.checked?.cases ?? [];
    $("#cases").replaceChildren(...(list.length ? list.map((one) => el("li", {},
      el("span", { class: `tag ${one.said ? "red" : one.walked ? "green" : ""}` }, one.said ? "没通过" : one.walked ? "通过" : "未运行"), el("span", {}, one.title, one.said ? `：${one.said}` : ""),
      el("button", { type: "button", class: "link", "aria-label": `删除测试 ${one.title}`, onclick: () => this.drop(one) }, "删除"))) : [el("li", { class: "hint" }, "还没有测试")]));
  }

  async drop(one) {
    if (!confirm(`删除测试“${one.title}”？`)) return;
    await post(`/api/scripts/cases/${one.id}/drop`).catch((error) => { $("#w-said").textContent = error.message; });
    await this.doc.check();
  }
}
