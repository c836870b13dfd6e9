// What supervisors arrange from the board: limits, teams, links for screens on a wall.
import { get, post } from "../web/api.js";
import { $, el } from "../web/dom.js";
import { shortDay } from "../web/time.js";
import { METRICS } from "./levels.js";
import { board, rows } from "./picture.js";

const fail = (dialog, error) => { $(".form-error", dialog).hidden = false; $(".form-error", dialog).textContent = error.message; };
const calm = (dialog) => { $(".form-error", dialog).hidden = true; };

// -- limits ------------------------------------------------------------------------------------
function fill(key) {
  const of = board.limits[key] ?? {};
  $("#limit-rows").replaceChildren(...Object.entries(METRICS).map(([metric, { label, unit }]) => {
    const field = (tone, value) => el("label", { class: tone }, el("span", { class: "sr" }, `${label}，${tone === "amber" ? "黄色" : "红色"}`), el("input", { type: "number", min: 0, max: 100000, inputmode: "numeric", "data-metric": metric, "data-tone": tone, ".value": value ?? "" }));
    const [amber, red] = of[metric] ?? [null, null];
    return el("div", { class: "limit" }, el("span", {}, label), field("amber", amber), field("red", red), el("i", {}, unit));
  }));
}

async function saveLimits(event) {
  event.preventDefault();
  const dialog = $("#dlg-limits");
  const wanted = {};
  for (const input of dialog.querySelectorAll("[data-metric]")) {
    (wanted[input.dataset.metric] ??= {})[input.dataset.tone] = input.value === "" ? null : Number(input.value);
  }
  try {
    await post("/api/board/limits", { queue: $("#limit-queue").value, limits: wanted });
    dialog.close();
  } catch (error) { fail(dialog, error); }
}

function openLimits() {
  const select = $("#limit-queue");
  select.replaceChildren(el("option", { value: "" }, "全部队列"), ...rows("queues").map(([key, queue]) => el("option", { value: key }, queue.label)));
  calm($("#dlg-limits"));
  fill("");
  $("#dlg-limits").showModal();
}

// -- teams ---------------------------------------------------------------------------------------
async function listTeams() {
  const dialog = $("#dlg-teams");
  try {
    const members = await get("/api/board/members");
    const teams = board.teams ?? [];
    const count = (team) => members.filter((member) => member.team === team.id).length;
    $("#team-list").replaceChildren(...teams.map((team) => el("li", {}, el("span", {}, `${team.name}（${count(team)} 人）`),
      el("button", { class: "link", type: "button", onclick: (event) => remove(event.target, team), "aria-label": `删除班组 ${team.name}` }, "删除"))));
    $("#member-list").replaceChildren(...members.map((member) => {
      const select = el("select", { "aria-label": `${member.name} 的班组`, onchange: (event) => change("/api/board/teams/assign", { user: member.user, team: event.target.value ? Number(event.target.value) : null }) },
        el("option", { value: "" }, "未分班组"), ...teams.map((team) => el("option", { value: team.id, ".selected": team.id === member.team }, team.name)));
      return el("li", {}, el("span", { class: "tnum" }, member.extension), el("span", {}, member.name), select);
    }));
  } catch (error) { fail(dialog, error); }
}

async function change(path, body) {
  const dialog = $("#dlg-teams");
  calm(dialog);
  try {
    await post(path, body);
    board.teams = (await get("/api/board/state")).teams;
    await listTeams();
    return true;
  } catch (error) { fail(dialog, error); return false; }
}

/** Its members are in no team afterwards: pressed twice. */
function remove(button, team) {
  if (button.textContent === "删除") {
    button.textContent = "确认删除";
    button.ariaLabel = `确认删除班组 ${team.name}，成员将不在任何班组`;
  } else change("/api/board/teams/remove", { team: team.id });
}

async function makeTeam(event) {
  event.preventDefault();
  const input = $("#team-name");
  if (await change("/api/board/teams", { name: input.value })) input.value = "";
  input.focus();
}

// -- walls ---------------------------------------------------------------------------------------
async function listWalls() {
  const dialog = $("#dlg-walls");
  try {
    const links = await get("/api/board/walls");
    $("#wall-list").replaceChildren(...links.map((link) => el("li", {}, el("span", {}, link.name),
      el("i", {}, `${shortDay(link.made_at)} 生成，${link.seen_at ? `${shortDay(link.seen_at)} 使用过` : "尚未使用"}`),
      el("button", { class: "link", type: "button", "aria-label": `停用 ${link.name}`, onclick: () => post("/api/board/walls/revoke", { link: link.id }).then(listWalls, (error) => fail(dialog, error)) }, "停用"))));
    $("#no-walls").hidden = links.length > 0;
  } catch (error) { fail(dialog, error); }
}

async function makeWall(event) {
  event.preventDefault();
  const dialog = $("#dlg-walls");
  calm(dialog);
  try {
    const { path } = await post("/api/board/walls", { name: $("#wall-name").value });
    $("#wall-name").value = "";
    $("#wall-made").hidden = false;
    $("#wall-address").value = new URL(path, location.href).href;
    $("#wall-address").select();
    await listWalls();
  } catch (error) { fail(dialog, error); }
}

export function start() {
  for (const button of document.querySelectorAll("dialog [data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  if (!$("#dlg-limits")) return;
  $("#open-limits").addEventListener("click", openLimits);
  $("#limit-queue").addEventListener("change", (event) => fill(event.target.value));
  $("#dlg-limits form").addEventListener("submit", saveLimits);
  $("#open-teams").addEventListener("click", () => { calm($("#dlg-teams")); listTeams(); $("#dlg-teams").showModal(); });
  $("#make-team").addEventListener("submit", makeTeam);
  $("#open-walls")?.addEventListener("click", () => { calm($("#dlg-walls")); $("#wall-made").hidden = true; listWalls(); $("#dlg-walls").showModal(); });
  $("#make-wall")?.addEventListener("submit", makeWall);
}
