from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf.loaded import check_loaded, used_applications, used_functions
from asterisk_conf.program import AsteriskError
from asterisk_conf.render import render
from runtime.settings import Settings
from tests.unit.asterisk_conf.programs import program

DIALPLAN = """\
[x]
exten => _X.,1,Answer()
 same => n(label),ExecIf($["${FOO}" = "1"]?Dial(PJSIP/1))
 same => n,Set(TIMEOUT(absolute)=${RAND(1,2)})
; same => n,Commented()
exten => s,hint,Nothing
"""


def test_applications_in_a_dialplan() -> None:
    assert used_applications(DIALPLAN) == {"Answer", "ExecIf", "Dial", "Set"}


def test_functions_in_a_dialplan() -> None:
    assert used_functions(DIALPLAN) == {"TIMEOUT", "RAND"}


async def test_everything_missing_is_named_at_once(settings: Settings, tmp_path: Path) -> None:
    folders = render(settings, "hotline", program(tmp_path))
    answers = {
        "core show applications": "  Answer: Answer a channel.\n",
        "core show functions": "RAND   RAND([min[,max]])   text\n",
    }

    async def cli(command: str) -> str:
        return answers[command]

    with pytest.raises(AsteriskError) as caught:
        await check_loaded(cli, folders, "hotline")
    assert "application Queue (app_queue)" in caught.value.message
    assert "function STRFTIME (func_strings)" in caught.value.message
    assert "Answer" not in caught.value.message
    assert "messages.log" in caught.value.remedy
