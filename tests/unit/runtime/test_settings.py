from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.settings import UNIX_PATH_LIMIT, Settings, host_node_name


def test_ports_of_two_copies_do_not_meet() -> None:
    def ports(base: int) -> set[int]:
        made = Settings(port_base=base)
        single = {
            made.desk_port,
            made.asterisk_http_port,
            made.ami_port,
            made.sip_port,
            made.fastagi_port,
            made.audiosocket_port,
            made.network_sip_port,
            made.network_ami_port,
        }
        assert len(single) == 8
        spans = set(range(made.rtp_ports[0], made.rtp_ports[1] + 1))
        spans |= set(range(made.network_rtp_ports[0], made.network_rtp_ports[1] + 1))
        assert not spans & single
        return single | spans

    assert not ports(21000) & ports(21700)


def test_sockets_of_a_deep_folder_get_a_short_home(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    settings = Settings(var=deep)
    assert len(os.fsencode(settings.run_dir)) <= UNIX_PATH_LIMIT
    assert Settings(var=tmp_path / ("e" * 100)).run_dir != settings.run_dir


def test_secrets_and_recordings_are_private(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "v")
    settings.make_folders()
    assert settings.secrets_dir.stat().st_mode & 0o777 == 0o700
    assert settings.recordings_dir.stat().st_mode & 0o777 == 0o700


def test_a_port_base_out_of_range_is_refused() -> None:
    with pytest.raises(ValidationError, match="port_base"):
        Settings(port_base=80)


def test_hours_in_which_nobody_could_be_called_back_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="callback_from"):
        Settings(var=tmp_path, callback_from=9, callback_until=9)


def test_the_desk_is_found_at_every_kind_of_address() -> None:
    assert Settings(host="127.0.0.1", port_base=21000).desk_url() == "http://127.0.0.1:21080"
    assert Settings(host="::1", port_base=21000).desk_url() == "http://[::1]:21080"
    assert Settings(public_url="https://desk.example").desk_url() == "https://desk.example"


@pytest.mark.parametrize(
    ("host", "name"),
    [("PBX_01.city.gov.cn", "pbx-01"), ("localhost", "localhost"), ("", "node"), ("机房", "node")],
)
def test_a_machine_gives_its_node_a_name_that_is_safe_in_subjects(host: str, name: str) -> None:
    assert host_node_name(host) == name


@pytest.mark.parametrize("name", ["a.b", "*", ">", "City", "-a", "a-", "_", "a b", "x" * 33])
def test_a_name_that_is_no_part_of_a_subject_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Settings(node=name)


def test_a_node_has_a_name_without_being_told() -> None:
    assert Settings().node == host_node_name(platform.node())
    assert Settings(node="city-1").node == "city-1"
