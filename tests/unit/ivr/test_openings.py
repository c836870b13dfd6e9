"""What a queue begins with becomes a class of music; while Asterisk has none, callers hear the sentences first."""

from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf.music import OPENINGS_KEPT, openings_file
from calls.asterisk.ami_errors import AmiDown
from ivr.line import Prompt
from ivr.openings import Openings
from ivr.prompts import Prompts
from ivr.script.script import Script
from runtime.settings import Settings
from sound import levels, wav
from tests.unit.ivr.scripts import nodes, script


class ToneVoice:
    name = "tone"

    async def speak(self, text: str, out: Path) -> None:
        wav.write(out, levels.tone(440.0, 0.1 * len(text)))


class Reloads:
    """Asterisk's side: counts, or is away."""

    def __init__(self) -> None:
        self.count = 0
        self.away = False

    async def __call__(self) -> None:
        if self.away:
            raise AmiDown("no link to Asterisk")
        self.count += 1


@pytest.fixture
def prompts(settings: Settings) -> Prompts:
    return Prompts(settings, ToneVoice())


@pytest.fixture
def reloads() -> Reloads:
    return Reloads()


@pytest.fixture
def openings(settings: Settings, prompts: Prompts, reloads: Reloads) -> Openings:
    return Openings(settings, prompts, reloads)


def greeting(text: str) -> Script:
    return script(
        nodes(f"  first: {{kind: queue, prompt: {text}, answered: bye, overflow: first, unavailable: bye}}")
    )


def opening_of(made: Script) -> Prompt:
    prompt = made.prompt("first", "prompt")
    assert prompt is not None
    return prompt


async def test_a_script_s_opening_is_heard_as_music_once_asterisk_knows_it(
    openings: Openings, prompts: Prompts, reloads: Reloads, settings: Settings
) -> None:
    made = greeting("您好请稍候")
    await prompts.make_all([made])
    prompt = opening_of(made)
    assert openings.of([prompt]) is None
    await openings.take_up(made)
    found = openings.of([prompt])
    assert found is not None
    assert found.seconds == pytest.approx(0.5, abs=0.1)
    written = openings_file(settings).read_text(encoding="utf-8")
    first, second = [line for line in written.splitlines() if line.startswith("entry")][:2]
    assert f"[{found.music}]" in written
    assert first == f"entry = {prompts.path(prompt).with_suffix('')}"
    assert second.endswith("/hold")
    await openings.take_up(made)
    assert reloads.count == 1, "what Asterisk knows is not told again"


async def test_a_queue_without_words_has_no_opening(openings: Openings) -> None:
    assert openings.of([]) is None


async def test_asterisk_away_is_asked_again(openings: Openings, prompts: Prompts, reloads: Reloads) -> None:
    made = greeting("您好")
    await prompts.make_all([made])
    reloads.away = True
    await openings.take_up(made)
    assert openings.of([opening_of(made)]) is None
    reloads.away = False
    await openings.take_up(made)
    assert openings.of([opening_of(made)]) is not None


async def test_what_has_no_sound_is_no_opening(openings: Openings, reloads: Reloads) -> None:
    await openings.take_up(greeting("没有做好的话"))
    assert reloads.count == 0


async def test_calls_of_an_older_script_keep_theirs_and_the_file_stays_short(
    openings: Openings, prompts: Prompts, settings: Settings
) -> None:
    scripts = [greeting(f"您好第{number}版") for number in range(OPENINGS_KEPT + 2)]
    await prompts.make_all(scripts)
    for made in scripts:
        await openings.take_up(made)
    known = [openings.of([opening_of(made)]) is not None for made in scripts]
    assert known == [False, False, *[True] * OPENINGS_KEPT]
    assert openings_file(settings).read_text(encoding="utf-8").count("mode = playlist") == OPENINGS_KEPT


async def test_without_asterisk_to_ask_there_are_none(settings: Settings, prompts: Prompts) -> None:
    made = greeting("您好")
    await prompts.make_all([made])
    alone = Openings(settings, prompts)
    await alone.take_up(made)
    assert alone.of([opening_of(made)]) is None
