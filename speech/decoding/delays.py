"""How far each call's text is behind what was said: told to the desk (转写延迟 n 秒), after the call's end too."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runtime.events import Event, SpeechDelayed
from speech.decoding.decoder import SpeakerDecoder

TOLD_S = 1.0
OVER_S = 0.5
"""A call's delay is told above the first, and told to be over below the second."""


class Delays:
    """Decoders whose leg has ended drain here until nothing of theirs waits."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._draining: dict[SpeakerDecoder, str] = {}
        self._told: set[str] = set()

    @property
    def draining(self) -> list[SpeakerDecoder]:
        """Decoders without a leg that still have something to decode."""
        return [decoder for decoder in self._draining if not decoder.empty]

    def drain(self, decoder: SpeakerDecoder, call_id: str) -> None:
        """The leg of this decoder is over."""
        if not decoder.empty:
            self._draining[decoder] = call_id

    def tell(self, open_now: Iterable[tuple[str, SpeakerDecoder]]) -> None:
        """Called about twice a second with the decoders of open legs, each with its call."""
        self._draining = {d: call_id for d, call_id in self._draining.items() if not d.empty}
        lags: dict[str, float] = {}
        for call_id, decoder in (*open_now, *((c, d) for d, c in self._draining.items())):
            lags[call_id] = max(lags.get(call_id, 0.0), decoder.lag_s)
        for call_id, lag in lags.items():
            if lag > TOLD_S:
                self._told.add(call_id)
                self._emit(SpeechDelayed(call_id=call_id, delay_s=round(lag, 1)))
        for call_id in [c for c in self._told if lags.get(c, 0.0) < OVER_S]:
            self._told.discard(call_id)
            self._emit(SpeechDelayed(call_id=call_id, delay_s=0.0))
