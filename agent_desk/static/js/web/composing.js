// While an input method composes, its keys are its own: no page takes Enter, Tab, arrows or letters for an act.
addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) event.stopImmediatePropagation();
}, true);
