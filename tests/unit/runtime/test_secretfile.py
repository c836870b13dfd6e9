from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runtime.secretfile import secret, sip_password


def test_a_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    first = secret(tmp_path / "s", "ami.hotline")
    assert len(first) >= 40
    assert secret(tmp_path / "s", "ami.hotline") == first
    assert (tmp_path / "s" / "ami.hotline").stat().st_mode & 0o777 == 0o600


def test_a_file_that_a_full_disk_left_empty_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "sip.key").touch(mode=0o600)
    assert len(secret(tmp_path, "sip.key")) >= 40
    assert secret(tmp_path, "sip.key") == (tmp_path / "sip.key").read_text().strip()


def test_whoever_comes_while_another_makes_the_secret_gets_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as other:
        with (tmp_path / "sip.key").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            waiting = other.submit(secret, tmp_path, "sip.key")
            file.write("made-by-the-first\n")
        assert waiting.result(30) == "made-by-the-first"


def test_seats_have_different_passwords_from_one_key(tmp_path: Path) -> None:
    one, two = sip_password(tmp_path, "8001"), sip_password(tmp_path, "8002")
    assert one != two
    assert one == sip_password(tmp_path, "8001")
    assert one not in (tmp_path / "sip.key").read_text()
