"""The comparison of bench/speech.py: plain Vosk behind the same AudioSocket front, fed everything.

As vosk-server does it: a recogniser per stream, pieces of 0.2 s, a partial after each, Kaldi's own endpoints.
Writes one JSON object a line: {"leg", "text"} for each final, {"lag"} twice a second.

    python -m bench.speech_plain PORT MODEL THREADS
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import vosk

from speech.audiosocket import FrameParser, Kind

PIECE = 3200
"""0.2 s, as vosk-server's own clients send."""


def say(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class Stream(asyncio.Protocol):
    def __init__(self, server: PlainServer) -> None:
        self._server = server
        self._parser = FrameParser()
        self._loop = asyncio.get_running_loop()
        self._recogniser: Any = vosk.KaldiRecognizer(server.model, 8000)
        self._recogniser.SetWords(True)
        self._leg = ""
        self._sound = bytearray()
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._busy = False
        self._over = False

    @property
    def lag(self) -> float:
        return self._loop.time() - self._pieces[0][0] if self._pieces else 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.streams.add(self)

    def data_received(self, data: bytes) -> None:
        for kind, payload in self._parser.feed(data):
            if kind is Kind.UUID:
                self._leg = str(uuid.UUID(bytes=payload))
            elif kind is Kind.AUDIO:
                self._sound += payload
        while len(self._sound) >= PIECE:
            self._pieces.append((self._loop.time(), bytes(self._sound[:PIECE])))
            del self._sound[:PIECE]
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._over = True
        self._next()

    def _next(self) -> None:
        if self._busy:
            return
        if self._pieces:
            self._busy = True
            self._loop.run_in_executor(self._server.threads, self._decode, self._pieces.popleft()[1])
        elif self._over and self in self._server.streams:
            self._server.streams.discard(self)
            self._text(json.loads(self._recogniser.FinalResult()))

    def _decode(self, pcm: bytes) -> None:
        if self._recogniser.AcceptWaveform(pcm):
            result = json.loads(self._recogniser.Result())
        else:
            result = json.loads(self._recogniser.PartialResult())
        self._loop.call_soon_threadsafe(self._done, result)

    def _done(self, result: dict[str, Any]) -> None:
        self._busy = False
        self._text(result)
        self._next()

    def _text(self, result: dict[str, Any]) -> None:
        if result.get("text"):
            say(leg=self._leg, text=result["text"])


class PlainServer:
    def __init__(self, model: str, threads: int) -> None:
        self.model = vosk.Model(model)
        self.threads = ThreadPoolExecutor(threads)
        self.streams: set[Stream] = set()


async def serve(port: int, model: str, threads: int) -> None:
    server = PlainServer(model, threads)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    listener = await asyncio.get_running_loop().create_server(lambda: Stream(server), "127.0.0.1", port)
    say(ready=True)
    while not stop.is_set():
        try:
            async with asyncio.timeout(0.5):
                await stop.wait()
        except TimeoutError:
            say(lag=round(max((s.lag for s in server.streams), default=0.0), 2), streams=len(server.streams))
    listener.close()


if __name__ == "__main__":
    vosk.SetLogLevel(-2)
    os.nice(5)
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
