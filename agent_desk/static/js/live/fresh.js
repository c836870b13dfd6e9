// Lists of tickets: says when something changed since the page was made.
import { $ } from "../web/dom.js";
import { Live } from "./link.js";

const button = $("#fresh");
button?.addEventListener("click", () => location.reload());
new Live({
  tab: `list-${Math.random()}`,
  wantSeat: () => false,
  health: () => ({ sip: false, mic: false }),
  on: {
    open() {},
    event: (e) => { if (e.event === "TicketChanged") button.hidden = false; },
    seat() {},
    control() {},
    signedOut: () => location.assign("/login"),
  },
}).connect();
