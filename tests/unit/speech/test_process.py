from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from runtime.settings import Settings
from speech import process


@pytest.fixture
def own_logging() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        if handler not in before:
            root.removeHandler(handler)
            handler.close()
    for handler in before:
        if handler not in root.handlers:
            root.addHandler(handler)
    root.setLevel(level)


@pytest.mark.usefixtures("own_logging")
def test_a_supervised_process_writes_its_warnings_into_the_log_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def warn(_: Settings) -> None:
        logging.getLogger("speech.legs.server").warning("a leg was refused")

    monkeypatch.setattr(process, "run", warn)
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr("gc.freeze", lambda: None)  # it would be for all tests to come
    process.main(settings)
    assert "a leg was refused" in (settings.log_dir / "speech.log").read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""
