"""The roles an account may have (domain.md 6.2), as they are kept."""

from __future__ import annotations

ROLES = (
    "AGENT", "SHIFT_LEAD", "LIAISON_110", "DISPATCHER", "DISPATCH_HEAD", "REVIEWER", "FOLLOWUP", "QA", "KB_EDITOR",
    "KB_APPROVER", "UNIT_LIAISON", "HANDLER", "UNIT_HEAD", "SUPERVISOR_XF", "ANALYST", "ADMIN", "SECURITY",
)  # fmt: skip

SEATED = frozenset({"AGENT", "SHIFT_LEAD", "LIAISON_110"})
"""They take calls, so they have a seat."""

ADMIN = "ADMIN"
