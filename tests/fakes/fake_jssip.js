// Stands in for JsSIP in page tests: registers at once; the test rings, answers and ends by `fakeSip`.
class Emitter {
  constructor() { this.handlers = {}; }
  on(name, run) { (this.handlers[name] ??= []).push(run); }
  emit(name, data = {}) { for (const run of this.handlers[name] ?? []) run(data); }
}

class Session extends Emitter {
  answer() { fakeSip.log.push("answer"); setTimeout(() => this.emit("confirmed")); }
  terminate() { fakeSip.log.push("terminate"); this.emit("ended"); }
  hold() { fakeSip.log.push("hold"); this.emit("hold", { originator: "local" }); }
  unhold() { fakeSip.log.push("unhold"); this.emit("unhold", { originator: "local" }); }
  mute() { fakeSip.log.push("mute"); this.emit("muted"); }
  unmute() { fakeSip.log.push("unmute"); this.emit("unmuted"); }
  sendDTMF(key) { fakeSip.log.push(`dtmf ${key}`); }
}

class UA extends Emitter {
  constructor(options) { super(); this.options = options; fakeSip.ua = this; }
  start() { setTimeout(() => { this.emit("connected"); this.emit("registered"); fakeSip.log.push("registered"); }); }
  stop() { fakeSip.log.push("stop"); this.emit("unregistered"); }
}

globalThis.fakeSip = {
  log: [],
  ua: null,
  session: null,
  ring(headers = {}) {
    this.session = new Session();
    const request = { getHeader: (name) => headers[name] };
    this.ua.emit("newRTCSession", { session: this.session, originator: "remote", request });
  },
  end() { this.session?.emit("ended"); },
};

export default { UA, WebSocketInterface: class { constructor(url) { this.url = url; } } };
