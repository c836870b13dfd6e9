// Today by half hours against what is usual on this weekday, as plain SVG.
import { board } from "./picture.js";

const HALVES = 48;
const SVG = "http://www.w3.org/2000/svg";

function part(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

/** A round number at or above the greatest value, of which half is a whole number. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 3, 4, 6, 8, 10].map((n) => n * power).find((n) => n >= value && n % 2 === 0);
}

const clock = (half) => `${String(half >> 1).padStart(2, "0")}:${half % 2 ? "30" : "00"}`;

/** Draw into `svg`, which is `width` by `height` of its own units; letters are `letter` high. */
export function draw(svg, { width, height, letter }) {
  const halves = board.halves ?? [];
  const usual = board.usual?.days ? board.usual.queued : [];
  const top = ceiling(Math.max(4, ...halves.map(([queued]) => queued), ...usual));
  const left = letter * 2.6;
  const right = letter;
  const base = height - letter * 1.7;
  const roof = letter * 0.8;
  const step = (width - left - right) / HALVES;
  const y = (value) => base - ((base - roof) * value) / top;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const drawn = [];
  for (const line of [0, top / 2, top]) {
    drawn.push(part("line", { x1: left, x2: width - right, y1: y(line), y2: y(line), class: "rule" }));
    drawn.push(part("text", { x: left - letter * 0.5, y: y(line) + letter * 0.35, class: "mark end" }, String(line)));
  }
  for (let hour = 0; hour <= 24; hour += 4) drawn.push(part("text", { x: left + step * hour * 2, y: height - letter * 0.4, class: "mark middle" }, String(hour)));
  halves.forEach(([queued, answered, abandoned], half) => {
    const x = left + half * step + step * 0.15;
    const bar = (from, to, kind) => to > from && drawn.push(part("rect", { x, width: step * 0.7, y: y(to), height: y(from) - y(to), class: kind }));
    const last = half === halves.length - 1 ? " now" : "";
    bar(0, answered, `answered${last}`);
    bar(answered, answered + abandoned, "abandoned");
    bar(answered + abandoned, queued, "rest");
  });
  if (usual.length) drawn.push(part("polyline", { points: usual.map((mean, half) => `${left + step * (half + 0.5)},${y(mean)}`).join(" "), class: "usual" }));
  svg.replaceChildren(...drawn);
  const total = halves.reduce((sum, [queued]) => sum + queued, 0);
  const peak = halves.reduce((best, [queued], half) => (queued > (halves[best]?.[0] ?? -1) ? half : best), 0);
  const expected = usual.slice(0, halves.length).reduce((sum, mean) => sum + mean, 0);
  const compared = usual.length ? `，近 ${board.usual.days} 周同一天同时段平均 ${Math.round(expected)} 个` : "";
  svg.setAttribute("aria-label", `今日人工请求 ${total} 个${compared}${total ? `，最忙的半小时从 ${clock(peak)} 起` : ""}`);
}
