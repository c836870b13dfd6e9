// The floor as the server tells it: a whole picture first, then only what has changed.
import { now, setNow } from "../web/time.js";

export const board = {};

/** Take a message of the live link; returns the names of the sections that changed. */
export function take(message) {
  setNow(message.now);
  const changed = new Set([...Object.keys(message.sections ?? {}), ...Object.keys(message.rows ?? {}), ...Object.keys(message.gone ?? {})]);
  if (message.whole) for (const section of Object.keys(board)) delete board[section];
  Object.assign(board, message.sections);
  for (const [section, rows] of Object.entries(message.rows ?? {})) board[section] = { ...board[section], ...rows };
  for (const [section, keys] of Object.entries(message.gone ?? {})) for (const key of keys) delete board[section][key];
  return changed;
}

export const rows = (section) => Object.entries(board[section] ?? {});
export const percent = (value) => (value === null || value === undefined ? "—" : `${value.toFixed(1)}%`);
export const seconds = (value) => (value === null || value === undefined ? "—" : `${value} 秒`);

/** Minutes and seconds of a mean length. */
export function length(value) {
  if (value === null || value === undefined) return "—";
  const s = Math.round(value);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

/** What of this seat's day is not counted yet: the state that lasts, seconds. */
export const lasting = (seat) => Math.max(0, (now() - Date.parse(seat.counted_to)) / 1000);

export const BUSY = ["talking", "held", "wrap_up"];

/** Share of the staffed time that was talk, hold or after-call work; null before anything was. */
export function occupancy(seat) {
  const more = lasting(seat);
  const staffed = seat.staffed_s + more;
  return staffed < 60 ? null : (100 * (seat.busy_s + (BUSY.includes(seat.state) ? more : 0))) / staffed;
}

/** Seconds not ready by reason, with the present one. */
export function notReady(seat) {
  const by = { ...seat.not_ready_s };
  if (seat.state === "not_ready") by[seat.reason || "未说明"] = (by[seat.reason || "未说明"] ?? 0) + lasting(seat);
  return by;
}
