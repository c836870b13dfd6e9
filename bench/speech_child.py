"""Runs the real speech process for a benchmark: as a child on the bus bridge, on chosen cores."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from db.models import Base
from db.session import make_engine
from runtime.bus import BridgeServer, LocalBus
from runtime.events import SpeechStateChanged
from runtime.settings import ROOT, Settings
from speech.decoding.models import find_model


@dataclass
class SpeechChild:
    settings: Settings
    bus: LocalBus
    process: psutil.Process

    def cpu_s(self) -> float:
        """CPU seconds used so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    def megabytes(self) -> float:
        return self.process.memory_info().rss / 1e6


def model_folder(settings: Settings) -> Path:
    """The model to measure with: as `make up` would choose, else the tests' own."""
    from tests.speech_samples import shared_model

    return find_model(settings) or shared_model()


@asynccontextmanager
async def speech_child(port_base: int, cores: str = "", threads: int = 0) -> AsyncIterator[SpeechChild]:
    """A speech process with a fresh database; ready when this returns."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        settings = Settings(var=Path(folder), port_base=port_base, speech_threads=threads)
        settings = settings.model_copy(update={"vosk_model": str(model_folder(settings))})
        settings.make_folders()
        engine = make_engine(settings.db_url)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await engine.dispose()
        bus = LocalBus()
        bridge = BridgeServer(bus, settings.bus_socket)
        await bridge.start()
        ready = asyncio.Event()

        async def state(event: SpeechStateChanged) -> None:
            if event.available:
                ready.set()

        bus.subscribe(state, SpeechStateChanged)
        environment = os.environ | {
            "HOTLINE_VAR": folder,
            "HOTLINE_PORT_BASE": str(port_base),
            "HOTLINE_VOSK_MODEL": settings.vosk_model,
            "HOTLINE_SPEECH_THREADS": str(threads),
            "PYTHONPATH": str(ROOT),
        }
        pinned = ["taskset", "-c", cores] if cores else []
        child = await asyncio.create_subprocess_exec(
            *pinned, sys.executable, "-m", "speech.process", env=environment, cwd=ROOT
        )
        try:
            async with asyncio.timeout(60):
                await ready.wait()
            yield SpeechChild(settings, bus, psutil.Process(child.pid))
        finally:
            if child.returncode is None:
                child.terminate()
            await child.wait()
            await bridge.close()
            await bus.close()
