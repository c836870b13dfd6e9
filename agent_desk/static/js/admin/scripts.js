// The list of scripts: what cannot be taken back is asked for once more.
import { $, $$ } from "../web/dom.js";

const dialog = $("#confirm");
let asked = null;

for (const form of $$("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (form === asked) return;
    event.preventDefault();
    asked = form;
    $("#confirm-text").textContent = form.dataset.confirm;
    dialog.showModal();
  });
}
$("#confirm-yes").addEventListener("click", () => { const form = asked; dialog.close(); asked = form; form.requestSubmit(); });
$("#confirm-no").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => { asked = null; });
