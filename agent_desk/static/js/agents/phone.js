// The softphone: JsSIP over our own server's /ws/sip. It knows SIP and audio, nothing of tickets.
import JsSIP from "/static/vendor/jssip.js";
import { constraints, devices, ring, stopRing } from "./audio.js";

const STATS_MS = 3000;
const LONGEST_OPENING_MS = 20000;
const DEAD_MS = 9000;

export class Phone {
  /** `on` has: change() after any change of `this`, incoming() for a ring, microphone() when it would not open. */
  constructor(account, on) {
    this.on = on;
    this.registered = false;
    this.problem = "";
    this.session = null; // { state: ringing|taken|active, held, muted }
    this.silenced = false; // the browser lets no sound out before a click or a key
    this.level = 0;
    this.loss = 0;
    this.silentMs = 0; // for how long nothing at all has come of the other side
    const url = new URL("/ws/sip", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new JsSIP.WebSocketInterface(url.href);
    socket.via_transport = "ws"; // Asterisk sees our server's plain link, whatever the browser uses
    this.ice = account.ice_servers;
    this.ua = new JsSIP.UA({
      sockets: [socket],
      uri: account.uri,
      password: account.password,
      display_name: account.name,
      register_expires: 60,
      session_timers: false,
      user_agent: "hotline12345-desk",
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 15,
    });
    this.ua.on("connected", () => this.#set({ problem: "" }));
    this.ua.on("disconnected", () => this.#set({ registered: false, problem: "话机连接中断" }));
    this.ua.on("registered", () => this.#set({ registered: true, problem: "" }));
    this.ua.on("unregistered", () => this.#set({ registered: false }));
    this.ua.on("registrationFailed", (e) => this.#set({ registered: false, problem: `话机注册失败（${e.cause}）` }));
    this.ua.on("newRTCSession", ({ session, originator, request }) => originator === "remote" && this.#incoming(session, request));
  }

  start() { this.ua.start(); }

  /** Give the seat up: unregister, and end what is still on the line. */
  stop() {
    stopRing();
    this.ua.stop();
    this.session = null;
    this.#set({ registered: false });
  }

  #set(change) {
    Object.assign(this, change);
    this.on.change();
  }

  /** Nothing has come of the other side for long: its Asterisk may have been killed, and never says that the call is over. */
  get dead() { return this.session?.state === "active" && this.silentMs >= DEAD_MS; }

  #incoming(session, request) {
    // Asterisk rings nobody whom it knows to be in a call: what it does not know of and nobody hears is over.
    if (this.dead) this.hangup();
    if (this.session) return session.terminate({ status_code: 486 });
    // Greeting and recording notice are heard while we ring: for so long the talk cannot begin.
    const opening = Math.min(Number(request?.getHeader("X-Hotline-Opening")) || 0, LONGEST_OPENING_MS);
    const mine = { rtc: session, state: "ringing", held: false, muted: false, opensAt: Date.now() + opening };
    this.session = mine;
    const over = () => {
      if (this.session !== mine) return;
      stopRing();
      clearTimeout(mine.waiting);
      clearInterval(this.stats);
      this.session = null;
      this.silentMs = 0;
      this.#set({ loss: 0, silenced: false });
    };
    session.on("ended", over);
    session.on("failed", over);
    session.on("confirmed", () => {
      stopRing();
      mine.state = "active";
      this.stats = setInterval(() => this.#measure(session), STATS_MS);
      this.on.change();
    });
    session.on("hold", ({ originator }) => { if (originator === "local") { mine.held = true; this.on.change(); } });
    session.on("unhold", ({ originator }) => { if (originator === "local") { mine.held = false; this.on.change(); } });
    session.on("muted", () => { mine.muted = true; this.on.change(); });
    session.on("unmuted", () => { mine.muted = false; this.on.change(); });
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", ({ streams, track }) => this.#hear(streams[0] ?? new MediaStream([track])));
    });
    session.on("getusermediafailed", () => this.on.microphone());
    // The node marks rings that the agent has asked for: a call-back, or a call given back after a reload.
    if (request?.getHeader("X-Hotline-Answer") === "auto") this.answer();
    else ring();
    this.on.incoming();
    this.on.change();
  }

  #hear(stream) {
    const audio = document.getElementById("remote");
    audio.srcObject = stream;
    if (devices.out && audio.setSinkId) audio.setSinkId(devices.out).catch(() => {});
    const play = () => audio.play().then(() => this.#set({ silenced: false }));
    play().catch((error) => {
      if (error.name !== "NotAllowedError") return; // another stream has taken its place
      this.#set({ silenced: true });
      const again = () => play().catch(() => {});
      for (const act of ["pointerdown", "keydown"]) addEventListener(act, again, { once: true });
    });
  }

  async #measure(session) {
    const report = await session.connection?.getStats().catch(() => null);
    if (!report) return;
    for (const row of report.values()) {
      if (row.type !== "inbound-rtp" || row.kind !== "audio") continue;
      const got = row.packetsReceived - (this.last?.got ?? 0);
      const lost = row.packetsLost - (this.last?.lost ?? 0);
      this.last = { got: row.packetsReceived, lost: row.packetsLost };
      const silent = got <= 0; // also while we hold the call: what that means is for others to say
      const loss = silent ? (this.session?.held ? 0 : 100) : Math.max(0, Math.round((100 * lost) / Math.max(1, got + lost)));
      this.silentMs = silent ? this.silentMs + STATS_MS : 0;
      this.#set({ loss });
    }
  }

  /** Take the call: at once, or as soon as the caller has heard the notice. */
  answer() {
    const mine = this.session;
    if (mine?.state !== "ringing") return;
    stopRing();
    mine.state = "taken";
    mine.waiting = setTimeout(() => {
      this.last = null;
      mine.rtc.answer({
        mediaConstraints: constraints(),
        pcConfig: { iceServers: this.ice, rtcpMuxPolicy: "require" },
      });
    }, mine.opensAt - Date.now());
    this.on.change();
  }

  hangup() { this.session?.rtc.terminate(); }
  toggleHold() {
    const rtc = this.session?.rtc;
    if (rtc) this.session.held ? rtc.unhold() : rtc.hold();
  }
  toggleMute() {
    const rtc = this.session?.rtc;
    if (rtc) this.session.muted ? rtc.unmute({ audio: true }) : rtc.mute({ audio: true });
  }
  digit(key) { this.session?.rtc.sendDTMF(key, { transportType: "RFC2833" }); }
}
