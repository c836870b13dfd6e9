"""Every setting of the system, read from the environment (`HOTLINE_*`).

Ports are derived from one base so that several copies run side by side on one machine.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import re
import tempfile
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: articles, templates and scripts are read from here."""

NODE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
"""Names of nodes are parts of bus subjects and stand in tables and addresses."""

UNIX_PATH_LIMIT = 90
"""Linux allows 107 bytes in a Unix socket's path; file names are added to the folder."""


LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    BeforeValidator(
        lambda typed: str(typed).upper() if str(typed).upper() in logging.getLevelNamesMapping() else typed
    ),
]


def host_node_name(host: str) -> str:
    """A machine's name as a node's name: its first part, small letters, digits and hyphens; "node" without any."""
    return re.sub(r"[^a-z0-9]+", "-", host.partition(".")[0].lower())[:32].strip("-") or "node"


class Settings(BaseSettings):
    """Settings of one installation. Environment variables carry the prefix `HOTLINE_`."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", extra="ignore", validate_default=True)

    var: Path = Field(default=Path("var"), description="Folder of all state; nothing is written elsewhere.")
    port_base: int = Field(default=21000, ge=1024, le=64000, description="First of the 700 ports used.")
    host: str = Field(default="127.0.0.1", description="Address on which the desk listens.")
    public_url: str = Field(default="", description="Address of the desk as browsers see it, if behind a proxy.")
    trusted_proxies: str = Field(
        default="127.0.0.1 ::1",
        description="Proxies whose X-Forwarded-For is believed: addresses or networks, blank-separated.",
    )
    database_url: str = Field(default="", description="SQLAlchemy URL; empty means SQLite under var/.")
    nats_url: str = Field(default="", description="NATS server; empty means the embedded bus.")
    node: str = Field(default="", description="Name of this node; empty means the machine's name.")
    node_host: str = Field(
        default="127.0.0.1", description="Address at which desks reach the softphone link of this node's Asterisk."
    )
    asterisk: str = Field(default="", description="Path of an asterisk program or of a fetched tree.")
    vosk_model: str = Field(default="", description="Folder of a Vosk model.")
    mirror: str = Field(default="", description="Debian mirror from which Asterisk is fetched.")
    number: str = Field(default="12345", description="The number citizens dial.")
    jurisdiction: Literal["demo", "none"] = Field(
        default="demo", description="Whether the demo jurisdiction is loaded, or none but the centre itself."
    )
    script: str = Field(default="direct", description="IVR script published at first start.")
    seats: int = Field(default=60, ge=1, le=900, description="Agents' softphone extensions, from 8001.")
    trunk_host: str = Field(default="", description="SIP trunk, host[:port]; empty means the simulator.")
    simulator: bool = Field(default=True, description="Start the telephone-network simulator.")
    speech_threads: int = Field(default=0, ge=0, description="Recogniser threads; 0 means one per core.")
    tap: str = Field(default="chanspy", pattern="^(chanspy|mixmonitor)$", description="How speakers are heard.")
    llm_url: str = Field(default="", description="OpenAI-compatible endpoint for better drafts; off when empty.")
    llm_model: str = Field(default="", description="Name of the model to ask for at that endpoint.")
    wrap_up_s: int = Field(
        default=120, ge=0, le=3600, description="After-call work, seconds; then the agent is ready again."
    )
    sign_out_s: int = Field(
        default=600, ge=60, le=86400, description="A seat whose page is gone is signed out after this, seconds."
    )
    callback_from: int = Field(default=8, ge=0, le=23, description="Citizens are called back from this hour on.")
    callback_until: int = Field(default=21, ge=1, le=24, description="And not from this hour on.")
    ice_servers: str = Field(
        default="", description="STUN or TURN URLs for softphones, blank-separated; empty on one LAN."
    )
    log_level: LogLevel = Field(default="INFO", description="How much is logged.")

    @field_validator("var")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("node")
    @classmethod
    def _node_name(cls, value: str) -> str:
        if value and not NODE_NAME.fullmatch(value):
            raise ValueError("give 1 to 32 small letters, digits and hyphens, such as city-1")
        return value or host_node_name(platform.node())

    @field_validator("node_host")
    @classmethod
    def _node_address(cls, value: str) -> str:
        address = ip_address(value)
        if address.is_unspecified:
            raise ValueError("give the address at which other machines reach this one")
        return str(address)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for word in value.split():
            ip_network(word, strict=False)
        return value

    @field_validator("callback_until")
    @classmethod
    def _after_from(cls, value: int, others: ValidationInfo) -> int:
        if value <= others.data.get("callback_from", 0):
            raise ValueError("citizens could never be called back: it must be later than callback_from")
        return value

    # -- ports ---------------------------------------------------------------------------------
    @property
    def desk_port(self) -> int:
        return self.port_base + 80

    @property
    def asterisk_http_port(self) -> int:
        return self.port_base + 88

    @property
    def ami_port(self) -> int:
        return self.port_base + 38

    @property
    def sip_port(self) -> int:
        return self.port_base + 60

    @property
    def fastagi_port(self) -> int:
        return self.port_base + 73

    @property
    def audiosocket_port(self) -> int:
        return self.port_base + 99

    @property
    def rtp_ports(self) -> tuple[int, int]:
        return self.port_base + 100, self.port_base + 399

    @property
    def network_sip_port(self) -> int:
        """SIP port of the telephone-network simulator."""
        return self.port_base + 61

    @property
    def network_ami_port(self) -> int:
        return self.port_base + 39

    @property
    def network_rtp_ports(self) -> tuple[int, int]:
        return self.port_base + 400, self.port_base + 699

    # -- folders -------------------------------------------------------------------------------
    @property
    def secrets_dir(self) -> Path:
        return self.var / "secrets"

    @property
    def recordings_dir(self) -> Path:
        return self.var / "recordings"

    @property
    def prompts_dir(self) -> Path:
        return self.var / "prompts"

    @property
    def models_dir(self) -> Path:
        return self.var / "models"

    @property
    def log_dir(self) -> Path:
        return self.var / "log"

    @cached_property
    def run_dir(self) -> Path:
        """Folder of sockets and process ids; under the system's temporary folder where var/ is too deep."""
        inside = self.var / "run"
        if len(os.fsencode(inside)) <= UNIX_PATH_LIMIT:
            return inside
        name = hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"hotline-{name}"

    @property
    def bus_socket(self) -> Path:
        """Unix socket over which child processes join the embedded bus."""
        return self.run_dir / "bus.sock"

    @property
    def db_url(self) -> str:
        """SQLAlchemy URL in force (asynchronous driver)."""
        return self.database_url or f"sqlite+aiosqlite:///{self.var / 'hotline.db'}"

    def desk_url(self) -> str:
        """Address of the desk as people open it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.desk_port}"

    def make_folders(self) -> None:
        """Create the folders of this installation; secrets, sockets and recordings are for the owner only."""
        for folder in (self.var, self.prompts_dir, self.models_dir, self.log_dir):
            folder.mkdir(parents=True, exist_ok=True)
        # Not changed where it is there: it may be another machine's, or opened to those who keep copies.
        self.recordings_dir.mkdir(mode=0o700, exist_ok=True)
        for folder in (self.secrets_dir, self.run_dir):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
