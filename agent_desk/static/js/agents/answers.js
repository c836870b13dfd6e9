// Knowledge beside the call: live offers, search as you type, the article, and "answer with this".
import { get } from "../web/api.js";
import { $, el, say } from "../web/dom.js";
import { on, state } from "../live/store.js";
import { useAnswer } from "./draft.js";

const body = $("#a-body");
const box = $("#a-search");
let view = "live"; // live | search | article
let found = null;
let typing = 0;
let common = null; // the most used articles, shown while nobody is on the line

async function open(id) {
  const article = await get(`/api/kb/articles/${encodeURIComponent(id)}`).catch((error) => ({ error: error.message }));
  view = "article";
  if (article.error) {
    return body.replaceChildren(el("div", { class: "a-view" },
      el("div", { class: "nav" }, el("button", { type: "button", onclick: back }, "‹ 返回")),
      el("p", { class: "t-none", role: "alert" }, article.error)));
  }
  // The server rendered this from Markdown with raw HTML switched off.
  const text = new DOMParser().parseFromString(article.html, "text/html").body;
  body.replaceChildren(el("article", { class: "a-view" },
    el("div", { class: "nav" },
      el("button", { type: "button", onclick: back }, "‹ 返回"),
      useButton(article, { class: "primary" })),
    el("h1", { tabindex: "-1" }, article.title),
    el("p", { class: "hint" }, `${article.owner}　第 ${article.version} 版${article.valid_until ? `　有效至 ${article.valid_until}` : ""}`),
    el("p", { class: "short" }, article.short_answer),
    ...text.childNodes,
    article.basis.length ? el("p", { class: "hint" }, `依据：${article.basis.join("；")}`) : null));
  body.scrollTop = 0;
  $("h1", body).focus();
}

const usable = () => Boolean(state.call && state.draft && !state.draft.ticket);
const useButton = (answer, more = {}) => el("button", { type: "button", "data-use": true, disabled: !usable(), onclick: () => use(answer), ...more }, "按此答复");

/** What is submitted takes no answer any more, whatever is open here. */
function enable() {
  for (const button of body.querySelectorAll("[data-use]")) button.disabled = !usable();
}

function use(answer) {
  useAnswer(answer.article_id ?? answer.id, answer.title, answer.short_answer);
  say("已填入答复内容");
}

function item(answer, i) {
  return el("div", { class: "a-item" },
    el("h3", {}, el("button", { type: "button", onclick: () => open(answer.article_id) }, answer.title),
      el("span", { class: "tag" }, answer.owner)),
    el("p", {}, answer.short_answer),
    el("div", { class: "do" },
      useButton(answer),
      el("span", { class: "hint" }, answer.why ?? "")));
}

function list(answers, why, none) {
  body.replaceChildren(
    why ? el("p", { class: "a-why", title: why }, why) : "",
    ...answers.map(item),
    answers.length ? "" : el("p", { class: "t-none" }, none));
}

function render() {
  if (view === "article") return;
  if (view === "search" && found) return list(found.answers, `搜索“${found.query}”：${found.answers.length} 条`, "没有找到，换个说法试试");
  const offered = state.answers;
  if (offered?.answers.length) return list(offered.answers, `据通话内容推荐：${offered.query}`, "");
  if (!state.call && common?.length) return list(common, "常用知识", "");
  list([], "", state.call ? "通话中会自动推荐相关知识，也可以直接搜索" : "在上方搜索办事指南、部门电话、政策");
}

function back() {
  view = found && box.value.trim() ? "search" : "live";
  render();
  box.focus();
}

async function search() {
  const query = box.value.trim();
  if (!query) { found = null; view = "live"; return render(); }
  const asked = query;
  const answer = await get(`/api/kb/search?q=${encodeURIComponent(query)}`).catch((error) => ({ error: error.message }));
  if (box.value.trim() !== asked) return;
  if (answer.error) {
    view = "search"; // what stands there answers another question
    return body.replaceChildren(el("p", { class: "t-none", role: "alert" }, `没有搜索成功：${answer.error}`));
  }
  found = { query, answers: answer.answers };
  view = "search";
  render();
}

box.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(search, 150); });
box.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { box.value = ""; found = null; view = "live"; render(); }
  if (event.key === "Enter") { event.preventDefault(); $(".a-item h3 button", body)?.click(); }
  if (event.key === "ArrowDown") { event.preventDefault(); $(".a-item h3 button", body)?.focus(); }
});
body.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return back();
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const buttons = [...body.querySelectorAll(".a-item h3 button")];
  const at = buttons.indexOf(document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  (buttons[at + (event.key === "ArrowDown" ? 1 : -1)] ?? box).focus();
});

get("/api/kb/search?q=").then((answer) => { common = answer.answers; render(); }).catch(() => {});

let shownCall = null;
on("call answers draft", (slices) => {
  if (state.call?.id !== shownCall) {
    shownCall = state.call?.id;
    view = "live";
    found = null;
    box.value = "";
  } else if (slices.size === 1 && slices.has("draft")) return enable();
  render();
  enable();
});
