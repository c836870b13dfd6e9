"""A throw-away PostgreSQL cluster for the tests: own folder, own port, no password, gone afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg


def binaries() -> Path:
    """Folder of PostgreSQL's server programs; raises FileNotFoundError with what to install."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    if (path := shutil.which("initdb")) is not None:
        return Path(path).parent
    raise FileNotFoundError("PostgreSQL's server is needed for the tests: apt-get install postgresql")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster; yields `postgresql+asyncpg://…/` up to (not including) the database's name."""
    programs = binaries()
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    prefix: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        prefix = ["runuser", "-u", "postgres", "--"]
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    data = folder / "data"
    port = free_port()

    def run(*command: str) -> None:
        done = subprocess.run([*prefix, *command], capture_output=True, text=True, cwd=folder)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")

    run(str(programs / "initdb"), "-D", str(data), "-U", "hotline", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
    log = str(folder / "log")
    run(str(programs / "pg_ctl"), "-D", str(data), "-l", log, "-w", "-o", options, "start")
    try:
        yield f"postgresql+asyncpg://hotline@127.0.0.1:{port}/"
    finally:
        with contextlib.suppress(RuntimeError):
            run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


async def execute(base: str, statement: str) -> None:
    """Run one statement in the cluster's own database (databases are made and dropped so)."""
    dsn = base.replace("+asyncpg", "") + "postgres"
    async with asyncio.timeout(20):
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
