"""Training and judging of the emergency model, for the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from db.opening import open_engine
from db.session import make_sessions
from hotline.console import out
from runtime.settings import Settings
from tickets.emergency.examples import Example, held_out_examples, training_examples
from tickets.emergency.model import Model, model_of, own_file
from tickets.emergency.own_data import own_examples
from tickets.emergency.training import Figures, evaluate, train, write_model

Say = Callable[[str], None]


def evaluated(model: Model) -> list[str]:
    """One line for each way the model can run here."""
    held_out = held_out_examples()
    lines = [f"n-grams alone:  {evaluate(model, held_out, with_vectors=False)}"]
    if model.has_vectors:
        lines.append(f"with vectors:   {evaluate(model, held_out, with_vectors=True)}")
    return lines


def better(new: Figures, old: Figures) -> bool:
    """Whether it finds at least as many emergencies with at most as many false alarms."""
    return new.found >= old.found and new.false <= old.false


async def retrain(settings: Settings, say: Say) -> int:
    """Learn from shipped and own data; the new model is kept only if it is no worse. Returns the exit code."""
    own = await _own(settings)
    shipped = training_examples()
    card = f"{len(shipped)} shipped utterances and {len(own)} of this centre"
    say(card)
    old = model_of(settings.var)
    new = await asyncio.to_thread(train, [*shipped, *own], say=say, card=card)
    held_out = held_out_examples()
    before = await asyncio.to_thread(evaluate, old, held_out)
    after = await asyncio.to_thread(evaluate, new, held_out)
    ours_before, ours_after = (sum(model.judge(one.text, one.before).alert for one in own) for model in (old, new))
    out.print(f"before: {before}")
    out.print(f"after:  {after}")
    if own:
        out.print(f"sentences answered 不是紧急情况 that still alert: {ours_before} before, {ours_after} after")
    if not better(after, before) or ours_after > ours_before:
        out.print("[yellow]the new model is worse: the old one stays[/]")
        return 1
    file = own_file(settings.var)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_model(new, file)
    out.print(f"kept in {file}; nodes use it from their next start")
    return 0


async def _own(settings: Settings) -> list[Example]:
    """This centre's answers; none where there is no database yet."""
    engine = open_engine(settings)
    try:
        async with make_sessions(engine)() as session:
            return await own_examples(session)
    except (OSError, SQLAlchemyError):
        out.print("[yellow]no database here yet: only what is shipped is learnt[/]")
        return []
    finally:
        await engine.dispose()
