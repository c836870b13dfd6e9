from __future__ import annotations

import re
from pathlib import Path

import pytest
from yarl import URL

from agent_desk.web.headers import CSP, HEADERS
from agent_desk.web.pages import HERE
from tests.unit.agent_desk.conftest import Desk

TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
SCRIPTS = sorted((HERE / "static" / "js").rglob("*.js"))


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    assert "unsafe" not in CSP
    assert "default-src 'none'" in CSP and "frame-ancestors 'none'" in CSP
    assert not re.search(r"https?:|\*", CSP)


@pytest.mark.parametrize("path", ["/login", "/healthz", "/nothing-here", "/static/css/base.css", "/api/me"])
async def test_every_answer_carries_the_headers_errors_too(desk: Desk, path: str) -> None:
    response = await (await desk.client()).get(path)
    for name, value in HEADERS.items():
        assert response.headers[name] == value


async def test_pages_are_not_stored_and_static_files_are_checked(desk: Desk) -> None:
    client = await desk.client()
    assert (await client.get("/login")).headers["Cache-Control"] == "no-store"
    static = await client.get("/static/css/base.css")
    assert static.headers["Cache-Control"] == "no-cache"
    again = await client.get("/static/css/base.css", headers={"If-None-Match": static.headers["ETag"]})
    assert again.status == 304


async def test_static_files_stay_inside_their_folder(desk: Desk) -> None:
    client = await desk.client()
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/"):
        response = await client.session.get(URL(f"{client.make_url('/')}".rstrip("/") + path, encoded=True))
        assert response.status in {403, 404}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_inline_code_or_style(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on", text)
    assert not re.search(r"(?:src|href)=[\"']https?://", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_build_text_not_html(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_vendored_code_is_pinned_with_its_licence() -> None:
    vendor = HERE / "static" / "vendor"
    assert vendor.joinpath("VERSIONS").read_text().splitlines() == ["jssip 3.13.8", "htmx.org 2.0.11"]
    for name in ("jssip", "htmx"):
        assert vendor.joinpath(f"{name}.LICENSE").stat().st_size > 300
        assert not re.search(r"sourceMappingURL=https?:", vendor.joinpath(f"{name}.js").read_text("utf-8"))
