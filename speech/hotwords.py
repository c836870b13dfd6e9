"""The city's own names: what was misheard as a homophone is mended towards them, conservatively.

A recogniser that never saw 桂花泉 hears 贵花全. The file (`var/hotwords.txt`, one word a line, # for comments)
is read again when it changes; calls that are running keep the words they began with.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import rjieba
from pypinyin import Style, lazy_pinyin

log = logging.getLogger(__name__)

LONGEST_FILE = 1 << 20
MOST_WORDS = 20_000
HAN = re.compile(r"[\u3400-\u9fff]{2,12}")

PLACE_ENDS = tuple("镇乡村街路道县市区组社")
"""What follows a place's name: the sign that two homophones in a row are meant to be one."""

_NEAR = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_NEAR_ENDS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


@lru_cache(maxsize=8192)
def _sound(char: str) -> tuple[str, str]:
    """(toneless, with tone) pinyin of a character read by itself."""
    return _toneless(char), lazy_pinyin(char, style=Style.TONE3, neutral_tone_with_five=True)[0]


def _toneless(char: str) -> str:
    return str(lazy_pinyin(char, style=Style.NORMAL)[0])


@lru_cache(maxsize=8192)
def _near(syllable: str) -> str:
    """The syllable with what central-Chinese speakers confuse made one: zh/z, ch/c, sh/s, n/l, -ng/-n."""
    for full, flat in _NEAR:
        if syllable.startswith(full):
            syllable = flat + syllable[len(full) :]
            break
    if syllable.startswith("n"):
        syllable = "l" + syllable[1:]
    for full, flat in _NEAR_ENDS:
        if syllable.endswith(full):
            return syllable[: -len(full)] + flat
    return syllable


@lru_cache(maxsize=8192)
def _is_word(text: str) -> bool:
    # Without HMM: it makes words of anything, we ask whether the dictionary has this one.
    return len(rjieba.cut(text, False)) == 1


class HotWords:
    """A fixed set of words."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys(word for word in words if HAN.fullmatch(word)))
        self._known = frozenset(self.words)
        self._by_sound: dict[tuple[str, ...], list[str]] = {}
        self._lengths = sorted({len(word) for word in self.words}, reverse=True)
        for word in self.words:
            key = tuple(_near(s) for s in lazy_pinyin(word, style=Style.NORMAL))
            self._by_sound.setdefault(key, []).append(word)

    @property
    def with_numbers(self) -> tuple[str, ...]:
        """Names that hold a numeral (五一路): the number step must leave them alone."""
        return tuple(word for word in self.words if re.search("[零一二三四五六七八九十百千万两]", word))

    def mend(self, text: str) -> str:
        """`text` with misheard names put right; longest names first, nothing mended twice."""
        if not self.words or not text:
            return text
        sounds = [_near(_toneless(char)) for char in text]
        out: list[str] = []
        at = 0
        while at < len(text):
            mended = self._at(text, sounds, at)
            out.append(mended or text[at])
            at += len(mended) if mended else 1
        return "".join(out)

    def _at(self, text: str, sounds: list[str], at: int) -> str:
        for length in self._lengths:
            heard = text[at : at + length]
            if len(heard) < length:
                continue
            if heard in self._known:
                return heard
            candidates = self._by_sound.get(tuple(sounds[at : at + length]), ())
            next_char = text[at + length : at + length + 1]
            fitting = [word for word in candidates if self._fits(heard, word, next_char)]
            if len(fitting) == 1:
                return fitting[0]
        return ""

    @staticmethod
    def _fits(heard: str, word: str, next_char: str) -> bool:
        """Whether `heard` may be a mishearing of `word`: the shorter the name, the more must agree."""
        if not HAN.fullmatch(heard) or _is_word(heard):
            return False
        same = sum(a == b for a, b in zip(heard, word, strict=True))
        exact = sum(_sound(a)[0] == _sound(b)[0] for a, b in zip(heard, word, strict=True))
        tones = sum(_sound(a)[1] == _sound(b)[1] for a, b in zip(heard, word, strict=True))
        if len(word) == 2:
            return tones == 2 and (same == 1 or next_char in PLACE_ENDS)
        return exact >= len(word) - 1 and (same >= 1 or tones >= len(word) - 1)


class HotWordFile:
    """Reads the file when it has changed; a broken or missing file means no hot words, never a broken call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._words = HotWords(())

    def current(self) -> HotWords:
        """The words as the file has them now."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp != self._stamp:
                self._words = HotWords(self._read())
                self._stamp = stamp
                log.info("%d hot words from %s", len(self._words.words), self._path)
        except FileNotFoundError:
            if self._stamp is not None:
                self._stamp, self._words = None, HotWords(())
        except OSError as error:
            log.warning("hot words cannot be read from %s: %s", self._path, error.strerror)
        return self._words

    def _read(self) -> list[str]:
        with self._path.open("rb") as file:
            text = file.read(LONGEST_FILE).decode("utf-8-sig", "replace")
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return [line for line in lines if line][:MOST_WORDS]
