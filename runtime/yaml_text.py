"""YAML is read with libyaml, ten times quicker than PyYAML's own reader, which serves where libyaml is missing."""

from __future__ import annotations

from typing import Any

import yaml

SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
STRINGS: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Takes every scalar as the string it is written as."""


def read_yaml(text: str | bytes) -> Any:
    """What a document of YAML's plain types holds. Raises yaml.YAMLError."""
    return yaml.load(text, SAFE)  # noqa: S506 (a safe loader)


def read_strings(text: str | bytes) -> Any:
    """The same, with every scalar as a string. Raises yaml.YAMLError."""
    return yaml.load(text, STRINGS)  # noqa: S506 (makes strings only)
