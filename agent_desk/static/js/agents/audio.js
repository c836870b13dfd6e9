// Sound on the agent's side: the ring in the headset, the choice of devices, the microphone's level.
const KEY = "hotline-devices";
const OPEN_MS = 500;
const RING_HZ = 450; // the Chinese ringing tone: 1 s on, 4 s off

export const devices = { mic: "", out: "", ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
export function remember(change) {
  Object.assign(devices, change);
  localStorage.setItem(KEY, JSON.stringify(devices));
}

export const constraints = () => ({
  audio: {
    ...(devices.mic ? { deviceId: { ideal: devices.mic } } : {}),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
  },
  video: false,
});

let context = null;
let ringing = null;

async function player() {
  context ??= new AudioContext();
  if (context.state === "suspended") await context.resume();
  if (devices.out && context.setSinkId) await context.setSinkId(devices.out).catch(() => {});
  return context;
}

async function tone(seconds) {
  const audio = await player();
  const oscillator = new OscillatorNode(audio, { frequency: RING_HZ });
  const gain = new GainNode(audio, { gain: 0 });
  const t = audio.currentTime;
  gain.gain.setTargetAtTime(0.18, t, 0.02);
  gain.gain.setTargetAtTime(0, t + seconds, 0.03);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start();
  oscillator.stop(t + seconds + 0.2);
}

export function ring() {
  if (ringing) return;
  const once = () => tone(1).catch(() => {});
  once();
  ringing = setInterval(once, 3000);
}
export function stopRing() {
  clearInterval(ringing);
  ringing = null;
}
export const tryRing = () => tone(0.8);

/** Why the microphone cannot be used, in Chinese with what to do; "" when it can. */
export async function microphoneProblem() {
  if (!isSecureContext || !navigator.mediaDevices) {
    return "浏览器只允许在 https 或本机地址下使用话筒，请联系管理员配置证书";
  }
  try {
    const stream = await navigator.mediaDevices.getUserMedia(constraints());
    // Nobody may have clicked yet since the page was reloaded; while it listens, the browser lets its sounds out too.
    await Promise.race([player(), new Promise((done) => setTimeout(done, OPEN_MS))]).catch(() => {});
    stream.getTracks().forEach((track) => track.stop());
    return "";
  } catch (error) {
    switch (error.name) {
      case "NotAllowedError": return "话筒权限被拒绝：点击地址栏左侧的图标，把“麦克风”改为“允许”，再点“重试”";
      case "NotFoundError": return "没有找到话筒：请插好耳麦，再点“重试”";
      case "NotReadableError": return "话筒被其他程序占用：请关闭占用它的程序，再点“重试”";
      default: return `话筒不可用（${error.name}）`;
    }
  }
}

export async function listDevices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  return {
    mics: all.filter((d) => d.kind === "audioinput"),
    outs: all.filter((d) => d.kind === "audiooutput"),
  };
}

/** Follow the microphone's level (0..100) until the returned function is called. */
export async function followLevel(show) {
  const stream = await navigator.mediaDevices.getUserMedia(constraints());
  const audio = await player();
  const analyser = new AnalyserNode(audio, { fftSize: 1024 });
  audio.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let on = true;
  (function step() {
    if (!on) return;
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
    show(Math.min(100, Math.max(0, 100 + (20 * Math.log10(rms + 1e-6)) * 1.7)));
    requestAnimationFrame(step);
  })();
  return () => {
    on = false;
    stream.getTracks().forEach((track) => track.stop());
  };
}
