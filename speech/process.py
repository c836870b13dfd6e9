"""The speech process: AudioSocket in, utterances out. A crash or a leak here never touches a call.

Started and restarted by `hotline up` (or `hotline speech`); `python -m speech.process` runs it by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from db.session import make_engine, make_sessions
from runtime import loop
from runtime.bus import BridgeClient, Bus
from runtime.clock import SystemClock
from runtime.logs import start_logging
from runtime.node_bus import NodeBus
from runtime.settings import Settings
from speech.decoding.demo import NOTE, is_demo
from speech.decoding.models import explain_missing, find_model
from speech.decoding.recogniser import Engine, ModelBroken, VoskEngine
from speech.decoding.trial import ModelTrial
from speech.follower import RecordingFollower
from speech.hotwords import HotWordFile
from speech.instance import new_instance
from speech.legs.server import AudioSocketServer
from speech.legs.taps import TapBook
from speech.legs.vad import Ears, GatedSilero
from speech.messages import MessageTranscriber
from speech.text import ClerkText
from speech.transcriber import Transcriber
from speech.transcript import TranscriptKeeper, impatient

log = logging.getLogger(__name__)

BIND_TRIES = 20
BIND_PAUSE_S = 0.5
"""A predecessor that is just dying may hold the port for some seconds."""


class SpeechProcess:
    """All parts wired together; `start` returns once legs are accepted, the model may still be loading."""

    def __init__(self, settings: Settings, bus: Bus) -> None:
        self._settings = settings
        bus = NodeBus(bus, settings.node)
        clock = SystemClock()
        self._database = impatient(make_engine(settings.db_url))
        sessions = make_sessions(self._database)
        self.keeper = TranscriptKeeper(sessions, clock)
        self._ear_maker = ThreadPoolExecutor(1, thread_name_prefix="ears")
        ears = Ears(self._ear_maker, reserve=4)
        self._hot_words = HotWordFile(settings.var / "hotwords.txt")
        self.transcriber = Transcriber(
            bus,
            clock,
            self.keeper,
            spool=settings.var / "spool",
            threads=settings.speech_threads,
            detector=lambda: GatedSilero(ears, lambda: self.transcriber.short),
            text=lambda: ClerkText(self._hot_words.current()),
            instance=new_instance(settings),
        )
        self.messages = MessageTranscriber(settings.recordings_dir, sessions, bus, self.transcriber, self.keeper)
        self._taps = TapBook(bus)
        self.server = AudioSocketServer(settings.audiosocket_port, self._taps, self.transcriber)
        self._follower = (
            RecordingFollower(settings, bus, self.transcriber) if settings.tap == "mixmonitor" else None
        )
        self._loading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises OSError when the port stays taken."""
        self.keeper.start()
        self.transcriber.start(self._taps.held)
        self.messages.start()
        self._loading = asyncio.create_task(self._load(), name="speech:model")
        await self._listen()

    async def _listen(self) -> None:
        for _ in range(BIND_TRIES):
            try:
                await self.server.start()
                return
            except OSError as error:
                log.warning("port %d: %s", self._settings.audiosocket_port, error.strerror)
                fault = error
                await asyncio.sleep(BIND_PAUSE_S)
        raise fault

    async def _load(self) -> None:
        """A big model takes seconds to load: legs are accepted meanwhile."""
        folder = find_model(self._settings)
        if folder is None:
            reason = explain_missing(self._settings)
            log.warning("no speech model: calls go on without a transcript")
            self.transcriber.use(None, reason)
            return
        trial = ModelTrial(self._settings.run_dir / "speech-model.trial")
        if not trial.begin(folder):
            log.error("%s killed the speech process three times: it is not loaded again", folder)
            self.transcriber.use(None, f"语音模型损坏：{folder.name} 多次导致识别进程崩溃")
            return
        try:
            engine: Engine = await asyncio.to_thread(VoskEngine, Path(folder))
        except (ModelBroken, OSError, ImportError) as error:
            trial.passed()  # refused, not killed
            log.error("the speech model cannot be used: %s", error)
            self.transcriber.use(None, f"语音模型无法加载：{folder.name}")
            return
        trial.passed()
        log.info("speech model %s is ready", engine.name)
        self.transcriber.use(engine, NOTE if is_demo(folder) else "")

    async def close(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        if self._follower is not None:
            await self._follower.close()
        await self.server.close()
        await self.messages.close()
        await self.transcriber.close()
        self._taps.close()
        await self.keeper.close(wait_s=3.0)  # whoever stops us kills us after 8 s
        self._ear_maker.shutdown(cancel_futures=True)
        await self._database.dispose()


@asynccontextmanager
async def joined_bus(settings: Settings) -> AsyncIterator[Bus]:
    """NATS where configured, otherwise the bridge to the process that started us."""
    if settings.nats_url:
        from runtime.nats import NatsBus

        async with NatsBus(settings.nats_url, node=settings.node) as nats:
            yield nats
        return
    bridge = BridgeClient(settings.bus_socket)
    await bridge.start()
    try:
        yield bridge
    finally:
        await bridge.close()


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with joined_bus(settings) as bus:
        process = SpeechProcess(settings, bus)
        try:
            await process.start()
            await stop.wait()
        finally:
            await process.close()


def main(settings: Settings | None = None) -> None:
    """Entry point of the child process."""
    settings = settings or Settings()
    settings.make_folders()
    # Supervised, its error output is a file that nothing ever begins anew: for what no log can take.
    start_logging(settings, "speech", console=sys.stderr.isatty())
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)  # Asterisk and the desk come first when cores are short
    loop.run(run(settings))


if __name__ == "__main__":
    main()
