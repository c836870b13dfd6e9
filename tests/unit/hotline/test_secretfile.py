from __future__ import annotations

from pathlib import Path

from hotline.secretfile import secret, sip_password


def test_a_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    first = secret(tmp_path / "s", "ami.hotline")
    assert len(first) >= 40
    assert secret(tmp_path / "s", "ami.hotline") == first
    assert (tmp_path / "s" / "ami.hotline").stat().st_mode & 0o777 == 0o600


def test_seats_have_different_passwords_from_one_key(tmp_path: Path) -> None:
    one, two = sip_password(tmp_path, "8001"), sip_password(tmp_path, "8002")
    assert one != two
    assert one == sip_password(tmp_path, "8001")
    assert one not in (tmp_path / "sip.key").read_text()
