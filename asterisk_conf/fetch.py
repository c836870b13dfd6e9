"""Fetches an Asterisk into var/asterisk: Debian's own packages, extracted there, nothing installed.

About 11 s and 290 MB; needs no root (only mmdebstrap itself must be on the machine).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from asterisk_conf.mirror import debian_mirror
from asterisk_conf.probe import inspect
from asterisk_conf.program import AsteriskError, AsteriskProgram
from runtime.settings import Settings

SUITE = "sid"
"""Debian 12 and 13 carry no Asterisk; sid carries the 22 LTS."""
PACKAGES = "asterisk,asterisk-core-sounds-en-wav"
FETCH_S = 900.0
INSTALL_S = 300.0

TREE = "asterisk"
"""Name of the fetched tree under var/."""

Progress = Callable[[str], None]


def tree_folder(settings: Settings) -> Path:
    """Where a fetched Asterisk lives."""
    return settings.var / TREE


async def fetch_asterisk(
    settings: Settings, progress: Progress = lambda _line: None, *, into: Path | None = None
) -> AsteriskProgram:
    """Fetch Asterisk into var/asterisk (or `into`) unless it is already there; returns it.

    Raises AsteriskError with the command to run when mmdebstrap is missing and we may not install it,
    or when the download fails. A broken download leaves nothing behind.
    """
    target = into or tree_folder(settings)
    if (target / "usr/sbin/asterisk").exists():
        return inspect(target)
    program = await _mmdebstrap(progress)
    mirror = settings.mirror or debian_mirror()
    part = target.with_name(f".{target.name}.part")
    await asyncio.to_thread(shutil.rmtree, part, True)
    part.parent.mkdir(parents=True, exist_ok=True)
    progress(f"fetching Asterisk from {mirror} into {target}")
    try:
        code, said = await _run(
            [
                program,
                "--variant=extract",
                '--aptopt=Acquire::Check-Valid-Until "false"',
                f"--include={PACKAGES}",
                SUITE,
                str(part),
                mirror,
            ],
            FETCH_S,
            progress,
        )
        if code != 0:
            raise AsteriskError(
                f"fetching Asterisk from {mirror} failed: {said[-300:] or f'code {code}'}",
                "check the network and HOTLINE_MIRROR, or point HOTLINE_ASTERISK at an Asterisk",
            )
        if target.exists():  # an incomplete tree from elsewhere stands in the way
            await asyncio.to_thread(shutil.rmtree, target)
        part.rename(target)
    finally:
        await asyncio.to_thread(shutil.rmtree, part, True)
    return await asyncio.to_thread(inspect, target)


async def _mmdebstrap(progress: Progress) -> str:
    """Path of mmdebstrap, installed through apt if we are root."""
    found = shutil.which("mmdebstrap")
    if found:
        return found
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        progress("installing mmdebstrap through apt")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            [apt, "update", "-q"],
            [apt, "install", "-y", "-q", "--no-install-recommends", "mmdebstrap"],
        ):
            await _run(command, INSTALL_S, progress, environment)
        found = shutil.which("mmdebstrap")
        if found:
            return found
    raise AsteriskError(
        "mmdebstrap is needed to fetch Asterisk and is not installed",
        "run: sudo apt-get install mmdebstrap   (or set HOTLINE_ASTERISK to an Asterisk 22)",
    )


async def _run(
    command: list[str], timeout: float, progress: Progress, environment: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run a command, passing its lines on; returns its code and the last of what it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(timeout):
            async for raw in process.stdout:
                line = raw.decode("utf-8", "replace").strip()
                if line:
                    said = [*said[-9:], line]
                    progress(line)
            return await process.wait(), "; ".join(said)
    except TimeoutError:
        return 124, f"not finished after {timeout:.0f} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            await process.wait()
