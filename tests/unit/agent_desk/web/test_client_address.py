from __future__ import annotations

from unittest.mock import Mock

import pytest
from aiohttp import hdrs
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from agent_desk.web.client_address import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "found"),
    [
        ("192.0.2.1", [], "127.0.0.1", "192.0.2.1"),
        ("192.0.2.1", ["10.0.0.1"], "127.0.0.1", "192.0.2.1"),  # no proxy of ours: it may say what it likes
        ("127.0.0.1", [], "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.7"], "127.0.0.1 ::1", "192.0.2.7"),
        ("127.0.0.1", ["1.2.3.4, 192.0.2.7"], "127.0.0.1", "192.0.2.7"),  # the first was written by the browser
        ("127.0.0.1", ["1.2.3.4", "192.0.2.7"], "127.0.0.1", "192.0.2.7"),
        ("127.0.0.1", ["192.0.2.7, 10.1.0.5"], "127.0.0.1 10.1.0.0/16", "192.0.2.7"),
        ("127.0.0.1", ["unknown"], "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", ["<script>, "], "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.7"], "", "127.0.0.1"),
        ("", ["192.0.2.7"], "127.0.0.1", ""),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: list[str], trusted: str, found: str) -> None:
    headers = CIMultiDict([(hdrs.X_FORWARDED_FOR, value) for value in forwarded])
    transport = Mock()
    transport.get_extra_info.side_effect = lambda name, default=None: (peer, 1) if name == "peername" else default
    request = make_mocked_request("GET", "/", headers=headers, transport=transport)
    assert client_address(request, trusted) == found
