// Clock faces. The server's clock counts, not the workstation's.
let skew = 0;
export function setNow(iso) { skew = Date.parse(iso) - Date.now(); }
export const now = () => Date.now() + skew;

const two = (n) => String(n).padStart(2, "0");

export function elapsed(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const h = Math.floor(s / 3600);
  return `${h ? `${h}:` : ""}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}
export const since = (iso) => (iso ? elapsed(now() - Date.parse(iso)) : "");

const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
export const wallClock = (ms) => clock.format(new Date(ms));
const day = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });
export function shortDay(iso) {
  const part = Object.fromEntries(day.formatToParts(new Date(iso)).map((p) => [p.type, p.value]));
  return `${part.month}-${part.day} ${part.hour}:${part.minute}`;
}
/** "今天 14:03", of another day "11-20 14:03". */
export function dayTime(iso) {
  const [date, hour] = shortDay(iso).split(" ");
  return `${date === shortDay(new Date(now()).toISOString()).slice(0, 5) ? "今天" : date} ${hour}`;
}
