// Tickets that were submitted while the database was away: kept in this tab, submitted by themselves when it is back.
// Submitting the same call twice gives the same ticket, so that an answer that got lost harms nothing.
import { post } from "../web/api.js";
import { changed, state } from "../live/store.js";

const KEY = "waiting-tickets";
const AGAIN_MS = 5000;
let timer = null;
let on = { done() {}, refused() {} };

const read = () => { try { return JSON.parse(sessionStorage.getItem(KEY) ?? "[]"); } catch { return []; } };
function write(list) {
  try { sessionStorage.setItem(KEY, JSON.stringify(list)); } catch { /* the storage is full: this page still holds the form */ }
  state.waitingTickets = list.map((one) => one.callId);
  changed("database");
}

/** Keep a submission for later; a second one of the same call takes its place. */
export function later(one) {
  write([...read().filter((old) => old.callId !== one.callId), { ...one, who: state.me?.login }]);
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (read().length) timer = setTimeout(again, AGAIN_MS);
}

async function again() {
  for (const one of read().filter((each) => each.who === state.me?.login)) {
    try {
      const answer = await post(`/api/desk/submit/${one.callId}`, one.body);
      state.databaseAway = false;
      write(read().filter((each) => each.callId !== one.callId));
      on.done(one, answer.ticket);
    } catch (error) {
      if (error.databaseAway || error.status === 0 || error.status >= 500 || error.status === 429) break;
      if (error.status === 401) break; // logged in again, this goes on
      write(read().filter((each) => each.callId !== one.callId));
      on.refused(one, error);
    }
  }
  schedule();
}

/** `done(one, ticket)` and `refused(one, error)` are told what became of each. */
export function start(handlers) {
  on = handlers;
  write(read());
  schedule();
}

export const waits = (callId) => Boolean(state.waitingTickets?.includes(callId));
