"""What the command lines of all benchmarks share: `--quick`, `--json`, and where the figures go."""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

from runtime.settings import Settings


def parser(part: str, doc: str | None, quick: str) -> argparse.ArgumentParser:
    """A parser with what every part takes; `quick` says what that leaves out."""
    made = argparse.ArgumentParser(
        prog=f"python -m bench.{part}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--quick", action="store_true", help=quick)
    made.add_argument(
        "--json",
        type=Path,
        default=Settings().var / "bench" / f"{part}.json",
        help="where the figures are written (default %(default)s)",
    )
    return made


def write(path: Path, figures: dict[str, Any]) -> None:
    """Write the figures, with what they were taken on: they mean little without it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": [round(value, 1) for value in os.getloadavg()],
    }
    text = json.dumps(figures | {"machine": machine}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"figures: {path}")
