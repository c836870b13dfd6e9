// What supervisors tell this agent: shown until it is read, also after a reload.
import { get, post } from "../web/api.js";
import { el, say } from "../web/dom.js";
import { changed, state } from "../live/store.js";
import { wallClock } from "../web/time.js";

state.notices = [];

/** Read what is not read yet; after every connection, for what was told meanwhile. */
export async function readNotices() {
  const found = await get("/api/desk/notices").catch(() => null);
  if (found) { state.notices = found; changed("notices"); }
}

/** One was told just now. */
export function noticed(e) {
  if (state.notices.some((known) => known.notice_id === e.notice_id)) return;
  state.notices.push({ notice_id: e.notice_id, text: e.text, by: e.by, at: e.at });
  changed("notices");
  say(`${e.by}通知：${e.text}`);
}

async function seen(notice) {
  try {
    await post("/api/desk/notices/read", { notice: notice.notice_id });
    state.notices = state.notices.filter((other) => other !== notice);
    changed("notices");
  } catch { /* it stays, to be read again */ }
}

export const strips = () => state.notices.map((notice) => el("div", { class: "alert info", role: "status" },
  el("b", {}, `${notice.by}通知`), el("time", { class: "tnum" }, wallClock(Date.parse(notice.at)).slice(0, 5)), el("span", { class: "grow" }, notice.text),
  el("button", { type: "button", onclick: () => seen(notice) }, "知道了", el("span", { class: "sr" }, `：${notice.text}`))));
