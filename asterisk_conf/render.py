"""Writes Asterisk's configuration for one instance: templates in, a folder of files out."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asterisk_conf.manual import write_manual
from asterisk_conf.modules import MODULES
from asterisk_conf.music import make_music, openings_file
from asterisk_conf.program import AsteriskError, AsteriskProgram
from runtime.secretfile import secret, sip_password
from runtime.settings import Settings

InstanceName = Literal["hotline", "network"]
QUEUES = ("common", "enterprise", "dialect", "foreign", "liaison110")
FALLBACK_WAIT_S = 600
"""How long the dialplan alone keeps a caller in the queue before it offers to record a message."""

_TEMPLATES = Path(__file__).parent / "templates"
_SAFE_PATH = re.compile(r"[\w./@:~+-]+")
"""What may stand in a path inside the dialplan: a comma, blank, `$`, `&` or quote would end an argument."""
_TRUNK = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:]+\](?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Folders:
    """Where one instance keeps what."""

    root: Path
    run: Path
    log: Path

    @classmethod
    def of(cls, settings: Settings, name: InstanceName) -> Folders:
        return cls(
            root=settings.var / "pbx" / name,
            run=settings.run_dir / name,
            log=settings.log_dir / f"asterisk-{name}",
        )

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def lib(self) -> Path:
        return self.root / "lib"

    @property
    def db(self) -> Path:
        return self.root / "db"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def spool(self) -> Path:
        return self.root / "spool"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def conf(self) -> Path:
        return self.etc / "asterisk.conf"

    def make(self) -> None:
        """Create all of them; what holds secrets or sockets is for the owner only."""
        for folder in (self.lib, self.db, self.keys / "keys", self.data, self.spool, self.cache, self.log):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.etc, self.run):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        (self.log / "cdr-csv").mkdir(exist_ok=True)


def render(settings: Settings, name: InstanceName, program: AsteriskProgram) -> Folders:
    """Write the configuration of this instance anew and return its folders.

    Raises AsteriskError where a setting cannot be carried by Asterisk's files.
    """
    folders = Folders.of(settings, name)
    _refuse_unsafe(settings)
    settings.make_folders()
    folders.make()
    _link_sounds(settings, folders, program)
    values = _values(settings, name, program, folders)
    environment = _environment(name)
    wanted = {path.name for folder in (_TEMPLATES, _TEMPLATES / name) for path in folder.glob("*.conf")}
    for old in folders.etc.glob("*.conf"):
        if old.name not in wanted:
            old.unlink()
    for file in sorted(wanted):
        _write(folders.etc / file, environment.get_template(file).render(values))
    return folders


@cache
def _environment(name: InstanceName) -> Environment:
    """Templates of this instance; kept, because compiling them takes longer than all the rest of a rendering."""
    return Environment(
        loader=FileSystemLoader([_TEMPLATES / name, _TEMPLATES]),
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  (not HTML; values are checked above or made by us)
    )


def _refuse_unsafe(settings: Settings) -> None:
    if not _SAFE_PATH.fullmatch(str(settings.var)):
        raise AsteriskError(
            f"HOTLINE_VAR={settings.var} has characters that Asterisk's dialplan cannot carry",
            "use letters, digits and . _ - + @ only",
        )
    if settings.trunk_host and not _TRUNK.fullmatch(settings.trunk_host):
        raise AsteriskError(f"HOTLINE_TRUNK_HOST={settings.trunk_host!r} is wrong", "give host or host:port")
    if not settings.number.isascii() or not settings.number.isdigit():
        raise AsteriskError(f"HOTLINE_NUMBER={settings.number!r} is wrong", "give digits only")


def _values(settings: Settings, name: InstanceName, program: AsteriskProgram, folders: Folders) -> dict[str, Any]:
    network = settings.var / "network"
    live = settings.recordings_dir / "live"
    voicemail = settings.recordings_dir / "voicemail"
    music = settings.var / "pbx" / "music"
    for folder in (live, voicemail, music, network / "recordings", network / "sounds"):
        folder.mkdir(parents=True, exist_ok=True)
    make_music(music)
    hotline = name == "hotline"
    trunk = settings.trunk_host or f"127.0.0.1:{settings.network_sip_port}"
    return {
        "settings": settings,
        "name": name,
        "program": program,
        "folders": folders,
        "language": "zh",
        "modules": MODULES[name],
        "queues": QUEUES,
        "fallback_wait_s": FALLBACK_WAIT_S,
        "ami_port": settings.ami_port if hotline else settings.network_ami_port,
        "ami_secret": secret(settings.secrets_dir, f"ami.{name}"),
        "http_port": settings.asterisk_http_port,
        "rtp_ports": settings.rtp_ports if hotline else settings.network_rtp_ports,
        # With the simulator alone, nothing outside this machine has any business with our SIP port.
        "sip_bind": "0.0.0.0" if settings.trunk_host else "127.0.0.1",  # noqa: S104
        "trunk": trunk,
        "trunk_match": _trunk_match(trunk),
        "live_folder": live,
        "voicemail_folder": voicemail,
        "music_folder": music,
        "openings_file": openings_file(settings),
        "recordings": network / "recordings",
        "sounds": network / "sounds",
        "seats": [
            {"extension": str(ext), "password": sip_password(settings.secrets_dir, str(ext))}
            for ext in range(8001, 8001 + settings.seats)
        ]
        if hotline
        else [],
    }


def _trunk_match(trunk: str) -> str:
    """By what the trunk is known: its address; on this machine, which softphones share, its port too."""
    on_this_machine = trunk in ("localhost", "[::1]") or re.fullmatch(r"127(\.\d+){3}", trunk)
    return f"{trunk}:5060" if on_this_machine else trunk


def _link_sounds(settings: Settings, folders: Folders, program: AsteriskProgram) -> None:
    """Let Asterisk see what it needs of its manual, its English sounds, and our Chinese ones."""
    sounds = folders.data / "sounds"
    sounds.mkdir(exist_ok=True)
    chinese = settings.prompts_dir / "zh"
    chinese.mkdir(parents=True, exist_ok=True)
    _link(sounds / "zh", chinese)
    manual = folders.data / "documentation"
    if manual.is_symlink():
        manual.unlink()  # an older installation had the whole
    write_manual(program.data / "documentation", manual)
    english = next(
        (f for f in (program.data / "sounds" / n for n in ("en", "en_US_f_Allison")) if f.is_dir()), None
    )
    if english is not None:
        _link(sounds / "en", english)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        if link.readlink() == target:
            return
        link.unlink()
    elif link.is_dir():
        shutil.rmtree(link)
    link.symlink_to(target)


def _write(path: Path, text: str) -> None:
    """Write for the owner only: some of these files hold passwords."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
