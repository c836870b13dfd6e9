// Dialogs: each opens as a promise of what the person decided (null when cancelled).
import { $, $$, el } from "../web/dom.js";
import { tryRing, devices, followLevel, listDevices, microphoneProblem, remember } from "./audio.js";
import { get } from "../web/api.js";

for (const button of $$("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close("cancel"));

function opened(dialog, focus) {
  return new Promise((decide) => {
    if (dialog.open) return decide(null);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => decide(dialog.returnValue === "ok" ? $("form", dialog) : null), { once: true });
    dialog.showModal();
    (focus ?? $("[autofocus], input:not([type=radio]):not([readonly]), button.primary", dialog))?.focus();
  });
}

/** Close these dialogs, as if they had been cancelled. */
export function closeOf(...names) {
  for (const name of names) if ($(`#dlg-${name}`).open) $(`#dlg-${name}`).close("cancel");
}
export function closeAll() {
  for (const dialog of $$("dialog[open]")) dialog.close("cancel");
}

const OTHER = "12345"; // another city's, by area code or name

/** One confirm: who, where, what. Enter confirms. `problem`: why the last answer would not do. */
export async function askHandoff({ target, area = "", phone, place, summary, problem = "" }) {
  const dialog = $("#dlg-handoff");
  const form = $("form", dialog);
  $(`[name=target][value="${target}"]`, form).checked = true;
  form.elements.area.value = area;
  form.elements.area.oninput = () => { $(`[name=target][value="${OTHER}"]`, form).checked = true; };
  $("#h-err").textContent = problem;
  $("#h-err").hidden = !problem;
  form.elements.phone.value = phone;
  form.elements.place.value = place;
  form.elements.summary.value = summary;
  const done = await opened(dialog, problem ? form.elements.area : $("[name=target]:checked", form)); // arrows choose, Enter confirms
  return done && {
    target: new FormData(form).get("target"),
    area: form.elements.area.value.trim(),
    place: form.elements.place.value.trim(),
    summary: form.elements.summary.value.trim(),
  };
}

/** Reason and what the citizen was told; what was entered for this call stays, what was for another goes. */
export async function askDecline(callId, problem = "") {
  const dialog = $("#dlg-decline");
  const form = $("form", dialog);
  if (dialog.dataset.call !== callId) form.reset();
  dialog.dataset.call = callId;
  $("#dc-err").textContent = problem;
  $("#dc-err").hidden = !problem;
  form.elements.told.setAttribute("aria-invalid", String(Boolean(problem)));
  const done = await opened(dialog, problem ? form.elements.told : form.elements.code);
  return done && { code: form.elements.code.value, told: form.elements.told.value.trim() };
}

const KINDS = { agent: "坐席", queue: "队列", unit: "单位", number: "号码" };
const DIALLED = /^[+\d][\d\s-]{5,18}$/;

/** Whom to transfer to: a seat that is free, a queue, a unit's duty desk, or a number that is typed. */
export async function askTransfer() {
  const dialog = $("#dlg-transfer");
  const form = $("form", dialog);
  const list = $("#tr-list");
  const box = form.elements.q;
  const { agents, queues, units } = await get("/api/desk/transfer-targets");
  form.elements.blind.checked = false;
  const all = [
    ...agents.map((a) => ({ ...a, kind: "agent", name: `${a.name}　${a.extension}`, side: a.state_label, free: a.state === "ready" })),
    ...queues.map((q) => ({ ...q, kind: "queue", side: `空闲 ${q.ready}`, free: true })),
    ...units.map((u) => ({ ...u, kind: "unit", side: u.phone, free: true })),
  ];
  let chosen = null;
  let at = 0;
  const show = () => {
    const word = box.value.trim().toLowerCase();
    const found = all.filter((x) => !word || x.name.toLowerCase().includes(word) || x.keys.includes(word)).slice(0, 40);
    if (DIALLED.test(box.value.trim())) found.unshift({ kind: "number", number: box.value.trim(), name: box.value.trim(), side: "直接拨号", free: true });
    at = Math.min(at, Math.max(0, found.length - 1));
    list.replaceChildren(...found.map((x, i) => el("li", {
      id: `tr-${i}`, role: "option", "aria-selected": String(i === at), "aria-disabled": String(!x.free),
      onclick: () => pick(x),
    }, el("span", { class: "tag" }, KINDS[x.kind]), x.name, el("span", { class: "tnum" }, x.side))),
    ...(found.length ? [] : [el("li", { role: "option", "aria-selected": "false", "aria-disabled": "true" }, "没有匹配的坐席、队列或单位；也可以直接输入号码")]));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", found.length ? `tr-${at}` : "");
    return found;
  };
  const pick = (x) => { if (x?.free) { chosen = { ...x, blind: form.elements.blind.checked }; dialog.close("ok"); } };
  box.value = "";
  box.oninput = () => { at = 0; show(); };
  box.onkeydown = list.onkeydown = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1));
      show();
    } else if (event.key === "Enter") {
      event.preventDefault();
      pick(show()[at]);
    }
  };
  show();
  return (await opened(dialog, box)) && chosen;
}

export async function keypad(send) {
  const dialog = $("#dlg-pad");
  const out = $("#pad-out");
  out.textContent = "";
  const press = (key) => { send(key); out.textContent = (out.textContent + key).slice(-16); };
  dialog.onclick = (event) => event.target.dataset.digit && press(event.target.dataset.digit);
  // A handler that returns false takes the key away: Esc and Tab belong to the dialog.
  dialog.onkeydown = (event) => { if (/^[0-9*#]$/.test(event.key)) press(event.key); };
  await opened(dialog, $("[data-digit]", dialog));
}

export async function checkDevices(changedMic) {
  const dialog = $("#dlg-devices");
  const form = $("form", dialog);
  const saidNode = $("#dv-said");
  let stop = () => {};
  const fill = (select, rows, chosen, fallback) => {
    select.replaceChildren(...rows.map((d, i) => el("option", { value: d.deviceId, ".selected": d.deviceId === chosen }, d.label || `${fallback} ${i + 1}`)));
    if (!rows.length) select.append(el("option", { value: "" }, "系统默认"));
  };
  const start = async () => {
    stop();
    const problem = await microphoneProblem();
    saidNode.textContent = problem || "请讲话，音量条应随声音跳动。";
    changedMic(problem);
    if (problem) return;
    const { mics, outs } = await listDevices();
    fill(form.elements.mic, mics, devices.mic, "话筒");
    fill(form.elements.out, outs, devices.out, "耳机");
    stop = await followLevel((level) => { $("#dv-level").value = level; });
  };
  form.elements.mic.onchange = () => { remember({ mic: form.elements.mic.value }); start(); };
  form.elements.out.onchange = () => { remember({ out: form.elements.out.value }); document.getElementById("remote").setSinkId?.(devices.out).catch(() => {}); };
  $("#dv-ring").onclick = () => tryRing();
  start();
  await opened(dialog, form.elements.mic);
  stop();
}

export const askSeat = async () => Boolean(await opened($("#dlg-seat")));

export async function ask(title, text) {
  const dialog = $("#dlg-ask");
  $("h2", dialog).textContent = title;
  $("p", dialog).textContent = text;
  return Boolean(await opened(dialog, $("button.primary", dialog)));
}

export async function help(rows) {
  $("#hp-list").replaceChildren(...rows.flatMap(([key, text]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, text)]));
  await opened($("#dlg-help"));
}
