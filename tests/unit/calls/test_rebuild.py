"""The live state built again: what Asterisk has counts, not what we remember of it."""

from __future__ import annotations

from calls.rebuild import take_picture
from hotline.events import CallEnded, CallStarted
from tests.fakes.asterisk_ami import FakeChannel
from tests.unit.calls.kit import CALL, CITIZEN, Room, unique

OTHER_CALL = "01a20049-b0c1-7b7b-8f8f-0123456789ab"


async def test_a_restarted_asterisk_gives_an_old_channel_s_name_to_a_new_caller(calls: Room) -> None:
    """Taken by its name, the new caller would have the number, the tickets and the recording of the old one."""
    calls.arrives(number="13912345678")
    await calls.wait(CallStarted)
    await calls.fake.stop()
    calls.fake.channels = {
        CITIZEN: FakeChannel(
            CITIZEN, unique(CITIZEN), {"CALL_ID": OTHER_CALL, "HOTLINE_ROLE": "citizen"}, caller="13800001111"
        )
    }
    await calls.fake.start()
    ended = await calls.wait(CallEnded)
    assert (ended.call_id, ended.outcome) == (CALL, "unknown")
    started = await calls.wait(CallStarted, call_id=OTHER_CALL)
    assert (started.caller, started.channel) == ("13800001111", CITIZEN)
    calls.hangs_up()
    await calls.wait(CallEnded, call_id=OTHER_CALL)


async def test_a_channel_that_has_no_call_id_yet_is_taken_by_its_name(calls: Room) -> None:
    calls.arrives()
    await calls.wait(CallStarted)
    calls.fake.channels[CITIZEN].variables = {"CALL_ID": "", "HOTLINE_ROLE": ""}
    picture = await take_picture(calls.link, lambda: calls.tracker._seq)
    await calls.tracker.call(lambda at: calls.tracker._reconciler.apply(picture, at))
    assert list(calls.tracker.line.calls) == [CALL]
    assert not calls.heard(CallEnded)
