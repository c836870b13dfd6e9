"""Other names: what callers call a thing and what the article calls it (`data/synonyms.yaml`).

They are added to the entries, not to the queries: so they are found by their sound as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kb.tokens import plain
from runtime.yaml_text import read_strings

DATA = Path(__file__).parent / "data" / "synonyms.yaml"


@dataclass(frozen=True)
class Synonyms:
    """Rows (official names, colloquial names): where an official name stands, the colloquial are added."""

    rows: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    sha256: str = ""

    def others(self, head: str) -> list[str]:
        """Colloquial names to add to this head (plain text), those it has already left out."""
        found: dict[str, None] = {}
        for official, colloquial in self.rows:
            if any(name in head for name in official):
                found.update(dict.fromkeys(name for name in colloquial if name not in head))
        return list(found)


def load_synonyms(path: Path = DATA) -> Synonyms:
    """Read the file; raises ValueError naming the row that is not `{is: [...], called: [...]}`."""
    raw = path.read_bytes()
    rows = []
    for number, row in enumerate(read_strings(raw) or [], start=1):
        match row:
            case {"is": [_, *_] as official, "called": [_, *_] as colloquial}:
                rows.append((tuple(map(plain, official)), tuple(map(plain, colloquial))))
            case _:
                raise ValueError(f"{path}: row {number} must be {{is: [...], called: [...]}}, not {row!r}")
    return Synonyms(tuple(rows), hashlib.sha256(raw).hexdigest())
