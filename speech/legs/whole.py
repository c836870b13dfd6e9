"""Decodes a whole recording through the same leg, detector and threads as a call, behind all live sound.

Fed at once most of it would wait on the disk, where it comes from: it is fed no faster than it is decoded.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from runtime.events import Event, TapOpened
from speech.decoding.decoder import SpeakerDecoder
from speech.decoding.pool import DecodePool
from speech.decoding.waiting import BYTES_A_SECOND, Room
from speech.legs.leg import Leg
from speech.legs.vad import VoiceDetector
from speech.text import ClerkText

PIECE = BYTES_A_SECOND // 2
AHEAD_S = 20.0
PAUSE_S = 0.05


async def decode_whole(
    pcm: bytes,
    call_id: str,
    start_ms: int,
    name: str,
    *,
    decoder_of: Callable[[Leg], SpeakerDecoder],
    detector: VoiceDetector,
    text: ClerkText,
    emit: Callable[[Event], None],
    pool: DecodePool,
    room: Room,
) -> None:
    """`pcm` (16-bit mono 8 kHz) is what the citizen says from `start_ms` on; returns when all of it is decoded.

    Utterance ids follow from `name` and place, so that decoding the same recording twice gives the same ones.
    """
    monotonic = asyncio.get_running_loop().time
    now = monotonic()
    leg = Leg(
        TapOpened(call_id=call_id, tap_id=name, speaker="citizen", origin=datetime.now(UTC)),
        now - start_ms / 1000,
        detector=detector,
        text=text,
        emit=emit,
        monotonic=monotonic,
        now=now,
        new_id=lambda at_ms: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}:{at_ms}")),
    )
    decoder = leg.decoder = decoder_of(leg)
    leg.start_at(start_ms)
    try:
        try:
            for at in range(0, len(pcm), PIECE):
                while decoder.waiting_s > AHEAD_S or room.full:  # noqa: ASYNC110 (calls fill the room too)
                    await asyncio.sleep(PAUSE_S)
                # It "arrives" in the future: the pool takes whatever arrived first, so calls go before it.
                leg.audio(pcm[at : at + PIECE], now + (at + PIECE) / BYTES_A_SECOND)
                pool.offer(decoder)
                await asyncio.sleep(0)
        finally:
            leg.close(now + len(pcm) / BYTES_A_SECOND)
        while not decoder.empty:
            pool.offer(decoder)
            await asyncio.sleep(PAUSE_S)
    finally:
        decoder.discard()  # cancelled: the message stays new and is decoded again
