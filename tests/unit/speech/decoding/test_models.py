from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from runtime.settings import Settings
from speech.decoding import models
from speech.decoding.demo import NAME
from speech.decoding.models import ModelUnavailable, download, explain_missing, find_model, unpack
from speech.decoding.recogniser import ModelBroken, VoskEngine


def make_model(folder: Path) -> Path:
    (folder / "am").mkdir(parents=True)
    (folder / "am" / "final.mdl").write_bytes(b"x" * 100)
    (folder / "conf").mkdir()
    (folder / "conf" / "model.conf").write_text("--x=1\n")
    return folder


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)
    return path


GOOD = {"m/am/final.mdl": b"x", "m/conf/model.conf": b"y"}


def test_a_set_path_is_the_only_candidate(settings: Settings, tmp_path: Path) -> None:
    make_model(settings.models_dir / "vosk-model-small-cn-0.22")
    right = settings.model_copy(update={"vosk_model": str(make_model(tmp_path / "mine"))})
    assert find_model(right) == tmp_path / "mine"
    wrong = settings.model_copy(update={"vosk_model": "/nowhere/model"})
    assert find_model(wrong) is None
    assert "/nowhere/model" in explain_missing(wrong)
    impossible = settings.model_copy(update={"vosk_model": "m" * 300})  # as one that may not be looked into
    assert find_model(impossible) is None
    assert "hotline models download" in explain_missing(settings)


def test_where_models_are_looked_for_and_which_is_preferred(settings: Settings, tmp_path: Path) -> None:
    assert find_model(settings) is None
    demo = make_model(settings.models_dir / NAME)
    assert find_model(settings) == demo
    own = make_model(settings.models_dir / "our-own-cn")
    assert find_model(settings) == own
    mine = make_model(settings.models_dir / "vosk-model-small-cn-0.22")
    (settings.models_dir / "vosk-model-broken").mkdir()
    assert find_model(settings) == mine
    big = make_model(settings.models_dir / "vosk-model-cn-0.22")
    assert find_model(settings) == big


def test_a_folder_that_is_no_model_is_refused_before_kaldi_aborts(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match=r"am/final\.mdl is missing"):
        VoskEngine(tmp_path)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"../evil/am/final.mdl": b"x"}, "outside"),
        ({"/etc/passwd": b"x"}, "outside"),
        ({"a\\..\\b": b"x"}, "outside"),
        ({"m/am/final.mdl": b"x", "n/conf/x": b"y"}, "more than one folder"),
        ({"m/readme": b"x"}, "no Vosk model"),
        ({}, "0 files"),
    ],
)
def test_dangerous_or_wrong_archives_are_refused(tmp_path: Path, files: dict[str, bytes], why: str) -> None:
    archive = make_zip(tmp_path / "a.zip", files)
    into = tmp_path / "models"
    into.mkdir()
    with pytest.raises(ModelUnavailable, match=why):
        unpack(archive, into)
    assert list(into.iterdir()) == []


def test_links_and_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "link.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        link = zipfile.ZipInfo("m/am/final.mdl")
        link.external_attr = 0o120777 << 16
        bundle.writestr(link, "/etc/shadow")
    with pytest.raises(ModelUnavailable, match="link"):
        unpack(archive, tmp_path)
    monkeypatch.setattr(models, "LARGEST_UNPACKED", 1000)
    with pytest.raises(ModelUnavailable, match="more than a model"):
        unpack(make_zip(tmp_path / "bomb.zip", {**GOOD, "m/big": bytes(2000)}), tmp_path)
    not_zip = tmp_path / "x.zip"
    not_zip.write_bytes(b"<html>not found</html>")
    with pytest.raises(ModelUnavailable, match="broken"):
        unpack(not_zip, tmp_path)


class Site:
    """A web server that hands out one archive, in whatever state the test wants."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200
        self.announce: int | None = None
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.announce is None:
            return web.Response(body=self.body, status=self.status)
        response = web.StreamResponse(headers={"Content-Length": str(self.announce)})
        await response.prepare(request)
        await response.write(self.body)
        assert request.transport is not None
        request.transport.abort()
        return response


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    application = web.Application()
    application.router.add_get("/model.zip", site.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    host, port = runner.addresses[0][:2]
    site.url = f"http://{host}:{port}/model.zip"
    yield site
    await runner.cleanup()


async def test_a_download_shows_progress_and_appears_whole(settings: Settings, site: Site, tmp_path: Path) -> None:
    site.body = make_zip(tmp_path / "good.zip", {**GOOD, "m/graph": bytes(700_000)}).read_bytes()
    seen: list[tuple[int, int]] = []
    folder = await download(settings, lambda done, total: seen.append((done, total)), url=site.url)
    assert folder == settings.models_dir / "m"
    assert find_model(settings) == folder
    assert seen[-1] == (len(site.body), len(site.body))
    assert [path.name for path in settings.models_dir.iterdir()] == ["m"], "no scratch left behind"


async def test_what_goes_wrong_is_told_and_leaves_nothing(settings: Settings, site: Site, tmp_path: Path) -> None:
    good = make_zip(tmp_path / "good.zip", GOOD).read_bytes()

    async def refused(why: str, sha256: str = "") -> None:
        with pytest.raises(ModelUnavailable, match=why):
            await download(settings, url=site.url, sha256=sha256)
        assert await asyncio.to_thread(lambda: list(settings.models_dir.iterdir())) == []

    site.status = 404
    await refused("answered 404")
    site.status, site.body = 200, b"not a zip"
    await refused("broken")
    site.body = good
    await refused("checksum", "0" * 64)
    site.body, site.announce = good[:50], len(good)
    await refused("cannot download")
    site.announce = models.LARGEST_ZIP + 1
    await refused("more than a model may have")


async def test_without_internet_it_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="HOTLINE_VOSK_MODEL"):
        await download(settings, url="http://127.0.0.1:9/model.zip")
