"""Small scripts for tests: a sound one, and ways to break it."""

from __future__ import annotations

from ivr.script.document import read_text
from ivr.script.script import Script

SOUND = """\
format: 1
name: test
title: 测试
start: greet
human: {key: "0", to: queue}
lists:
  vip: ["13900000000", "0715*"]
nodes:
  greet:
    kind: say
    prompt: 您好。
    next: main
  main:
    kind: menu
    prompt: 一请按1，二请按2。
    choices: {"1": queue, "2": number}
    timeout: 3
    no_input: queue
    wrong_key: queue
  number:
    kind: digits
    prompt: 请输入号码。
    variable: number
    min: 3
    max: 5
    next: queue
    no_input: queue
    wrong_key: bye
  queue:
    kind: queue
    wait: 30
    answered: bye
    overflow: queue
    unavailable: bye
  bye:
    kind: hangup
    prompt: 再见。
"""


def script(text: str = SOUND) -> Script:
    return read_text(text).script


def nodes(body: str, *, start: str = "first", human: str = "queue") -> str:
    """A script with these nodes, and a queue and a hang-up to lead to."""
    return f"""\
format: 1
name: test
title: 测试
start: {start}
human: {{key: "0", to: {human}}}
nodes:
{body}
  queue: {{kind: queue, answered: bye, overflow: queue, unavailable: bye}}
  bye: {{kind: hangup}}
"""
