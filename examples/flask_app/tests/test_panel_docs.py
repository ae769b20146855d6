"""The panel's page says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callpanel import config
from callpanel.roles import ALLOWED, Permission, Role

PAGE = (Path(__file__).parents[3] / "docs/panel.md").read_text(encoding="utf-8")

ROWS = {
    "take it out of quarantine": Permission.ADMIT,
    "change one": Permission.OWN_ACCOUNT,
    "pause and resume": Permission.OWN_CALLS,
    "find calls": Permission.SEARCH,
    "listen": Permission.LISTEN,
    "see what is in quarantine": Permission.SEE_QUARANTINED,
    "see who is recorded": Permission.SEE_POLICY,
    "switch recording": Permission.CHANGE_POLICY,
    "see what waits": Permission.SEE_HEALTH,
    "let it be tried": Permission.RETRY,
    "ask that a hold is lifted": Permission.APPROVE,
    "see requests of": Permission.SEE_APPROVALS,
    "see customers": Permission.SEE_CASES,
    "open a case about": Permission.WORK_CASES,
    "close it": Permission.CLOSE_CASES,
    "make and change accounts": Permission.USERS,
    "read the audit log": Permission.AUDIT,
}


@pytest.mark.parametrize(("begins", "permission"), ROWS.items())
def test_the_page_says_who_may_do_what(begins: str, permission: Permission) -> None:
    (row,) = re.findall(rf"^\| {begins}.*", PAGE, re.M)
    said = [cell.strip() == "yes" for cell in row.split("|")[2:-1]]
    roles = [Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR]
    assert said == [permission in ALLOWED[role] for role in roles]


def test_the_page_has_every_setting() -> None:
    assert set(re.findall(r"^\| `(CALLPANEL_[A-Z_]+)`", PAGE, re.M)) == set(config.NAMES)
