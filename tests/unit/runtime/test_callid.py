from __future__ import annotations

import pytest

from runtime.callid import is_call_id, new_call_id


def test_new_ids_are_well_formed_and_sort_by_time() -> None:
    made = [new_call_id() for _ in range(200)]
    assert all(is_call_id(name) for name in made)
    assert made == sorted(made)


@pytest.mark.parametrize("text", ["", "x", "018f-", "../../etc/passwd", "01890a5d-ac96-474c-bcce-b302099a8057"])
def test_anything_else_is_refused(text: str) -> None:
    assert not is_call_id(text)
