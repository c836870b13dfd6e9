"""Tasks in the background are kept, counted, waited for and ended together."""

from __future__ import annotations

import asyncio

from runtime.background import Background


async def test_what_was_started_is_kept_until_it_is_done() -> None:
    background, go = Background(), asyncio.Event()

    async def work() -> None:
        await go.wait()

    background.start(work(), "one")
    background.start(work(), "two")
    assert len(background) == 2
    go.set()
    await background.wait()
    assert len(background) == 0


async def test_closing_cancels_what_runs_and_hides_no_other_end() -> None:
    background = Background()
    task = background.start(asyncio.Event().wait(), "endless")  # type: ignore[arg-type]
    await background.close()
    assert task.cancelled() and len(background) == 0


async def test_an_error_of_one_is_no_error_of_who_waits() -> None:
    async def fail() -> None:
        raise ValueError

    background = Background()
    background.start(fail(), "failing")
    await background.wait()
    assert len(background) == 0
