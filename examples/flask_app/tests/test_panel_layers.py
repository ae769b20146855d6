"""The app stands on public names alone, and its tables are those of its models."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

import callpanel
import twirec
from callpanel.extensions import db

HOME = Path(callpanel.__file__).parent
FILES = sorted(path.relative_to(HOME).as_posix() for path in HOME.rglob("*.py"))
PUBLIC = ("twirec", "twirec.flask", "twirec.sandbox", "twirec.testing")


def private_names(source: str) -> Iterator[str]:
    """Yield what a file imports of twirec that is not public."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (
                each.name
                for each in node.names
                if each.name.startswith("twirec.") and not is_public(each.name)
            )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "twirec":
            module = node.module or ""
            names = [each.name for each in node.names]
            if not is_public(module):
                yield module
            elif module == "twirec":
                yield from (name for name in names if name not in twirec.__all__)


def is_public(module: str) -> bool:
    """Return whether a module is for users."""
    return module in PUBLIC or module.startswith("twirec.sandbox.")


def read(file: str) -> str:
    return (HOME / file).read_text(encoding="utf-8")


def test_a_file_imports_only_public_names_of_twirec() -> None:
    private = {file: list(private_names(read(file))) for file in FILES}
    assert len(private) > 10
    assert {file: names for file, names in private.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import twirec.archive",
        "from twirec.model.states import State",
        "from twirec import adapters",
        "def f() -> None:\n    from twirec.catalog import Catalog",
    ],
)
def test_a_private_name_is_found(source: str) -> None:
    assert len(list(private_names(source))) == 1


def test_the_migrations_make_the_tables_of_the_models(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []
        assert len(db.metadata.tables) == 8


def test_no_file_grows_past_its_room() -> None:
    longest = max(len(read(file).splitlines()) for file in FILES)
    assert longest <= 600
