"""A SIP caller of a few lines, for caller ids that no decent telephone would send."""

from __future__ import annotations

import asyncio
import secrets
from types import TracebackType
from typing import Self

from runtime.settings import Settings


class _Wire(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.inbox: asyncio.Queue[str] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.inbox.put_nowait(data.decode("utf-8", "replace"))


class SipCaller:
    """Calls 12345 from the trunk's own address (the network's Asterisk must not run there)."""

    def __init__(
        self, settings: Settings, user: str, name: str = "", asserted: str = "", diverted: str = ""
    ) -> None:
        self._asserted = asserted
        self._diverted = diverted
        self._to = f"sip:{settings.number}@127.0.0.1:{settings.sip_port}"
        self._address = ("127.0.0.1", settings.sip_port)
        self._own_port = settings.network_sip_port
        self._from = (
            f"{name} <sip:{user + '@' if user else ''}127.0.0.1:{self._own_port}>;tag={secrets.token_hex(4)}"
        )
        self._call_id = secrets.token_hex(8)
        self._answer_to = f"<{self._to}>"
        self._wire = _Wire()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self._wire, local_addr=("127.0.0.1", self._own_port)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send("BYE", 2, "")
        self._transport.close()

    async def invite(self, timeout: float = 10.0) -> int:
        """Call; returns the final status."""
        body = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self._own_port + 2} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )
        self._send("INVITE", 1, body)
        async with asyncio.timeout(timeout):
            while True:
                message = await self._wire.inbox.get()
                if not message.startswith("SIP/2.0 ") or "INVITE" not in message:
                    continue
                status = int(message.split()[1])
                if status >= 200:
                    to = next(line for line in message.split("\r\n") if line.lower().startswith("to:"))
                    self._answer_to = to.partition(":")[2].strip()
                    self._send("ACK", 1, "")
                    return status

    def _send(self, method: str, sequence: int, body: str) -> None:
        lines = [
            f"{method} {self._to} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._own_port};branch=z9hG4bK{secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            f"From: {self._from}",
            f"To: {self._answer_to}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {sequence} {method}",
            *([f"P-Asserted-Identity: {self._asserted}"] if self._asserted else []),
            *([f"Diversion: {self._diverted};reason=unconditional"] if self._diverted else []),
            f"Contact: <sip:x@127.0.0.1:{self._own_port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body.encode())}",
        ]
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self._address)
