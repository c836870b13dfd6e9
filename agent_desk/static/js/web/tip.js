// The words a suggestion came from, shown beside the pointer or the focused control.
import { $, el } from "./dom.js";
import { state } from "../live/store.js";

let shown = null; // what the tip belongs to

/** A button that is gone tells no "mouseleave": the tip goes with it. */
function watch() {
  if (!shown) return;
  if (!shown.isConnected || !shown.checkVisibility()) hideTip();
  else requestAnimationFrame(watch);
}

export function showTip(anchor, suggestion) {
  const tip = $("#tip");
  if (!shown) requestAnimationFrame(watch);
  shown = anchor;
  const percent = Math.round(suggestion.confidence * 100);
  const { quote } = suggestion;
  // On a call-back the words may be those of the message, which is not in this call's transcript.
  const here = state.utterances.has(suggestion.utterance_id);
  const from = here || !state.call?.call_back ? "依据" : "依据留言";
  const leads = here && anchor.matches(".lab"); // a click on a button takes or chooses
  tip.replaceChildren(
    quote ? el("span", {}, `${from}：“`, el("b", {}, quote), "”") : suggestion.utterance_id ? `${from}：通话内容` : "按来电和其他项推断",
    suggestion.literal ? el("div", {}, "已纠正同音字，听写原文：“", el("b", {}, suggestion.literal), "”　Alt+Z 换用") : "",
    el("div", {}, `把握 ${percent}%${leads ? "　点击定位到原话" : ""}`),
  );
  tip.hidden = false;
  const box = anchor.getBoundingClientRect();
  const width = tip.offsetWidth;
  tip.style.left = `${Math.max(4, Math.min(innerWidth - width - 4, box.right - width))}px`;
  const above = box.top - tip.offsetHeight - 4;
  tip.style.top = `${above > 0 ? above : box.bottom + 4}px`;
}

export function hideTip() {
  shown = null;
  $("#tip").hidden = true;
}
