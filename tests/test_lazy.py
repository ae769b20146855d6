"""What is imported is loaded when it is asked for; sandbox and plugin cost nobody the rest.

Seconds depend on the machine: what is counted here are modules.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import twirec

COUNTED = """
import json, sys
{first}
before = set(sys.modules)
{then}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded(then: str, first: str = "") -> list[str]:
    """Return the modules that a statement loads in a new process, beside those of another."""
    code = COUNTED.format(first=first, then=then)
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    )
    names: list[str] = json.loads(run.stdout)
    return names


def strangers(modules: list[str]) -> set[str]:
    """Return the packages that are neither ours nor Python's."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"twirec"}


def ours(modules: list[str]) -> set[str]:
    return {".".join(name.split(".")[:2]) for name in modules if name.startswith("twirec.")}


def test_the_package_alone_loads_nothing_of_its_rooms() -> None:
    modules = loaded("import twirec; twirec.__version__; dir(twirec)")
    assert (ours(modules), strangers(modules)) == ({"twirec.version"}, set())
    assert len(modules) < 20


def test_the_sandbox_loads_the_standard_library_only() -> None:
    modules = loaded("import twirec.sandbox")
    assert strangers(modules) == set()
    assert ours(modules) == {"twirec.sandbox", "twirec.version"}


def test_the_plugin_loads_next_to_nothing_that_pytest_has_not() -> None:
    modules = loaded("import twirec.testing", first="import pytest")
    assert strangers(modules) == set()
    assert ours(modules) == {"twirec.testing", "twirec.version"}
    assert len(modules) < 20


def test_the_command_line_loads_a_command_when_it_is_asked_for() -> None:
    modules = loaded(
        "from twirec.cli import main; main.commands['sandbox']; 'search' in main.commands"
    )
    assert not {"sqlalchemy", "flask", "twilio", "requests", "google"} & strangers(modules)
    assert ours(modules) == {f"twirec.{room}" for room in ("cli", "model", "sandbox", "version")}


def test_the_list_of_all_commands_waits_for_no_database() -> None:
    modules = loaded("from twirec.cli import main; [main.commands[name] for name in main.commands]")
    heavy = {"sqlalchemy", "alembic", "flask", "twilio", "google"}
    assert not heavy & strangers(modules)


def test_the_archive_loads_nothing_that_only_some_need() -> None:
    modules = loaded("import twirec.archive.archive")
    some = {"alembic", "flask", "fpdf", "google", "pydub", "pyhanko", "requests", "rich"}
    assert not some & strangers(modules)
    assert "sqlalchemy.dialects.postgresql" not in modules


def test_each_public_name_is_the_one_that_type_checkers_see() -> None:
    homes = {"__version__": "twirec.version"}
    for node in ast.walk(ast.parse(Path(twirec.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            homes |= {alias.name: str(node.module) for alias in node.names}
    for name in twirec.__all__:
        assert getattr(twirec, name) is getattr(import_module(homes[name]), name), name


def test_no_public_name_is_without_a_home_nor_a_home_without_its_name() -> None:
    assert {*twirec._HOME_OF, "__version__"} == set(twirec.__all__)
    assert set(twirec.__all__) <= set(dir(twirec))
    names: dict[str, object] = {}
    exec("from twirec import *", names)  # noqa: S102 - a star is for modules only
    assert set(names) - {"__builtins__"} == set(twirec.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match=r"module 'twirec' has no attribute 'Archives'"):
        _ = twirec.Archives  # type: ignore[attr-defined]
