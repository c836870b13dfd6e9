// One tab of this browser has the softphone (Web Locks); the server settles it between machines.
const channel = new BroadcastChannel("hotline-seat");

export class SeatLock {
  /** `lost()` runs when another tab of this browser takes over. */
  constructor(extension, lost) {
    this.name = `hotline-seat-${extension}`;
    this.lost = lost;
    this.held = false;
    channel.addEventListener("message", (message) => {
      if (message.data === this.name && this.held) {
        this.release();
        this.lost();
      }
    });
  }

  /** Try to be the one; `steal` takes it from another tab. Resolves to whether we have it. */
  acquire({ steal = false } = {}) {
    if (this.held) return Promise.resolve(true);
    if (!navigator.locks) return Promise.resolve((this.held = true)); // plain http: the server's word is enough
    return new Promise((resolve) => {
      if (steal) channel.postMessage(this.name);
      navigator.locks
        .request(this.name, steal ? { steal: true } : { ifAvailable: true }, (lock) => {
          if (!lock) return resolve(false);
          this.held = true;
          resolve(true);
          return new Promise((free) => { this.release = () => { this.held = false; free(); }; });
        })
        .catch(() => {
          // Stolen by another tab.
          if (this.held) { this.held = false; this.lost(); }
        });
    });
  }

  release() { this.held = false; }
}
