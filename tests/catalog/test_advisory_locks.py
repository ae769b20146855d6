"""The advisory locks: each subject has its own, and all stand in one file."""

from __future__ import annotations

import re
from pathlib import Path

from twirec.catalog import advisory_locks

CATALOG = Path(advisory_locks.__file__).parent
KEYS = {
    name: key for name, key in vars(advisory_locks).items() if name.isupper() and name[0] != "_"
}


def test_no_two_subjects_have_the_same_key() -> None:
    assert len(KEYS) == 8
    assert len(set(KEYS.values())) == len(KEYS)


def test_a_key_stands_nowhere_else() -> None:
    locks = re.compile(r"pg_\w*advisory\w*\(((?!\{TABLES_ONLINE\}).)")
    elsewhere = [path for path in CATALOG.rglob("*.py") if path.stem != "advisory_locks"]
    assert [path.name for path in elsewhere if locks.search(path.read_text("utf-8"))] == []
