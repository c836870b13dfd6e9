"""What an administrator does to an account besides editing it: lock, unlock, sign out, a new password."""

from __future__ import annotations

from aiohttp import web

from accounts import second_factor
from accounts.changes import first_password, lock, reset_password, sign_out, unlock
from accounts.errors import Refusal
from accounts.policy import set_policy
from agent_desk.admin.account_form import Demand, Locking, Versioned
from agent_desk.admin.accounts import account_id, refused, show_account
from agent_desk.live.open_sockets import SOCKETS
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.errors import Refused
from agent_desk.web.limits import ACTS
from agent_desk.web.passwords import hash_password_async
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services

routes = web.RouteTableDef()


@routes.post(r"/admin/accounts/{account_id:\d{1,9}}/lock")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Locking, gives=Gives.PAGE)
async def close(request: web.Request) -> web.StreamResponse:
    """Lock the account; whoever is signed in with it is out at once."""
    desk, form, number = services(request), told(request, Locking), account_id(request)
    try:
        async with desk.sessions.begin() as session:
            await lock(
                session,
                identity(request).actor,
                number,
                version=form.version,
                now=desk.clock.now(),
                reason=form.reason,
            )
    except Refusal as refusal:
        return await refused(request, number, refusal, since=form.version)
    return await _out(request, number)


@routes.post(r"/admin/accounts/{account_id:\d{1,9}}/unlock")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Versioned, gives=Gives.PAGE)
async def reopen(request: web.Request) -> web.StreamResponse:
    """Open the account again, also one that wrong passwords have locked."""
    desk, form, number = services(request), told(request, Versioned), account_id(request)
    try:
        async with desk.sessions.begin() as session:
            await unlock(session, identity(request).actor, number, version=form.version, now=desk.clock.now())
    except Refusal as refusal:
        return await refused(request, number, refusal, since=form.version)
    raise web.HTTPSeeOther(f"/admin/accounts/{number}")


@routes.post(r"/admin/accounts/{account_id:\d{1,9}}/sign-out")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, gives=Gives.PAGE)
async def sign_out_everywhere(request: web.Request) -> web.StreamResponse:
    """End every log-in of the account; open sockets close."""
    desk, number = services(request), account_id(request)
    try:
        async with desk.sessions.begin() as session:
            await sign_out(session, identity(request).actor, number, now=desk.clock.now())
    except Refusal as refusal:
        return await refused(request, number, refusal)
    return await _out(request, number)


@routes.post(r"/admin/accounts/{account_id:\d{1,9}}/password")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Versioned, gives=Gives.PAGE)
async def new_password(request: web.Request) -> web.StreamResponse:
    """A new first password, on the answer and nowhere else; every log-in of the account ends."""
    desk, form, number = services(request), told(request, Versioned), account_id(request)
    password = first_password()
    hashed = await hash_password_async(password)
    try:
        async with desk.sessions.begin() as session:
            await reset_password(
                session,
                identity(request).actor,
                number,
                password_hash=hashed,
                now=desk.clock.now(),
                version=form.version,
            )
    except Refusal as refusal:
        return await refused(request, number, refusal, since=form.version)
    await request.config_dict[SOCKETS].check()
    return await show_account(request, number, password=password)


@routes.post(r"/admin/accounts/{account_id:\d{1,9}}/second-factor")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Versioned, gives=Gives.PAGE)
async def reset_second_factor(request: web.Request) -> web.StreamResponse:
    """Take the account's second factor away, so that a new one can be set up."""
    desk, form, number = services(request), told(request, Versioned), account_id(request)
    try:
        async with desk.sessions.begin() as session:
            await second_factor.reset(
                session, identity(request).actor, number, version=form.version, now=desk.clock.now()
            )
    except Refusal as refusal:
        return await refused(request, number, refusal, since=form.version)
    raise web.HTTPSeeOther(f"/admin/accounts/{number}")


@routes.post("/admin/accounts/policy")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Demand, gives=Gives.PAGE)
async def demand(request: web.Request) -> web.StreamResponse:
    """Whether administrators and auditors must have a second factor."""
    desk, form = services(request), told(request, Demand)
    try:
        async with desk.sessions.begin() as session:
            await set_policy(
                session,
                identity(request).actor,
                required=form.required == "yes",
                version=form.version,
                now=desk.clock.now(),
            )
    except Refusal as refusal:
        raise Refused(refusal.message, status=409) from None
    raise web.HTTPSeeOther("/admin/accounts")


async def _out(request: web.Request, number: int) -> web.StreamResponse:
    await request.config_dict[SOCKETS].check()
    raise web.HTTPSeeOther(f"/admin/accounts/{number}")
