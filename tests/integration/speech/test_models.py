"""Wrong, broken or missing models: the speech process starts anyway and says why there is no text."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runtime.bus import LocalBus
from runtime.events import SpeechStateChanged, TapClosed
from runtime.settings import Settings
from speech.decoding.trial import STRIKES, ModelTrial
from speech.process import SpeechProcess
from tests.fakes.audiosocket import FakeLeg
from tests.speech_samples import silence, unpack_model
from tests.waiting import until


def damaged(folder: Path) -> Path:
    """A model whose acoustic part is cut off."""
    model = unpack_model(folder)
    whole = (model / "am" / "final.mdl").read_bytes()
    (model / "am" / "final.mdl").write_bytes(whole[: len(whole) // 3])
    return model


def without_graph(folder: Path) -> Path:
    model = unpack_model(folder)
    (model / "graph" / "HCLr.fst").unlink()
    return model


def half_a_graph(folder: Path) -> Path:
    model = unpack_model(folder)
    graph = model / "graph" / "HCLr.fst"
    graph.write_bytes(graph.read_bytes()[: 1 << 20])
    return model


def nothing(folder: Path) -> Path:
    return folder / "not-there"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (nothing, "语音模型路径无效"),
        (damaged, "语音模型无法加载"),
        (without_graph, "语音模型无法加载"),
        (half_a_graph, "语音模型无法加载"),
    ],
)
async def test_no_usable_model(
    settings: Settings, bus: LocalBus, tmp_path: Path, make: object, reason: str
) -> None:
    assert callable(make)
    model = await asyncio.to_thread(make, tmp_path)
    settings = settings.model_copy(update={"vosk_model": str(model)})
    states: list[SpeechStateChanged] = []
    closed: list[TapClosed] = []

    async def hear(event: SpeechStateChanged) -> None:
        states.append(event)

    async def over(event: TapClosed) -> None:
        closed.append(event)

    bus.subscribe(hear, SpeechStateChanged)
    bus.subscribe(over, TapClosed)
    process = SpeechProcess(settings, bus)
    await process.start()
    await until(lambda: any(state.reason.startswith(reason) for state in states), what=str(states))
    assert not any(state.available for state in states)
    leg = FakeLeg(process.server.port)
    await leg.announce(bus, "call")
    await leg.connect()
    await leg.say(silence(0.5))
    await leg.hang_up()
    await until(lambda: closed)
    await process.close()


async def test_a_model_that_killed_the_process_is_not_loaded_again(
    settings: Settings, bus: LocalBus, tmp_path: Path
) -> None:
    model = await asyncio.to_thread(unpack_model, tmp_path)
    settings = settings.model_copy(update={"vosk_model": str(model)})
    for _ in range(STRIKES):  # three processes that died while loading it
        ModelTrial(settings.run_dir / "speech-model.trial").begin(model)
    states: list[SpeechStateChanged] = []

    async def hear(event: SpeechStateChanged) -> None:
        states.append(event)

    bus.subscribe(hear, SpeechStateChanged)
    process = SpeechProcess(settings, bus)
    await process.start()
    await until(lambda: any("语音模型损坏" in state.reason for state in states), what=str(states))
    await process.close()


async def test_a_taken_port_is_told_after_some_patience(
    settings: Settings, bus: LocalBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    from speech import process as process_module

    monkeypatch.setattr(process_module, "BIND_PAUSE_S", 0.01)
    thief = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", settings.audiosocket_port)
    process = SpeechProcess(settings, bus)
    with pytest.raises(OSError, match="address already in use"):
        await process.start()
    await process.close()
    thief.close()
    await thief.wait_closed()
