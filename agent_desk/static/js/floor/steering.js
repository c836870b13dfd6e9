// What a supervisor does to seats, calls and people: asked for in dialogs, so that no key does it by chance.
import { get, post } from "../web/api.js";
import { $, el, say } from "../web/dom.js";
import { shortDay } from "../web/time.js";
import { board } from "./picture.js";

let seat = null;
let call = "";

function tell(dialog, text, bad = false) {
  $(".form-error", dialog).hidden = !bad;
  $(".done", dialog).hidden = bad || !text;
  $(bad ? ".form-error" : ".done", dialog).textContent = text;
  if (text) say(text);
}

async function run(dialog, path, body, said) {
  tell(dialog, "");
  try {
    const { result } = await post(path, body);
    tell(dialog, result?.later ? "该坐席正在通话，通话结束后生效。" : said);
    return true;
  } catch (error) { tell(dialog, error.message, true); return false; }
}

/** The button in a seat's row. */
export const seatButton = (of) => el("button", { class: "link", onclick: () => open(of.agent), "aria-label": `${of.agent} ${of.name} 的操作` }, "操作");

function open(agent) {
  seat = board.seats[agent];
  if (!seat) return;
  const dialog = $("#dlg-seat");
  $("#h-seat").textContent = `${seat.agent} ${seat.name}　${seat.state_label}${seat.reason ? `·${seat.reason}` : ""}`;
  $("#seat-call").hidden = !seat.call_id;
  $("#seat-text").value = "";
  tell(dialog, "");
  dialog.showModal();
}

/** The button in a call's row. */
export const callButton = (id, of) => el("button", { class: "link", onclick: () => openCall(id, of), "aria-label": `强拆 ${of.caller} 的通话` }, "强拆");

function openCall(id, of) {
  call = id;
  tell($("#dlg-hangup"), "");
  $("#hangup-what").textContent = `${of.caller}${of.agent ? `，坐席 ${of.agent}` : ""}，${of.state_label}。市民和坐席都会被挂断，操作会留痕。`;
  $("#dlg-hangup").showModal();
}

async function listNotices() {
  const found = await get("/api/board/notices").catch((error) => { tell($("#dlg-notice"), error.message, true); return []; });
  $("#notice-list").replaceChildren(...found.map((n) => el("li", {}, el("div", {}, el("p", {}, n.text), el("i", {}, `${shortDay(n.at)}　${n.by} → ${n.to}`)),
    el("span", { class: `tag ${n.unread.length ? "amber" : "green"}`, title: n.unread.length ? `未读：${n.unread.join("、")}` : null }, `已读 ${n.readers - n.unread.length}/${n.readers}`))));
}

async function sendNotice(event) {
  event.preventDefault();
  const team = $("#notice-to").value;
  const body = { text: $("#notice-text").value, to: team ? "team" : "all", name: team };
  if (await run($("#dlg-notice"), "/api/board/notices", body, "已发送。")) { $("#notice-text").value = ""; await listNotices(); }
}

export function start() {
  const dialog = $("#dlg-seat");
  if (!dialog) return;
  for (const button of dialog.querySelectorAll("[data-to]")) {
    button.addEventListener("click", () => run(dialog, "/api/board/force", { agent: seat.agent, to: button.dataset.to, ...(button.dataset.to === "not_ready" ? { reason: $("#seat-reason").value } : {}) }, "已生效。"));
  }
  $("#seat-repair").addEventListener("click", () => run(dialog, "/api/board/repair", { agent: seat.agent }, "已按话机校正。"));
  $("#seat-hangup").addEventListener("click", () => { dialog.close(); openCall(seat.call_id, { ...seat, agent: `${seat.agent} ${seat.name}` }); });
  $("#seat-notice").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await run(dialog, "/api/board/notices", { text: $("#seat-text").value, to: "seat", name: seat.agent }, "已发送。")) $("#seat-text").value = "";
  });
  $("#do-hangup").addEventListener("click", async () => { if (await run($("#dlg-hangup"), "/api/board/hangup", { call_id: call }, "已挂断。")) $("#dlg-hangup").close(); });
  $("#open-notice").addEventListener("click", () => {
    $("#notice-to").replaceChildren(el("option", { value: "" }, "全体在线坐席"), ...(board.teams ?? []).map((team) => el("option", { value: team.name }, team.name)));
    tell($("#dlg-notice"), "");
    listNotices();
    $("#dlg-notice").showModal();
  });
  $("#send-notice").addEventListener("submit", sendNotice);
}
