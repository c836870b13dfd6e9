// The page of a draft: text, picture, form, trial and findings around one document.
import { get, post } from "../web/api.js";
import { $, $$, el, say } from "../web/dom.js";
import { Doc } from "./document.js";
import { Graph } from "./graph.js";
import { NodeForm } from "./node_form.js";
import { Simulation } from "./simulate.js";
import * as source from "./source.js";

const OPEN_MS = 10_000;
const page = $("#draft");
const doc = new Doc(Number(page.dataset.id), Number(page.dataset.version), $("#text").value);
const graph = new Graph(doc);
const trial = new Simulation(doc, graph);
const schema = await get("/api/scripts/schema");
const form = new NodeForm(doc, schema, { line: (line) => { tab("source"); source.jump(line); }, rename, duplicate, remove });
let inForce = Number(page.dataset.inForce);
let pollFault = "";
source.init(doc);

// -- tabs ----------------------------------------------------------------------------------------
const tabs = $$("[role=tab]");
function tab(name, focus = false) {
  for (const one of tabs) {
    const chosen = one.id === `t-${name}`;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    $(`#${one.getAttribute("aria-controls")}`).hidden = !chosen;
    if (chosen && focus) one.focus();
  }
  trial.show(name === "walk");
}
for (const one of tabs) {
  one.addEventListener("click", () => tab(one.id.slice(2)));
  one.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) tab(tabs[(tabs.indexOf(one) + by + tabs.length) % tabs.length].id.slice(2), true);
  });
}

// -- the document's state ------------------------------------------------------------------------
function state() {
  $("#saved").textContent = doc.conflict ? "没有保存" : doc.fault || pollFault || (doc.saving ? "保存中…" : doc.clean ? "已保存" : "有修改");
  $("#saved").classList.toggle("err", Boolean(doc.fault || doc.conflict));
  $("#undo").disabled = !doc.done.length;
  $("#redo").disabled = !doc.undone.length;
  $("#publish").disabled = !doc.clean || !doc.checked?.ok;
  const conflict = $("#conflict");
  conflict.hidden = !doc.conflict;
  if (doc.conflict && conflict.dataset.said !== doc.conflict) {
    conflict.dataset.said = doc.conflict;
    conflict.replaceChildren(doc.conflict, " ",
      el("button", { type: "button", onclick: () => navigator.clipboard.writeText(doc.text).then(() => say("已复制")) }, "复制我的文本"), " ",
      el("button", { type: "button", onclick: () => doc.takeTheirs().catch((error) => say(error.message)) }, "读取对方的内容（我的可用撤销找回）"));
  }
  if (!doc.conflict) delete conflict.dataset.said;
}
for (const name of ["text", "state", "checked"]) doc.addEventListener(name, state);
$("#undo").addEventListener("click", () => doc.undo());
$("#redo").addEventListener("click", () => doc.redo());
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || $("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const other = event.target.closest("input, textarea:not(#text)");
  if (other || !["z", "y", "s"].includes(key)) return;
  event.preventDefault();
  if (key === "s") doc.save();
  else if (key === "y" || event.shiftKey) doc.redo();
  else doc.undo();
});
addEventListener("beforeunload", (event) => { if (!doc.clean) event.preventDefault(); });

async function stayOpen() {
  try {
    const now = await post(`/api/scripts/drafts/${doc.id}/open`);
    pollFault = "";
    $("#readers").hidden = !now.readers.length;
    $("#readers").textContent = `${now.readers.join("、")} 也打开了这份草稿`;
    inForce = now.in_force;
    $("#p-target").textContent = `现在使用的是 ${now.in_force_name || "（没有）"}。发布后新来电立即使用新版，正在通话的不受影响。`;
    if (now.version > doc.version && !doc.saving) {
      // Nobody typed here: the page takes what the other wrote; else it says so and touches nothing.
      if (doc.clean) await doc.takeTheirs();
      else { doc.conflict = `${now.by} 刚刚改过这份草稿，您的修改没有保存，也没有覆盖对方的。`; }
    }
  } catch (error) { pollFault = error.message; }
  state();
}
setInterval(stayOpen, OPEN_MS);

// -- findings and ways to a person -----------------------------------------------------------------
function findings() {
  const checked = doc.checked;
  const rows = doc.checkFault ? [{ level: "error", message: doc.checkFault, fix: "", node: "", line: 0 }] : checked.problems;
  const errors = rows.filter((one) => one.level === "error").length;
  $("#verdict").className = `tag ${errors ? "red" : rows.length ? "amber" : "green"}`;
  $("#verdict").textContent = errors ? `${errors} 个错误` : rows.length ? `可以发布，${rows.length} 条提醒` : "可以发布";
  $("#findings").replaceChildren(...(rows.length ? rows.map((one) => el("li", {},
    el("button", { type: "button", class: "link", onclick: () => go(one) }, one.line ? `第 ${one.line} 行` : "脚本", one.node ? ` ${one.node}` : ""),
    el("span", { class: `tag ${one.level === "error" ? "red" : "amber"}` }, one.level === "error" ? "错误" : "提醒"), el("span", {}, one.message, one.fix ? ` ${one.fix}` : ""))) : [el("li", { class: "hint" }, "没有发现问题")]),
    ...(checked?.more ? [el("li", { class: "hint" }, `还有 ${checked.more} 条没有显示`)] : []));
  const paths = checked?.paths ?? [];
  $("#p-paths").replaceChildren(
    el("p", { class: "hint" }, `GB/T 33358 不建议受理环节设菜单，15 秒内应有人接听。本脚本的提醒线是 ${checked?.limit_s ?? 15} 秒。`),
    paths.length ? el("table", {}, el("thead", {}, el("tr", {}, ...["秒", "其中静默", "按键", "经过"].map((word) => el("th", {}, word)))),
      el("tbody", {}, ...paths.map((path) => el("tr", {}, el("td", { class: "tnum" }, el("span", { class: path.seconds > (checked?.limit_s ?? 15) ? "tag amber" : "" }, path.seconds.toFixed(1))), el("td", { class: "tnum" }, path.silence_s.toFixed(1)),
        el("td", { class: "tnum" }, path.keys ? `${path.keys} 次` : "不按键"), el("td", {}, path.nodes.join(" → ")))))) : el("p", { class: "empty" }, "没有通向人工的路径"));
}
doc.addEventListener("checked", findings);
function go(one) {
  if (one.node) graph.select(one.node);
  if (one.line) { tab("source"); source.jump(one.line); }
}

// -- nodes ---------------------------------------------------------------------------------------
graph.addEventListener("select", (event) => form.open(event.detail));
graph.addEventListener("edit", (event) => {
  form.open(event.detail);
  tab("node");
  $("#p-node").querySelector("[data-place]")?.focus({ preventScroll: true });
});
const naming = $("#dlg-name");
function ask(title, name, kinds, act) {
  $("#h-name").textContent = title;
  $("#name").value = name;
  $("#kind-row").hidden = !kinds;
  $("#name-said").textContent = "";
  naming.act = act;
  naming.showModal();
  $("#name").select();
}
async function named() {
  try {
    await doc.edit(naming.act($("#name").value.trim()));
    const made = $("#name").value.trim();
    naming.close();
    graph.select(made);
    form.open(made);
    tab("node");
  } catch (error) { $("#name-said").textContent = error.message; }
}
$("#name-now").addEventListener("click", named);
$("#name").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); named(); } });
const KINDS = { say: "播报", menu: "按键菜单", digits: "输入号码", branch: "条件分支", queue: "人工排队", progress: "进度查询", voicemail: "留言", callback: "登记回拨", handoff: "转接外线", survey: "满意度评价", set: "记录变量", goto: "跳转", hangup: "挂机" };
$("#kind").append(...Object.keys(schema.nodes).map((kind) => el("option", { value: kind }, KINDS[kind] ?? kind)));
$("#add").addEventListener("click", () => ask("新增节点", "", true, (node) => ({ act: "add", node, kind: $("#kind").value })));
function rename(id) { ask(`节点 ${id} 改名`, id, false, (to) => ({ act: "rename", node: id, to })); }
function duplicate(id) { ask(`复制节点 ${id}`, `${id}_2`, false, (to) => ({ act: "duplicate", node: id, to })); }
async function remove(id) {
  try { await doc.edit({ act: "delete", node: id }); say("已删除，可用撤销找回"); } catch (error) { say(error.message); $("#saved").textContent = error.message; }
}

// -- tools of the picture ----------------------------------------------------------------------------
$("#in").addEventListener("click", () => graph.zoom(1.25));
$("#out").addEventListener("click", () => graph.zoom(0.8));
$("#fit").addEventListener("click", () => graph.fit());
$("#heat").addEventListener("change", async () => {
  if (!$("#heat").checked) return graph.warm(null);
  const name = doc.checked?.name;
  if (!name) { $("#heat").checked = false; return say("脚本改正后才能显示来电"); }
  return get(`/api/scripts/heat/${name}`).then((found) => graph.warm(found.nodes), (error) => { $("#heat").checked = false; say(error.message); });
});

// -- files and publishing ------------------------------------------------------------------------------
$("#import").addEventListener("click", () => $("#file").click());
$("#file").addEventListener("change", async () => {
  const [file] = $("#file").files;
  $("#file").value = "";
  if (!file) return;
  try {
    if (file.size > 240_000) throw new Error("文件太大（上限 240 KB）");
    doc.change(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()).replaceAll("\r\n", "\n"));
  } catch (error) {
    doc.fault = error instanceof TypeError ? "这个文件不是 UTF-8 文本，没有导入" : error.message;
    state();
  }
});
const publishing = $("#dlg-publish");
$("#publish").addEventListener("click", () => { $("#publish-said").textContent = ""; publishing.showModal(); $("#note").focus(); });
$("#note").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); publish(); } });
$("#publish-now").addEventListener("click", () => publish());
async function publish() {
  $("#publish-now").disabled = true;
  try {
    await post(`/api/scripts/drafts/${doc.id}/publish`, { version: doc.version, in_force: inForce, note: $("#note").value });
    location.assign("/admin/scripts");
  } catch (error) {
    $("#publish-said").textContent = error.message;
  } finally { $("#publish-now").disabled = false; }
}
for (const button of $$("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());

await doc.check();
await stayOpen();
