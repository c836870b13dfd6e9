// Shortcuts: F-keys and Alt combinations that browsers leave alone (not F5, F6, F11, F12, Alt+digits).
import { $ } from "./dom.js";

const TABLE = new Map();

/** `keys` like "F9" or "Alt+R"; `text` for the help page ("" hides it). */
export function bind(keys, text, run) { TABLE.set(keys, { text, run }); }

export const rows = () => [...TABLE].filter(([, { text }]) => text).map(([key, { text }]) => [key, text]);

const name = (event) => {
  if (event.ctrlKey || event.metaKey) return "";
  if (/^F\d+$/.test(event.key)) return event.altKey || event.shiftKey ? "" : event.key;
  if (event.altKey && /^Key[A-Z]$/.test(event.code)) return `Alt+${event.code.slice(3)}`;
  return "";
};

addEventListener("keydown", (event) => {
  let entry = TABLE.get(name(event));
  const typing = event.target.closest?.("input, textarea, select");
  if (!entry && event.key === "?" && !typing) entry = TABLE.get("F1");
  if (!entry) return;
  event.preventDefault();
  // In a dialog only its own keys work, so that nothing happens behind it.
  if ($("dialog[open]") || event.repeat) return;
  entry.run();
});
