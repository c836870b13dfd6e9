"""The guard on a real Asterisk that does not answer where it is asked: ended, started again, back at work."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hotline.sip_guard import SipGuard
from runtime.events import TelephonyStale
from tests.integration.calls.kit import room
from tests.integration.conftest import AsteriskPair
from tests.postgres import free_port
from tests.waiting import until


async def test_a_deaf_asterisk_is_started_again(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    ours = asterisk_pair.hotline
    before = ours.pid
    async with room(asterisk_pair.settings, tmp_path) as calls:
        guard = SipGuard(
            calls.node,
            calls.bus,
            calls.clock,
            free_port(),
            ours.restart,
            every_s=0.05,
            patience_s=0.1,
            look_s=0.05,
        )
        await guard.start()
        try:
            await calls.wait(TelephonyStale, stale=True, reason="电话线路服务没有应答，电话可能打不进来")
            await until(lambda: ours.restarts == 1 and ours.pid not in (None, before), 30, "the restart")
            await until(lambda: calls.node.link.connections == 2 and calls.node.link.ready, 30, "the manager link")
            # The manager link says "all is well"; the guard knows better.
            await until(lambda: calls.heard(TelephonyStale)[-1].stale, 30, "the correction")
            assert ours.restarts == 1
        finally:
            await guard.close()


async def test_ending_it_is_bounded_even_for_two_at_once(asterisk_pair: AsteriskPair) -> None:
    ours = asterisk_pair.hotline
    async with asyncio.timeout(20):
        await asyncio.gather(ours.restart(), ours.restart())
    await until(lambda: ours.restarts == 1 and ours.pid is not None, 30, "the one restart")
