"""Where a request comes from: the peer, or what a proxy that we trust says of it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from aiohttp import hdrs, web


def client_address(request: web.Request, trusted_proxies: str) -> str:
    """The browser's address; "" when it is not known.

    `trusted_proxies` are addresses or networks, blank-separated. Only they are believed, and of what they forward
    only what they themselves saw: the last address that is no proxy of ours. The rest anybody can write.
    """
    peer = request.remote or ""
    networks = [ip_network(word, strict=False) for word in trusted_proxies.split()]
    forwarded = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, [])).split(",")
    for said in reversed([word.strip() for word in forwarded if word.strip()]):
        if not _within(peer, networks) or not _is_address(said):
            break
        peer = said
    return peer


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def network_of(address: str) -> str:
    """An IPv6 subscriber has a whole /64: it counts as one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if parsed.version == 6:
        return str(parsed.ipv4_mapped or parsed.exploded[:19])
    return str(parsed)
