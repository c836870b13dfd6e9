"""How well the draft ticket is filled: field accuracy on written dialogues, clean and with recognition noise.

`python -m bench.draft` prints one table and writes JSON. `dev` is for tuning; `heldout` was written before the
rules and is only measured. Noise replaces characters of both speakers by homophones (same folded syllable), as a
recogniser does. Each dialogue is drafted from all its utterances, as at the end of a call.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from bench import command_line
from language.sounds import syllable
from runtime.clock import SHANGHAI
from runtime.events import Suggestion, Utterance
from tests.demo_city import demo_lexicon
from tickets.drafting.drafter import Drafter

DATA = Path(__file__).parent / "data" / "draft"
RECORDINGS = Path(__file__).parent.parent.parent / "shared" / "audio" / "texts.tsv"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)
"""A Friday; words like 昨天 are seen from here."""

Drafted = dict[str, list[Suggestion]]
Gold = dict[str, Any]


@dataclass
class Tally:
    """Per field: hits of those that the gold answer has, and values given where it has none."""

    hits: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    invented: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    without: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    misses: list[str] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)


def _value(drafted: Drafted, name: str) -> str:
    return drafted[name][0].value if drafted.get(name) else ""


def _one_of(gold: Gold, key: str, drafted: str) -> bool:
    return drafted in [*([gold[key]] if key in gold else []), *gold.get(f"{key}_any", [])]


def _contains(words: Iterable[str], text: str) -> bool:
    return all(str(word) in text for word in words)


def judge(gold: Gold, drafted: Drafted, units: dict[str, str]) -> dict[str, bool]:
    """Whether each field that the gold answer has is right."""
    out: dict[str, bool] = {}
    exact: dict[str, tuple[str, Callable[[str], str]]] = {
        "type": ("appeal_type", str),
        "category": ("category_code", str),
        "region": ("region_code", str),
        "urgency": ("urgency", str),
        "unit": ("unit_id", lambda value: units.get(value, "")),
    }
    for key, (name, convert) in exact.items():
        if key in gold or f"{key}_any" in gold:
            out[key] = _one_of(gold, key, convert(_value(drafted, name)))
    if "category" in gold:
        wanted = {gold["category"], *gold.get("category_any", [])}
        out["category@3"] = any(s.value in wanted for s in drafted.get("category_code", []))
    for key, name in (
        ("name", "appellant_name"),
        ("gender", "gender"),
        ("phone", "phone"),
        ("confidential", "confidential"),
    ):
        if key in gold:
            out[key] = (
                _value(drafted, name).startswith(gold[key])
                if key == "name"
                else _value(drafted, name) == gold[key]
            )
    for key, name in (("time", "occurred_text"), ("subject", "subject"), ("company", "company")):
        if key in gold:
            out[key] = gold[key] in _value(drafted, name)
    for key, name in (("place", "place_text"), ("demand", "demand"), ("title", "title"), ("content", "content")):
        if key in gold:
            out[key] = _contains(gold[key], _value(drafted, name))
    if "tags" in gold:
        out["tags"] = set(gold["tags"]) <= {s.value for s in drafted.get("tags", [])}
    if "is_enterprise" in gold:
        out["is_enterprise"] = _value(drafted, "is_enterprise") == "true"
    return out


_NO_GOLD = (
    ("name", "appellant_name"), ("phone", "phone"), ("subject", "subject"), ("region", "region_code"),
    ("company", "company"), ("gender", "gender"),
)  # fmt: skip


class Noise:
    """Homophone errors at a rate, from a fixed seed, over the frequent characters of GB 2312."""

    def __init__(self, rate: float, seed: int = 20261120) -> None:
        self._rate = rate
        self._random = random.Random(seed)
        self._alike: dict[str, list[str]] = defaultdict(list)
        for row in range(0xB0, 0xD8):
            for cell in range(0xA1, 0xFF):
                char = bytes((row, cell)).decode("gb2312", "ignore")
                if char:
                    self._alike[syllable(char)].append(char)

    def __call__(self, text: str) -> str:
        return "".join(self._swap(char) for char in text)

    def _swap(self, char: str) -> str:
        if not "\u4e00" <= char <= "\u9fff" or self._random.random() >= self._rate:
            return char
        others = [other for other in self._alike[syllable(char)] if other != char]
        return self._random.choice(others) if others else char


def utterances(said: list[str], noise: Callable[[str], str]) -> list[Utterance]:
    """The dialogue as final utterances, two seconds each."""
    out: list[Utterance] = []
    for i, line in enumerate(said):
        speaker, text = line[0], line[2:].strip()
        out.append(
            Utterance(
                call_id="bench",
                utterance_id=f"u{i}",
                speaker="agent" if speaker == "A" else "citizen",
                start_ms=i * 2500,
                end_ms=i * 2500 + 2000,
                text=noise(text),
                final=True,
            )
        )
    return out


def run(drafter: Drafter, dialogues: list[Gold], units: dict[str, str], noise: Callable[[str], str]) -> Tally:
    tally = Tally()
    for dialogue in dialogues:
        said = utterances(dialogue["said"], noise)
        began = time.perf_counter()
        drafted = drafter.update(said, caller="", now=NOW)
        tally.ms.append((time.perf_counter() - began) * 1000)
        _check_quotes(said, drafted)
        gold = dialogue["gold"]
        for name, right in judge(gold, drafted, units).items():
            tally.hits[name].append(right)
            if not right:
                tally.misses.append(_miss(dialogue["id"], name, gold, drafted))
        for key, name in _NO_GOLD:
            if key not in gold and f"{key}_any" not in gold:
                tally.without[key] += 1
                tally.invented[key] += bool(drafted.get(name) and drafted[name][0].confidence >= 0.5)
    return tally


def _check_quotes(said: list[Utterance], drafted: Drafted) -> None:
    """Every quote must be the very words of its utterance."""
    texts = {u.utterance_id: u.text for u in said}
    for options in drafted.values():
        for option in options:
            if option.utterance_id and texts[option.utterance_id][option.start : option.end] != option.quote:
                raise AssertionError(f"a quote is not in its utterance: {option}")


_FIELD_OF = {
    "type": "appeal_type", "category": "category_code", "category@3": "category_code", "region": "region_code",
    "unit": "unit_id", "name": "appellant_name", "time": "occurred_text", "place": "place_text",
}  # fmt: skip


def _miss(ident: str, name: str, gold: Gold, drafted: Drafted) -> str:
    key = name.removesuffix("@3")
    options = drafted.get(_FIELD_OF.get(name, name), [])
    shown = [f"{s.label if name == 'unit' else s.value} {s.confidence}" for s in options[:3]]
    return f"{ident} {name}: wanted {gold.get(key, gold.get(f'{key}_any'))}, got {shown}"


def _mean(hits: list[bool]) -> float | None:
    return round(sum(hits) / len(hits), 3) if hits else None


async def make_drafter() -> tuple[Drafter, dict[str, str]]:
    """The drafter on the demo city's tables, and unit codes by id."""
    lexicon, units = await demo_lexicon()
    return Drafter(lexicon), units


def _recordings() -> list[tuple[str, str, str]]:
    """(file, text, what the recogniser wrote) of the recordings, where they are at hand."""
    if not RECORDINGS.exists():
        return []
    rows = [line.split("\t") for line in RECORDINGS.read_text(encoding="utf-8").splitlines()[1:]]
    return [(row[0], row[3], row[4]) for row in rows if len(row) > 4]


def recognised(drafter: Drafter) -> dict[str, float] | None:
    """How often a field drafted from the recogniser's words equals the one drafted from the true words."""
    rows = _recordings()
    if not rows:
        return None
    same: dict[str, list[bool]] = defaultdict(list)
    for _file, text, heard in rows:
        clean = drafter.update(utterances([f"C: {text}"], str), now=NOW)
        pieces = [f"C: {part.replace(' ', '')}" for part in heard.split("/")]
        noisy = drafter.update(utterances(pieces, str), now=NOW)
        for name in ("appeal_type", "category_code", "region_code", "occurred_text", "appellant_name", "phone"):
            if name in clean:
                same[name].append(_value(clean, name) == _value(noisy, name))
    return {name: round(sum(hits) / len(hits), 3) for name, hits in same.items()}


def options_of(given: list[str] | None = None) -> argparse.Namespace:
    parser = command_line.parser("draft", __doc__, "the same: it is quick anyway")
    parser.add_argument("--misses", action="store_true", help="list every wrong field of the development set")
    parser.add_argument("--noise", type=float, default=0.12, help="share of characters replaced by homophones")
    return parser.parse_args(given)


def main() -> None:
    options = options_of()
    drafter, units = asyncio.run(make_drafter())
    report: dict[str, Any] = {"noise": options.noise}
    columns: list[tuple[str, Tally]] = []
    for name in ("dev", "heldout"):
        dialogues = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
        for variant, noise in (("clean", str), ("noise", Noise(options.noise))):
            tally = run(drafter, dialogues, units, noise)
            columns.append((f"{name} {variant}", tally))
            report[f"{name}_{variant}"] = {
                "dialogues": len(dialogues),
                "fields": {key: _mean(hits) for key, hits in tally.hits.items()},
                "all_fields": _mean([hit for hits in tally.hits.values() for hit in hits]),
                "invented": {k: [tally.invented[k], tally.without[k]] for k in tally.without},
                "ms_median": round(statistics.median(tally.ms), 2),
            }
            if options.misses and name == "dev" and variant == "clean":
                print("\n".join(tally.misses))
    names = list(dict.fromkeys(key for _, tally in columns for key in tally.hits))
    print(f"{'field':<14}" + "".join(f"{title:>16}" for title, _ in columns) + "   n(dev/heldout)")
    for key in names:
        cells = "".join(f"{_mean(tally.hits[key]) or 0.0:>16.3f}" for _, tally in columns)
        print(f"{key:<14}{cells}   {len(columns[0][1].hits[key])}/{len(columns[2][1].hits[key])}")
    print(
        f"{'all fields':<14}"
        + "".join(f"{_mean([h for x in t.hits.values() for h in x]):>16.3f}" for _, t in columns)
    )
    print(
        f"{'invented':<14}"
        + "".join(f"{sum(t.invented.values())}/{sum(t.without.values())}".rjust(16) for _, t in columns)
    )
    print(f"{'ms a call':<14}" + "".join(f"{statistics.median(t.ms):>16.1f}" for _, t in columns))
    report["recordings_same_as_clean"] = recognised(drafter)
    if report["recordings_same_as_clean"]:
        print("recordings, recognised vs true text, same field:", report["recordings_same_as_clean"])
    command_line.write(options.json, report)


if __name__ == "__main__":
    main()
