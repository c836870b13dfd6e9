"""The invented people: citizens with their numbers and homes, agents, and who works at the units."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Region, Unit, User
from hotline.demo.marks import NODE, number
from runtime.clock import Clock
from runtime.errors import UserError
from tickets.actor import Actor

SURNAMES = "王李张刘陈杨黄吴周徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程"
GIVEN = (  # noqa: SIM905  # a list literal would be three times as long
    "知夏 晓禾 云舟 小满 青禾 望舒 南乔 若谷 星野 沐晨 清和 怀瑾 时雨 半夏 向晚 明川 远山 一苇 初晴 松泉 "
    "麦冬 长风 白露 山月 听澜 柏舟 新绿 春生 立秋 冬青"
).split()
"""Words out of poems: nobody is meant."""

PLACES = ("road", "village", "community", "landmark")
FIRST_SEAT = 8901
"""Seats of the colleagues lie beyond any that an installation may have."""

NEW_CALLER = 0.82
HIDDEN = 0.02
"""Shares of callers who have not called before, and whose number is not shown."""


@dataclass(frozen=True, slots=True)
class Place:
    """A region in which something happens: its town's code leads its own."""

    code: str
    name: str
    kind: str
    town: str

    @property
    def full(self) -> str:
        return self.town + self.name


@dataclass(frozen=True, slots=True)
class Citizen:
    phone: str
    surname: str
    name: str
    gender: str
    home: Place


@dataclass(frozen=True, slots=True)
class Agent:
    """Who answers calls: an account, its seat, and the person as the ticket room knows them."""

    seat: str
    actor: Actor


class People:
    """Everybody there is. Draws from `rng`, so that the same seed brings the same people."""

    def __init__(self, rng: Random, places: list[Place], agents: list[Agent], dispatcher: Actor) -> None:
        self._rng = rng
        self._by_kind = {kind: [place for place in places if place.kind == kind] for kind in PLACES}
        self._citizens: list[Citizen] = []
        self._by_number: dict[str, Citizen] = {}
        self.agents = agents
        self.dispatcher = dispatcher

    def caller(self) -> Citizen:
        """Who calls now: mostly somebody new, sometimes somebody who has called before."""
        rng = self._rng
        if self._citizens and rng.random() > NEW_CALLER:
            return rng.choice(self._citizens[-600:])
        surname = rng.choice(SURNAMES)
        home = rng.choice(self._by_kind["community"] + self._by_kind["village"])
        phone = "" if rng.random() < HIDDEN else number(len(self._citizens))
        made = Citizen(phone, surname, surname + rng.choice(GIVEN), rng.choice(("MALE", "FEMALE")), home)
        self._citizens.append(made)
        self._by_number[phone] = made
        return made

    def of_number(self, phone: str) -> Citizen:
        """Who has called from this number."""
        return self._by_number[phone]

    def place(self, kinds: tuple[str, ...], citizen: Citizen) -> Place:
        """Where it happens: at home where that fits, else anywhere of these kinds."""
        if citizen.home.kind in kinds and self._rng.random() < 0.7:
            return citizen.home
        return self._rng.choice([place for kind in kinds for place in self._by_kind[kind]])


async def load_places(session: AsyncSession) -> list[Place]:
    """The places of the gazetteer that lie in a town. Raises UserError when there are none."""
    regions = {region.id: region for region in await session.scalars(select(Region).order_by(Region.code))}
    places = []
    for region in regions.values():
        town = regions.get(region.parent_id or 0)
        if region.kind in PLACES and town is not None:
            places.append(Place(region.code, region.name, region.kind, town.name))
    if {place.kind for place in places} != set(PLACES):
        raise UserError("the demo county is not loaded", "fill an installation with HOTLINE_JURISDICTION=demo")
    return places


async def find_agents(session: AsyncSession) -> list[Agent]:
    """The installation's own agents, by their seats. Raises UserError when there are none."""
    users = await session.scalars(select(User).where(User.extension.is_not(None), User.active).order_by(User.id))
    agents = [Agent(user.extension or "", _actor(user)) for user in users if "AGENT" in user.roles]
    if not agents:
        raise UserError("there are no agents", "start the demo city once with `hotline up`")
    return agents


async def hire(session: AsyncSession, clock: Clock, count: int) -> list[Agent]:
    """So many colleagues, with accounts that nobody can log in to; they are removed with all they did."""
    centre = await session.scalar(select(Unit).where(Unit.kind == "CENTRE").limit(1))
    hired = []
    for turn in range(count):
        name = SURNAMES[turn % len(SURNAMES)] + GIVEN[-1 - turn % len(GIVEN)]
        user = User(
            login=f"demo-{turn + 1:02d}",
            name=name,
            password_hash="!",  # noqa: S106  # no hash: fits no password
            roles=["AGENT"],
            unit_id=centre.id if centre else None,
            jurisdiction_id=centre.jurisdiction_id if centre else None,
            node=NODE,
            active=False,
            created_at=clock.now(),
        )
        session.add(user)
        await session.flush()
        hired.append(Agent(str(FIRST_SEAT + turn), _actor(user)))
    return hired


async def find_dispatcher(session: AsyncSession) -> Actor:
    """Who sends tickets to units. Raises UserError when there is nobody."""
    for user in await session.scalars(select(User).where(User.active).order_by(User.id)):
        if "DISPATCHER" in user.roles:
            return _actor(user)
    raise UserError("there is no dispatcher", "start the demo city once with `hotline up`")


async def liaisons(session: AsyncSession, rng: Random) -> dict[int, Actor]:
    """Who acts for each unit, by its id: its liaison's account, or somebody without one."""
    found: dict[int, Actor] = {}
    for unit in await session.scalars(select(Unit).order_by(Unit.id)):
        name = rng.choice(SURNAMES) + rng.choice(GIVEN)
        found[unit.id] = Actor(None, name, frozenset({"UNIT_LIAISON"}), unit.id)
    for user in await session.scalars(
        select(User).where(User.active, User.unit_id.is_not(None)).order_by(User.id)
    ):
        if "UNIT_LIAISON" in user.roles and user.unit_id is not None:
            found[user.unit_id] = _actor(user)
    return found


def _actor(user: User) -> Actor:
    return Actor(user.id, user.name, frozenset(user.roles), user.unit_id)
