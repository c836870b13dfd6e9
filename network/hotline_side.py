"""A look at the other end of a citizen's call: which call id it got, and when a person joined it.

The telephone network itself cannot know either; a demo or a test on the same machine may ask our own
Asterisk. Where that cannot be reached the call goes on without.
"""

from __future__ import annotations

import asyncio
import logging

from calls.asterisk.ami import AmiError, AmiLink, Message
from runtime.secretfile import secret
from runtime.settings import Settings

log = logging.getLogger(__name__)

FIND_S = 10.0
"""The hotline's channel exists before the network's is answered; later than this it is not ours to see."""


class HotlineSide:
    """Finds the hotline's channel of one SIP call and watches it."""

    def __init__(self, settings: Settings) -> None:
        self.link = AmiLink("127.0.0.1", settings.ami_port, "hotline", secret(settings.secrets_dir, "ami.hotline"))
        self.call_id = ""
        self.channel = ""
        self.agent_joined = asyncio.Event()
        self._bridges: dict[str, set[str]] = {}

    async def start(self) -> bool:
        """Connect; False when the hotline's manager interface is not there."""
        self.link.on_event(self._event)
        await self.link.start()
        try:
            await self.link.reach(15.0)
        except AmiError:
            await self.close()
            return False
        return True

    async def close(self) -> None:
        await self.link.close()

    async def find(self, sip_call_id: str) -> None:
        """Find the channel that carries this SIP call and read its call id; gives up after 10 s."""
        try:
            async with asyncio.timeout(FIND_S):
                while not self.call_id:
                    await self._look(sip_call_id)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.info("the hotline's side of this call was not found")
        except AmiError as error:
            log.info("the hotline's side of this call cannot be seen: %s", error)

    async def _look(self, sip_call_id: str) -> None:
        if not self.channel:
            for row in await self.link.listing("CoreShowChannels"):
                name = str(row.get("Channel", ""))
                if (
                    name.startswith("PJSIP/trunk-")
                    and await self._get(name, "CHANNEL(pjsip,call-id)") == sip_call_id
                ):
                    self.channel = name
                    break
        if self.channel:
            self.call_id = await self._get(self.channel, "CALL_ID")
            self._check()

    async def _get(self, channel: str, variable: str) -> str:
        try:
            answer = await self.link.do("Getvar", Channel=channel, Variable=variable)
        except AmiError:  # that channel has just ended
            return ""
        return str(answer.get("Value", ""))

    def _event(self, event: Message) -> None:
        kind, bridge, channel = event.get("Event"), event.get("BridgeUniqueid", ""), event.get("Channel", "")
        if kind == "BridgeEnter":
            self._bridges.setdefault(bridge, set()).add(channel)
        elif kind == "BridgeLeave":
            self._bridges.get(bridge, set()).discard(channel)
        else:
            return
        self._check()

    def _check(self) -> None:
        if any(self.channel in members and len(members) > 1 for members in self._bridges.values()):
            self.agent_joined.set()
