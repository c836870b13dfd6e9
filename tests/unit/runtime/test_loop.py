from __future__ import annotations

import asyncio

import pytest
import uvloop

from runtime import loop


def test_ours_is_the_quick_loop() -> None:
    async def kind() -> type:
        return type(asyncio.get_running_loop())

    assert loop.run(kind()) is uvloop.Loop


def test_what_is_left_is_cancelled() -> None:
    ended: list[str] = []

    async def left() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def main() -> None:
        task = asyncio.create_task(left())
        await asyncio.sleep(0)
        assert not task.done()

    loop.run(main())
    assert ended == ["cancelled"]


def test_errors_pass_through() -> None:
    async def fail() -> None:
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        loop.run(fail())
