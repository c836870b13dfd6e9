// Limits: which colour a figure has, and a sound once when one gets worse.
import { now } from "../web/time.js";
import { board, rows } from "./picture.js";

export const METRICS = {
  waiting: { label: "排队人数达到", unit: "人", falling: false },
  longest_s: { label: "最长等待达到", unit: "秒", falling: false },
  in_time: { label: "30 分钟内 15 秒接通率降到", unit: "%", falling: true },
  abandoned: { label: "30 分钟内放弃达到", unit: "人", falling: false },
  ready: { label: "空闲坐席只剩", unit: "人", falling: true },
};
const RANK = { "": 0, amber: 1, red: 2 };

const longest = (queue) => (queue.oldest_since ? (now() - Date.parse(queue.oldest_since)) / 1000 : null);
const VALUES = {
  waiting: (q) => q.waiting,
  longest_s: longest,
  in_time: (q) => q.lately.in_time,
  abandoned: (q) => q.lately.abandoned,
  // A queue that nobody is signed in to is closed, unless somebody waits in it.
  ready: (q) => (q.staffed || q.waiting ? q.ready : null),
};

/** "", "amber" or "red" for this figure of the queue named `key` ("" is the whole floor). */
export function level(key, metric) {
  const queue = key ? board.queues?.[key] : board.figures;
  const value = queue && VALUES[metric](queue);
  const [amber, red] = board.limits?.[key]?.[metric] ?? [null, null];
  if (value === null || value === undefined) return "";
  const reached = (limit) => limit !== null && (METRICS[metric].falling ? value <= limit : value >= limit);
  return reached(red) ? "red" : reached(amber) ? "amber" : "";
}

let before = null;

/** What has got worse since the last look: [queue, metric, level]; nothing on the first look. */
export function worse() {
  const after = new Map();
  const found = [];
  for (const key of ["", ...rows("queues").map(([name]) => name)]) {
    for (const metric of Object.keys(METRICS)) {
      const is = level(key, metric);
      after.set(`${key} ${metric}`, is);
      if (before && RANK[is] > RANK[before.get(`${key} ${metric}`) ?? ""]) found.push([key, metric, is]);
    }
  }
  before = after;
  return found;
}

let audio = null;

/** Two notes, higher for red. Browsers let a page sound only after somebody has touched it. */
export async function chime(is) {
  audio ??= new AudioContext();
  if (audio.state === "suspended") await audio.resume();
  const pitch = is === "red" ? 880 : 587;
  for (const [at, hertz] of [[0, pitch], [0.22, pitch * 0.75]]) {
    const tone = new OscillatorNode(audio, { frequency: hertz });
    const gain = new GainNode(audio, { gain: 0 });
    const t = audio.currentTime + at;
    gain.gain.setTargetAtTime(0.2, t, 0.01);
    gain.gain.setTargetAtTime(0, t + 0.14, 0.04);
    tone.connect(gain).connect(audio.destination);
    tone.start(t);
    tone.stop(t + 0.5);
  }
}
