// The live link: one WebSocket with heart-beat; when it is lost it comes back by itself, ever more slowly.
import { changed, state } from "./store.js";
import { now, setNow } from "../web/time.js";

const BEAT_MS = 5000;
const DEAD_MS = 12000;

export class Live {
  /**
   * `on` has: open() after each (re)connect, event(e), seat("yours"|"held"|"lost"), control(m), signedOut(), and
   * picture(m) with `board`. A screen without a log-in has a `path` of its own and says its `key` first.
   */
  constructor({ tab, wantSeat, health, on, board = false, path = "/ws/live", key = "" }) {
    this.tab = tab;
    this.wantSeat = wantSeat;
    this.health = health;
    this.on = on;
    this.board = board;
    this.path = path;
    this.key = key;
    this.tries = 0;
    this.socket = null;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
  }

  connect() {
    clearTimeout(this.retry);
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (!this.key) url.search = new URLSearchParams({ tab: this.tab, seat: this.wantSeat() ? "1" : "0", ...(this.board ? { board: "1" } : {}) });
    const socket = new WebSocket(url);
    this.socket = socket;
    if (this.key) socket.onopen = () => this.send({ type: "key", key: this.key });
    socket.onmessage = (message) => this.#take(JSON.parse(message.data));
    socket.onclose = (event) => this.#lost(socket, event);
  }

  send(body) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(body));
  }

  #take(message) {
    this.heard = Date.now();
    state.link.asOf = now();
    switch (message.type) {
      case "hello":
        setNow(message.now);
        this.tries = 0;
        this.#beat();
        this.on.open();
        break;
      case "pong": setNow(message.now); break;
      case "event": this.on.event(message); break;
      case "board": this.on.picture(message); break;
      case "seat": this.on.seat(message.seat); break;
      case "control": this.on.control(message); break;
    }
  }

  #beat() {
    clearInterval(this.beating);
    const beat = () => {
      if (Date.now() - this.heard > DEAD_MS) return this.socket.close();
      this.send({ type: "ping", ...this.health() });
    };
    beat();
    this.beating = setInterval(beat, BEAT_MS);
  }

  /** Tell the server at once that the softphone's or the microphone's state changed. */
  tell() { this.send({ type: "ping", ...this.health() }); }

  #lost(socket, event) {
    if (socket !== this.socket) return;
    clearInterval(this.beating);
    if (event.code === 1008) return this.on.signedOut();
    state.link.up = false;
    changed("link");
    this.tries += 1;
    const wait = Math.min(500 * 2 ** (this.tries - 1), 15000) * (0.75 + Math.random() / 2);
    this.retry = setTimeout(() => this.connect(), wait);
    if (this.tries % 3 === 0 && !this.key) this.#signedIn();
  }

  async #signedIn() {
    // A refused WebSocket looks like a dead network to the page: ask which it is.
    const answer = await fetch("/api/me", { credentials: "same-origin" }).catch(() => null);
    if (answer?.status === 401) this.on.signedOut();
  }

  #hurry() {
    if (this.socket?.readyState === WebSocket.CLOSED) this.connect();
  }
}
