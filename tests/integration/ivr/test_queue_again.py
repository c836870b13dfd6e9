"""A caller who was served and wants a person again waits like everybody: the first talk tells nothing of it."""

from __future__ import annotations

from network.line import CitizenLine
from tests.integration.conftest import AsteriskPair
from tests.integration.ivr.kit import running_ivr
from tests.integration.ivr.test_calls import add_agent, agent_channel, eventually


async def test_the_second_time_nobody_is_there(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    async with running_ivr(pair.settings) as ivr:
        await add_agent(pair)
        async with CitizenLine(pair.settings, caller="13912345678") as line:
            assert await line.wait_answered()
            await eventually(lambda: agent_channel(pair), what="an agent talks")
            await pair.hotline.cli("queue remove member PJSIP/8001@trunk from common")
            await pair.hotline.cli(f"channel request hangup {await agent_channel(pair)}")
            await ivr.reach("survey")
            await line.press("0")
            await ivr.reach("closed")
        assert ivr.nodes() == ["queue", "survey", "queue", "closed"]
