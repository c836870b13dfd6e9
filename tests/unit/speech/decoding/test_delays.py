from __future__ import annotations

from typing import cast

from runtime.events import Event, SpeechDelayed
from speech.decoding.decoder import SpeakerDecoder
from speech.decoding.delays import Delays


class Behind:
    """A decoder so far behind."""

    def __init__(self, lag_s: float) -> None:
        self.lag_s = lag_s
        self.empty = False


def decoder(lag_s: float) -> tuple[Behind, SpeakerDecoder]:
    made = Behind(lag_s)
    return made, cast(SpeakerDecoder, made)


def test_a_call_is_as_late_as_its_latest_speaker_and_its_catching_up_is_told_once() -> None:
    told: list[Event] = []
    delays = Delays(told.append)
    late, citizen = decoder(7.3)
    _, agent = decoder(2.0)
    _, other = decoder(0.9)
    legs = [("a", citizen), ("a", agent), ("b", other)]
    delays.tell(legs)
    assert told == [SpeechDelayed(call_id="a", delay_s=7.3)]
    late.lag_s = 0.1
    delays.tell(legs[:1])
    delays.tell(legs[:1])
    assert told[1:] == [SpeechDelayed(call_id="a", delay_s=0.0)]


def test_a_call_that_ended_behind_is_told_until_it_is_whole() -> None:
    told: list[Event] = []
    delays = Delays(told.append)
    late, citizen = decoder(30.0)
    delays.drain(citizen, "a")
    delays.tell([])
    assert delays.draining == [citizen]
    late.empty, late.lag_s = True, 0.0
    delays.tell([])
    assert delays.draining == []
    assert told == [SpeechDelayed(call_id="a", delay_s=30.0), SpeechDelayed(call_id="a", delay_s=0.0)]
