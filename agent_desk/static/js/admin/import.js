// Importing accounts: the file is checked first, and what was checked is what is imported.
import { post } from "../web/api.js";
import { $, el, say } from "../web/dom.js";

const TIMEOUT = 120000; // each account gets a password, whose hash takes its time
let file = "";
let name = "";
let checked = "";

function row(values) {
  return el("tr", {}, ...values.map(([label, text]) => el("td", { "data-label": label, class: label === "行" ? "num tnum" : null }, String(text))));
}

function show(report) {
  $("#bad tbody").replaceChildren(...report.bad.map((one) => row([["行", one.row], ["问题", one.why]])));
  $("#good tbody").replaceChildren(...report.accounts.map((one) => row([
    ["行", one.row], ["账号", one.login], ["姓名", one.name], ["分机", one.seat || "—"], ["初始密码", one.password || "导入后显示"],
  ])));
  $("#bad").hidden = report.bad.length === 0;
  $("#good").hidden = report.accounts.length === 0;
}

function forget() {
  checked = "";
  $("#make").disabled = true;
  show({ bad: [], accounts: [] });
}

async function send(said) {
  $("#check").disabled = $("#make").disabled = true;
  try {
    const report = await post("/api/admin/accounts/import", { file, name, checked }, { timeout: TIMEOUT });
    show(report);
    checked = report.checked;
    say(said(report));
  } catch (error) {
    forget();
    say(error.message);
  }
  $("#check").disabled = false;
  $("#make").disabled = !checked;
}

function read(chosen) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error("文件无法读取"));
    reader.readAsDataURL(chosen);
  });
}

$("#file").addEventListener("change", () => { forget(); say(""); });
$("#import").addEventListener("submit", async (event) => {
  event.preventDefault();
  forget();
  const chosen = $("#file").files[0];
  if (!chosen) return;
  if (chosen.size === 0 || chosen.size > Number($("#import").dataset.bytes)) {
    say(chosen.size === 0 ? "文件是空的。" : "文件太大，请分几次导入。");
    return;
  }
  name = chosen.name.slice(0, 100);
  try {
    file = await read(chosen);
  } catch (error) {
    say(error.message);
    return;
  }
  await send((report) => report.bad.length
    ? `有 ${report.bad.length} 行不对，改正后请重新检查。其余 ${report.accounts.length} 行没有问题。`
    : `${report.accounts.length} 行全部正确，可以导入。`);
});
$("#make").addEventListener("click", () => send((report) => report.done
  ? `已导入 ${report.accounts.length} 个账号。初始密码只显示这一次，离开本页后无法再看到。`
  : `没有导入：有 ${report.bad.length} 行不对。`));
