// What was typed and has not reached the server yet, by call: a reload or a crash of the tab must not lose it.
// Kept in this tab only, only until the server has it, and gone with the log-out.
const PREFIX = "unsaved:";
const HOUR_MS = 3600_000;

const keys = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));

/** Remember these changes of this call; an empty object forgets them. */
export function keep(who, callId, changes) {
  try {
    if (Object.keys(changes).length) sessionStorage.setItem(PREFIX + callId, JSON.stringify({ who, at: Date.now(), changes }));
    else sessionStorage.removeItem(PREFIX + callId);
  } catch { /* storage is full or forbidden: the server's copy has to do */ }
}

/** What this person typed for the call before the page went away; {} when everything was saved. */
export function unsaved(who, callId) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PREFIX + callId) ?? "null");
    return kept?.who === who && Date.now() - kept.at < HOUR_MS ? kept.changes : {};
  } catch { return {}; }
}

export function forgetAll() {
  try { for (const key of keys()) sessionStorage.removeItem(key); } catch { /* nothing was kept */ }
}
