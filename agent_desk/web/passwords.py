"""Passwords: argon2id hashes, made and checked off the event loop, and what a new one must be like."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 128

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("no account has this password")
"""Checked when the account does not exist, so that the answer takes as long as for one that does."""

_slots = asyncio.Semaphore(2)
"""Each hash takes 64 MiB and one core: a flood of log-ins must not take the whole machine."""


def hash_password(password: str) -> str:
    """The argon2id hash of a password (about 50 ms of one core)."""
    return _hasher.hash(password)


async def hash_password_async(password: str) -> str:
    async with _slots:
        return await asyncio.to_thread(hash_password, password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password fits the stored hash; takes the same time when there is no account."""
    if len(password) > MAX_LENGTH:
        return False
    async with _slots:
        fits = await asyncio.to_thread(_matches, stored or _NOBODY, password)
    return fits and stored is not None


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with older parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def weakness(password: str, login: str) -> str:
    """Why this cannot be a new password, in Chinese; "" when it can."""
    if len(password) < MIN_LENGTH:
        return f"新密码至少 {MIN_LENGTH} 个字符"
    if len(password) > MAX_LENGTH:
        return f"新密码最多 {MAX_LENGTH} 个字符"
    if len(set(password)) < 5:
        return "新密码里重复的字符太多"
    if login and login.lower() in password.lower():
        return "新密码不能包含账号名"
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if sum(any(kind(c) for c in password) for kind in kinds) < 2:
        return "新密码至少含字母、数字、符号中的两种"
    return ""
