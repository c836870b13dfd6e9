"""What goes on beside a ticket's state: requests for time or return, assists, links, urging, supervision."""

from __future__ import annotations

from db.models import Ticket
from tickets.actor import Actor
from tickets.casework import Casework
from tickets.life import assists, extensions, intake, links, supervisions, suspensions
from tickets.life.act import Act
from tickets.life.beside import allowed, noted
from tickets.life.steps import returning
from tickets.permissions import may, require


class Sidework:
    """Each act is one transaction on a locked ticket, like those of `Casework`. Errors are `TicketError`s."""

    def __init__(self, cases: Casework) -> None:
        self._cases = cases

    # -- return ------------------------------------------------------------------------------------------
    async def ask_return(
        self, actor: Actor, ticket_id: int, reason_code: str, basis: str, suggested_unit_id: int | None = None
    ) -> Ticket:
        """The unit's request; it goes to the centre (T10) when the unit's head agrees, a head's own at once."""

        async def work(act: Act) -> None:
            require(actor, "ask_return", act.ticket)
            unit = None
            if suggested_unit_id is not None:
                unit = await intake.check_unit(act.session, suggested_unit_id)
            await returning.propose(act, returning.Asked(reason_code, basis, unit))
            if may(actor, "approve_return", act.ticket):
                await self._cases.take(act, "T10")

        return (await self._cases.on_ticket(actor, ticket_id, work))[0]

    async def drop_return(self, actor: Actor, ticket_id: int, note: str) -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: returning.drop(act, note)))[0]

    # -- time --------------------------------------------------------------------------------------------
    async def ask_extension(
        self, actor: Actor, ticket_id: int, amount: int, reason: str, basis: str = ""
    ) -> Ticket:
        """`amount` is in the unit of the ticket's close_by limit."""
        work = lambda act: extensions.ask(act, amount, reason, basis)  # noqa: E731
        return (await self._cases.on_ticket(actor, ticket_id, work))[0]

    async def sign_extension(self, actor: Actor, ticket_id: int) -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, extensions.sign))[0]

    async def grant_extension(self, actor: Actor, ticket_id: int, note: str = "") -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: extensions.grant(act, note)))[0]

    async def refuse_extension(self, actor: Actor, ticket_id: int, note: str) -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: extensions.decline(act, note)))[0]

    async def ask_suspension(self, actor: Actor, ticket_id: int, cause: str, reason: str) -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: suspensions.ask(act, cause, reason)))[0]

    async def suspend(self, actor: Actor, ticket_id: int, note: str = "") -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: suspensions.approve(act, note)))[0]

    async def refuse_suspension(self, actor: Actor, ticket_id: int, note: str) -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: suspensions.decline(act, note)))[0]

    async def resume(self, actor: Actor, ticket_id: int) -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, suspensions.resume))[0]

    # -- several units -----------------------------------------------------------------------------------
    async def add_assist(self, actor: Actor, ticket_id: int, unit_id: int, note: str = "") -> Ticket:
        """Returns the assisting unit's own ticket."""

        async def work(act: Act) -> Ticket:
            require(actor, "assist", act.ticket)
            return await assists.add_assist(act, await intake.check_unit(act.session, unit_id), note)

        return (await self._cases.on_ticket(actor, ticket_id, work))[1]

    async def waive_assist(self, actor: Actor, ticket_id: int, child_id: int, reason: str) -> Ticket:
        async def work(act: Act) -> None:
            child = await act.session.get_one(Ticket, child_id)
            await assists.waive_assist(act, child, reason)

        return (await self._cases.on_ticket(actor, ticket_id, work, also=[child_id]))[0]

    async def waive(self, actor: Actor, child_id: int, reason: str) -> Ticket:
        """The same, named by the assisting unit's own ticket alone. Returns the matter's ticket."""
        master_id = await self._cases.master_of(child_id)
        return await self.waive_assist(actor, master_id, child_id, reason)

    # -- links, urging, supervision ----------------------------------------------------------------------
    async def link(self, actor: Actor, ticket_id: int, master_no: str, kind: str, note: str = "") -> Ticket:
        async def work(act: Act) -> None:
            await allowed(act, "link")
            master = await intake.ticket_by_no(act.session, master_no)
            require(actor, "merge", master)
            made = await links.link(act, master, kind, note)
            noted(act, "link", f"{links.KINDS[kind]}：{master.ticket_no}", link_id=made.id)

        return (await self._cases.on_ticket(actor, ticket_id, work))[0]

    async def unlink(self, actor: Actor, ticket_id: int, link_id: int) -> Ticket:
        async def work(act: Act) -> None:
            await allowed(act, "unlink")
            undone = await links.unlink(act, link_id)
            noted(act, "unlink", links.KINDS[undone.kind], link_id=undone.id)

        return (await self._cases.on_ticket(actor, ticket_id, work))[0]

    async def urge(self, actor: Actor, ticket_id: int, cause: str, note: str = "") -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: supervisions.urge(act, cause, note)))[0]

    async def supervise(self, actor: Actor, ticket_id: int, level: int, cause: str) -> Ticket:
        """Levels 1 to 4; a higher one raises the order that is open."""
        work = lambda act: supervisions.supervise(act, level, cause)  # noqa: E731
        return (await self._cases.on_ticket(actor, ticket_id, work))[0]

    async def answer_supervision(self, actor: Actor, ticket_id: int, text: str) -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: supervisions.answer(act, text)))[0]

    async def end_supervision(self, actor: Actor, ticket_id: int, note: str) -> Ticket:
        return (await self._cases.on_ticket(actor, ticket_id, lambda act: supervisions.end(act, note)))[0]
