"""Where it happened: the gazetteer by sound, unknown places by shape, house numbers and the like after either."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import rjieba
from pypinyin import Style, lazy_pinyin

from language.sounds import near, sound
from runtime.events import Suggestion
from tickets.drafting.lexicon import Lexicon, Place
from tickets.drafting.talk import Line, Span, suggest

_RANK = {"province": 0, "city": 0, "county": 1, "town": 2, "township": 2, "street_office": 2, "community": 4,
         "village": 4, "road": 5, "landmark": 5}  # fmt: skip
_NUMBER = r"[\d零一二三四五六七八九十百两]{1,5}"
# What may follow a place: its number, then finer and finer parts.
_TAIL = re.compile(
    rf"(?:的)?(?:(?:{_NUMBER}|[A-Za-z]\d?)(?:号楼|号院|号|弄|巷|期|组|队|湾|栋|幢|座|单元|楼|室|户|区|米)(?:{_NUMBER}(?=$))?)+"
    rf"|(?:的)?(?:{_NUMBER})(?=$)"
)
_NEARBY = re.compile(
    r"(?:的)?(?:大门口|门口|村口|路口|旁边|附近|对面|后面|前面|隔壁|桥头|边上|楼下|十字路口|交叉口|交叉路口|[东南西北]门|[东南西北]边|工地|里面)"
)
_SHAPES = re.compile(
    r"(?P<name>[\u4e00-\u9fff]{1,7}?)(?P<kind>小区|家属院|花园|花苑|家园|新村|公馆|华府|名城|新城|星城|豪庭|华城|广场|大道|社区|大厦|商城|菜市场|市场|水库|大桥|"
    r"小学|中学|幼儿园|卫生院|医院|派出所|公园|工业园|开发区|村|路|街|巷|镇|乡|湾)"
)
_LEFT_STOP = re.compile(
    r".*(?:我们这里|我们|你们|他们|我家|就在|住在|位于|地址是|地址|来到|经过|路过|从|到|在|是|叫|的|去|和|跟|有|这个|那个|这条|那条|住|对|于|往|了|说|整个|整条|"
    r"反映|投诉|举报|一下|请问|发生|靠近|我|他|你|就|把|给|家|上|下|里|走|条|个|问|连|让|作为)"
)
_NOT_PLACE = re.compile(
    r"(?:一条|这条|那条|修|走|马|公|铁|让|赶|问|迷|堵|过|带|回|网|半|出|学|外|后|思|绕|的|全|农|整条|村里|逛|上|各|每个|哪个|哪条|全|别的|新|老|本|那个|这个|同|邻|出入)$"
)
_WE_ARE = re.compile(r"我们?是$")
_SAYS_MORE = re.compile(r"[我他你了有是叫吧呢啊没天年就不被把要]|[上中下]午|晚上|早上|这个")
_HERE = re.compile(r"我们|我住|住在|我家|就在|位于|地址|反映|发生在|家住|我们这|在")
_PLACE_ENDS = frozenset("镇乡村路街道组社区县湾畈垸")
_BEFORE_PLACE = re.compile("(?:在|住|到|去|从|我们?|是|来|往|经过|叫|位于|地址)$|^(?:就|那个|嗯)?$")
"""A place may follow these, or begin an answer."""

_ELSEWHERE = re.compile(r"户口|老家|派出所办|社保局|农商行|去(?:过|找|问)|通山|广东|武汉|户籍")


@dataclass(frozen=True, slots=True)
class _Found:
    """A place heard in a line: a gazetteer row, or only its shape."""

    place: Place | None
    line: Line
    order: int
    start: int
    end: int
    sure: float

    @property
    def rank(self) -> int:
        return _RANK.get(self.place.kind, 5) if self.place else 5


def _words_of(text: str) -> frozenset[tuple[int, int]]:
    """(start, end) of the words of two characters and more that the dictionary knows."""
    spans: set[tuple[int, int]] = set()
    at = 0
    for word in rjieba.cut(text, False):
        if len(word) > 1:
            spans.add((at, at + len(word)))
        at += len(word)
    return frozenset(spans)


def _may_be_misheard(text: str, start: int, name: str, words: frozenset[tuple[int, int]], *, led: bool) -> bool:
    """Whether what stands from `start` may be this place, misheard: it makes no sense as it stands, and what is
    around it speaks of a place (`led`: another place stands right before it).
    """
    end = start + len(name)
    for a, b in words:
        if not (a < end and start < b):
            continue
        if a < start or b > end:
            return False  # cut out of the middle of other words: 同|中小学
        changed = text[a:b] != name[a - start : b - start]
        if changed and b - a >= len(name) - (text[end - 1] in _PLACE_ENDS):
            return False  # a word of its own: 规划|路, 了解
    ends = text[end - 1] in _PLACE_ENDS or text[end : end + 1] in _PLACE_ENDS
    return led or ends or bool(_BEFORE_PLACE.search(text[:start]))


def _toned(text: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(text, style=Style.TONE3))


class PlaceFinder:
    """Knows the gazetteer's names by their first syllable."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, Place]]] = defaultdict(list)
        self._towns = lexicon.towns
        for place in lexicon.places:
            if place.kind in ("province", "city", "county"):
                continue
            for name in place.spellings:
                heard = sound(name)
                self._by_first[heard[0]].append((heard, name, place))
        self._short: dict[str, list[tuple[str, Place]]] = defaultdict(list)
        for place in lexicon.places:
            town = lexicon.towns.get(place.town)
            for stem in town.spellings if town and place.kind == "landmark" else ():
                if place.name.startswith(stem) and len(place.name) >= len(stem) + 2:
                    self._short[place.town].append((place.name[len(stem) :], place))

    def find(
        self, lines: Sequence[Line], *, typed: bool = False
    ) -> tuple[dict[str, list[Suggestion]], list[Span]]:
        """`place_text` and `region_code`, and every span that is a place (to keep it out of other fields).

        In `typed` text a name is what is written so; what was recognised may only sound so.
        """
        found: list[_Found] = []
        for order, line in enumerate(lines):
            found += self._in_line(line, order, typed=typed)
        spans = [Span(f.line, f.start, self._end([f])) for f in found if f.line.by_citizen]
        ours = [f for f in found if f.line.by_citizen]
        if not ours:
            return {}, spans
        chosen = self._choose(ours)
        return chosen, spans

    def _in_line(self, line: Line, order: int, *, typed: bool) -> list[_Found]:
        text, heard = line.read, sound(line.read)
        words = None if typed else _words_of(text)
        found: list[_Found] = []
        i = 0
        town = ""
        while i < len(text):
            led = bool(found) and text[found[-1].end : i] in ("", "的")
            best = self._match(text, heard, i, town, words, led=led)
            if best is not None:
                place, size, sure = best
                found.append(_Found(place, line, order, i, i + size, sure))
                i, town = i + size, place.town
                if place.code == town and (more := self._after_town(text, i, town)) is not None:
                    found.append(_Found(more[0], line, order, i, more[1], 0.9))
                    i = more[1]
            else:
                i += 1
        taken = [(f.start, f.end) for f in found]
        for match in _SHAPES.finditer(text):
            start, end = match.span()
            left = _LEFT_STOP.match(match["name"])
            start += left.end() if left else 0
            name = text[start : match.start("kind")]
            if len(name) < 1 or _NOT_PLACE.search(name) or any(s < end and start < e for s, e in taken):
                continue
            if len(name) < 2 and match["kind"] not in ("村", "镇", "乡", "路", "街"):
                continue
            if match["kind"] in ("路", "街", "巷", "湾", "乡", "镇", "村") and len(name) > 4:
                continue
            found.append(_Found(None, line, order, start, end, 0.6))
        found.sort(key=lambda f: f.start)
        return found

    def _match(
        self,
        text: str,
        heard: tuple[str, ...],
        i: int,
        town: str,
        words: frozenset[tuple[int, int]] | None,
        *,
        led: bool,
    ) -> tuple[Place, int, float] | None:
        """The best gazetteer name here: longest, in the town just named, as written before alike.

        `words` are the words of the text as it stands; None: nothing counts that only sounds alike.
        """
        best: tuple[Place, int, float] | None = None
        rank: tuple[int, bool, float] = (0, False, 0.0)
        for syllables, name, place in self._by_first.get(heard[i], ()):
            size = len(syllables)
            there = text[i : i + size]
            if len(there) < size:
                continue
            if there != name and (words is None or not _may_be_misheard(text, i, name, words, led=led)):
                continue
            sure = self._alike(there, name, heard[i : i + size], syllables)
            if sure and (size, place.town == town, sure) > rank:
                best, rank = (place, size, sure), (size, place.town == town, sure)
        return best

    @classmethod
    def _alike(cls, there: str, name: str, heard: tuple[str, ...], wanted: tuple[str, ...]) -> float:
        """How surely these characters are this name: written so, sounding so, or one syllable off."""
        if there == name:
            return 0.95
        if heard == wanted:
            if len(name) > 2:
                return 0.85
            return 0.6 if _toned(there) == _toned(name) else 0.0
        return 0.6 if len(name) >= 3 and cls._nearly(heard, wanted, there, name) else 0.0

    def _after_town(self, text: str, end: int, town: str) -> tuple[Place, int] | None:
        """沙坪镇的垃圾中转站 for 沙坪垃圾中转站: what follows its town may leave the town's name out."""
        at = end + 1 if text.startswith("的", end) else end
        for short, place in self._short.get(town, ()):
            if text.startswith(short, at):
                return place, at + len(short)
        return None

    @staticmethod
    def _nearly(heard: tuple[str, ...], wanted: tuple[str, ...], there: str, name: str) -> bool:
        """One syllable off and alike, and the last character (村, 镇, 路) as written."""
        off = [i for i, (a, b) in enumerate(zip(heard, wanted, strict=True)) if a != b]
        return (
            len(off) == 1
            and there[-1] == name[-1]
            and 0 < off[0] < len(name) - 1
            and near(heard[off[0]], wanted[off[0]])
        )

    def _choose(self, found: list[_Found]) -> dict[str, list[Suggestion]]:
        """The sentence in which the place is told best; what other sentences add to it is taken in."""
        scored: list[tuple[float, list[_Found]]] = []
        for group in self._groups(found):
            first = group[0]
            score = max(f.sure for f in group) + 0.3 * len(group) + 0.15 * max(f.rank for f in group)
            before = first.line.read[: first.start]
            if "place" in first.line.asked:
                score += 1.2
            if _HERE.search(before):
                score += 0.4
            if _ELSEWHERE.search(before[-6:]) or _ELSEWHERE.search(first.line.read[group[-1].end :][:3]):
                score -= 1.0
            if _TAIL.match(first.line.read, group[-1].end):
                score += 0.5
            if all(f.place is None for f in group):
                score -= 0.5
            scored.append((score - 0.05 * first.order, group))
        scored.sort(key=lambda pair: -pair[0])
        score, group = scored[0]
        town = next((f.place.town for f in group if f.place and f.place.town), "")
        has_town = any(f.rank == 2 for f in group)
        lead: _Found | None = None
        for _s, other in scored[1:]:
            # "我们是天城镇的" in one breath and "白泉村3组" in another belong together.
            top = other[0]
            if lead is None and not has_town and top.rank == 2 and top.place and town in ("", top.place.code):
                lead = top
        extra = next(
            (other for _s, other in scored[1:] if self._finer(group, other, town)), None
        )  # fmt: skip
        parts = ([lead] if lead else []) + group
        text = self._text(lead, group)
        if extra is not None:
            text += self._text(None, extra)
            parts += extra
        region = max((f for f in parts if f.place), key=lambda f: (f.rank, f.sure), default=None)
        span = Span(group[0].line, group[0].start, self._end(group))
        sure = min(0.55 + 0.12 * score, 0.95) * max(f.sure for f in group) / 0.95
        out = {"place_text": [suggest(text, sure, span)]}
        for s, other in scored[1:3]:
            words = Span(other[0].line, other[0].start, self._end(other))
            alternative = self._text(None, other)
            if alternative not in text:
                out["place_text"].append(suggest(alternative, min(0.3 + 0.08 * s, sure - 0.05), words))
        if region is not None and region.place is not None:
            words = Span(region.line, region.start, region.end)
            out["region_code"] = [
                suggest(region.place.code, min(sure, region.sure), words, region.place.full_name)
            ]
        return out

    @staticmethod
    def _groups(found: list[_Found]) -> list[list[_Found]]:
        """Places that follow one another in a line (with at most 的, 和 or a number between) are one."""
        groups: list[list[_Found]] = []
        for f in found:
            last = groups[-1][-1] if groups else None
            if last and last.line is f.line and re.fullmatch(r"[的那个]{0,2}", f.line.read[last.end : f.start]):
                groups[-1].append(f)
            else:
                groups.append([f])
        return groups

    @staticmethod
    def _finer(group: list[_Found], other: list[_Found], town: str) -> bool:
        """Whether another mention only adds a housing estate or the like to a road or village."""
        if any(f.place is None for f in group) or not all(f.place is None for f in other):
            return False
        name = other[0].line.read[other[0].start : other[-1].end]
        return "place" in other[0].line.asked and name.endswith(("小区", "花园", "家园", "家属院", "华城"))

    @staticmethod
    def _end(group: list[_Found]) -> int:
        line, end = group[-1].line, group[-1].end
        while (tail := _TAIL.match(line.read, end)) is not None and tail.end() > end:
            end = tail.end()
        # 村口到小学那一段 is a stretch of its own, and after 我们是白泉村的 a new clause begins.
        beside = _NEARBY.match(line.read, end)
        if beside is not None:
            ours = beside.group().startswith("的") and _WE_ARE.search(line.read[: group[0].start])
            if not ours and line.read[beside.end() : beside.end() + 1] not in ("到", "至"):
                end = beside.end()
        rest = line.read[end:]
        if "place" in line.asked and 0 < len(rest) <= 10 and not _SAYS_MORE.search(rest):
            end = len(line.read)  # a short answer to "where" is a place to its end
        return end

    def _text(self, lead: _Found | None, group: list[_Found]) -> str:
        """Gazetteer names as they are written, the rest as it was said; the town stands first."""
        text = ""
        at = group[0].start
        for f in group:
            if not text:
                at = f.start
            text += f.line.read[at : f.start] + self._name(f)
            at = f.end
        text += group[-1].line.read[at : self._end(group)]
        town = next((self._towns.get(f.place.town) for f in group if f.place), None)
        if lead is not None and lead.place is not None:
            return lead.place.name + text
        if town is not None and not any(f.rank <= 2 for f in group):
            return town.name + text
        return text

    @staticmethod
    def _name(f: _Found) -> str:
        return f.place.name if f.place else f.line.read[f.start : f.end]
