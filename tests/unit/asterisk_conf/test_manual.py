"""What Asterisk gets of its manual: the settings' descriptions, in short."""

from __future__ import annotations

from pathlib import Path

from asterisk_conf.manual import FILE, write_manual
from asterisk_conf.render import render
from runtime.settings import Settings
from tests.unit.asterisk_conf.programs import program

MANUAL = """<?xml version="1.0" encoding="UTF-8"?>
<docs>
 <application name="Dial" language="en_US"><synopsis>Calls.</synopsis>
  <syntax><parameter name="Whom"/></syntax></application>
 <module name="app_dial" language="en_US"><support_level>core</support_level></module>
 <manager name="DBDel" language="en_US"><synopsis>Deletes.</synopsis>
  <syntax><parameter name="Key"/></syntax></manager>
 <configInfo name="stasis" language="en_US"><synopsis>Bus</synopsis><configFile name="stasis.conf">
  <configObject name="threadpool"><since><version>12</version></since>
   <configOption name="max_size" default="50"><synopsis>Most threads</synopsis>
    <description><para>Long.</para></description></configOption>
  </configObject></configFile></configInfo>
</docs>
"""


def whole(folder: Path, text: str = MANUAL) -> Path:
    folder.mkdir(parents=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def test_settings_and_actions_stay_and_long_words_go(tmp_path: Path) -> None:
    assert write_manual(whole(tmp_path / "whole"), tmp_path / "made")
    made = (tmp_path / "made" / FILE).read_text(encoding="utf-8")
    assert (
        'name="max_size" default="50"' in made
        and "Most threads" in made
        and "Deletes." in made
        and "Calls." in made
    )
    for gone in ("app_dial", "Long.", "version", 'name="Key"', 'name="Whom"'):
        assert gone not in made


def test_another_asterisk_s_manual_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    source = whole(tmp_path / "whole")
    write_manual(source, tmp_path / "made")
    (source / FILE).write_text(MANUAL.replace("max_size", "max_size_of_all"), encoding="utf-8")
    write_manual(source, tmp_path / "made")
    assert "max_size_of_all" in (tmp_path / "made" / FILE).read_text(encoding="utf-8")


def test_what_is_no_xml_is_passed_on_and_what_is_missing_is_said(tmp_path: Path) -> None:
    assert write_manual(whole(tmp_path / "whole", "<docs"), tmp_path / "made")
    assert (tmp_path / "made" / FILE).read_text(encoding="utf-8") == "<docs"
    assert not write_manual(tmp_path / "nowhere", tmp_path / "other")


def test_an_installation_that_had_the_whole_manual_gets_the_short_one(settings: Settings, tmp_path: Path) -> None:
    asterisk = program(tmp_path)
    source = whole(asterisk.data / "documentation")
    made = render(settings, "hotline", asterisk).data / "documentation"
    (made / FILE).unlink()
    made.rmdir()
    made.symlink_to(source)
    render(settings, "hotline", asterisk)
    assert not made.is_symlink()
    assert (source / FILE).read_text(encoding="utf-8") == MANUAL
    assert "Long." not in (made / FILE).read_text(encoding="utf-8")
