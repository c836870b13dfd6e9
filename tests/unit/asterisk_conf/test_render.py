from __future__ import annotations

import re
from pathlib import Path

import pytest

from asterisk_conf.program import AsteriskError
from asterisk_conf.render import QUEUES, Folders, InstanceName, render
from runtime.secretfile import secret, sip_password
from runtime.settings import Settings
from tests.unit.asterisk_conf.programs import program


def _conf(settings: Settings, tmp_path: Path, file: str, name: InstanceName = "hotline") -> str:
    return (render(settings, name, program(tmp_path)).etc / file).read_text(encoding="utf-8")


def test_every_seat_can_register(settings: Settings, tmp_path: Path) -> None:
    few = settings.model_copy(update={"seats": 3})
    text = _conf(few, tmp_path, "pjsip.conf")
    for extension in ("8001", "8002", "8003"):
        assert f"password = {sip_password(few.secrets_dir, extension)}" in text
        assert f'callerid = "12345" <{extension}>' in text
    assert "[8004]" not in text


def test_queue_names_are_ones_asterisk_can_have(settings: Settings, tmp_path: Path) -> None:
    text = _conf(settings, tmp_path, "queues.conf")
    for queue in QUEUES:
        assert f"[{queue}](line)" in text
    assert "general" not in QUEUES  # that section holds app_queue's settings: no queue can be called so


def test_manager_and_web_server_listen_here_only(settings: Settings, tmp_path: Path) -> None:
    manager = _conf(settings, tmp_path, "manager.conf")
    assert "bindaddr = 127.0.0.1" in manager
    assert f"secret = {secret(settings.secrets_dir, 'ami.hotline')}" in manager
    assert "bindaddr = 127.0.0.1" in _conf(settings, tmp_path, "http.conf")


def test_no_file_of_asterisk_keeps_the_callers_of_the_queues(settings: Settings, tmp_path: Path) -> None:
    assert "queue_log = no" in _conf(settings, tmp_path, "logger.conf")


def test_the_simulator_has_its_own_secret_and_no_web_server(settings: Settings, tmp_path: Path) -> None:
    manager = _conf(settings, tmp_path, "manager.conf", "network")
    assert f"secret = {secret(settings.secrets_dir, 'ami.network')}" in manager
    assert secret(settings.secrets_dir, "ami.hotline") not in manager
    assert "enabled = no" in _conf(settings, tmp_path, "http.conf", "network")


def test_with_the_simulator_sip_stays_on_this_machine(settings: Settings, tmp_path: Path) -> None:
    text = _conf(settings, tmp_path, "pjsip.conf")
    assert f"bind = 127.0.0.1:{settings.sip_port}" in text
    assert f"match = 127.0.0.1:{settings.network_sip_port}" in text


@pytest.mark.parametrize(
    ("trunk", "match"),
    [
        ("sip.carrier.example", "sip.carrier.example"),
        ("10.1.2.3:5080", "10.1.2.3:5080"),
        ("127.0.0.1", "127.0.0.1:5060"),  # softphones come from this address too
    ],
)
def test_a_real_trunk(settings: Settings, tmp_path: Path, trunk: str, match: str) -> None:
    text = _conf(settings.model_copy(update={"trunk_host": trunk}), tmp_path, "pjsip.conf")
    assert f"bind = 0.0.0.0:{settings.sip_port}" in text
    assert f"contact = sip:{trunk}\n" in text
    assert f"match = {match}\n" in text


def test_the_trunk_is_recognised_before_any_seat(settings: Settings, tmp_path: Path) -> None:
    assert "endpoint_identifier_order = ip," in _conf(settings, tmp_path, "pjsip.conf")


@pytest.mark.parametrize(
    "change",
    [
        {"trunk_host": "x\n[evil]"},
        {"trunk_host": "a b"},
        {"trunk_host": "host:5060;transport=tcp"},
        {"number": "12345,1)"},
        {"number": "一二三"},
        {"var": Path("/tmp/a,b")},
        {"var": Path("/tmp/a b")},
        {"var": Path("/tmp/${x}")},
    ],
)
def test_settings_that_would_break_the_files_are_refused(
    settings: Settings, tmp_path: Path, change: dict[str, object]
) -> None:
    with pytest.raises(AsteriskError, match="HOTLINE_"):
        render(settings.model_copy(update=change), "hotline", program(tmp_path))


def test_files_are_for_the_owner_only_and_old_ones_go(settings: Settings, tmp_path: Path) -> None:
    folders = render(settings, "hotline", program(tmp_path))
    (folders.etc / "left-over.conf").write_text("[x]")
    render(settings, "hotline", program(tmp_path))
    assert not (folders.etc / "left-over.conf").exists()
    assert {path.stat().st_mode & 0o777 for path in folders.etc.glob("*.conf")} == {0o600}
    assert folders.etc.stat().st_mode & 0o077 == 0


def test_nothing_is_left_unfilled(settings: Settings, tmp_path: Path) -> None:
    for name in ("hotline", "network"):
        folders = render(settings, name, program(tmp_path))
        for path in folders.etc.glob("*.conf"):
            assert not re.search(r"<<|>>|<%|%>", path.read_text(encoding="utf-8")), path


def test_the_console_s_socket_fits_into_a_unix_path(tmp_path: Path) -> None:
    deep = Settings(var=tmp_path / ("d" * 200))
    for name in ("hotline", "network"):
        assert len(str(Folders.of(deep, name).run / "ctl")) < 107


def test_chinese_sounds_lie_where_asterisk_looks(settings: Settings, tmp_path: Path) -> None:
    folders = render(settings, "hotline", program(tmp_path))
    (settings.prompts_dir / "zh" / "hello.wav").write_bytes(b"x")
    assert (folders.data / "sounds" / "zh" / "hello.wav").read_bytes() == b"x"
