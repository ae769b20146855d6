"""What all tests share, those of the library and those of the example app."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from copy import copy
from pathlib import Path
from types import MethodType
from typing import Any

import pytest
from werkzeug.routing import Rule

import tests.examples  # noqa: F401 - its profile has to be known at the start
from tests.sandbox.watching import pytest_runtest_teardown, sandbox_compared  # noqa: F401
from tests.statements import make_alike
from twirec.catalog import database as database_module
from twirec.custody import disclosure

pytest_plugins = ("tests.lending",)

gc.disable()  # until all is collected: what is imported and collected stays

MEMORY = Path("/dev/shm")  # noqa: S108 - what is made in it, pytest and tempfile make safely
ROOM = 2 * 2**30
"""Bytes that have to be free in it; the tests need a quarter."""


def pytest_configure() -> None:
    """Let tests write into memory where there is room, whoever starts them set no TMPDIR.

    Waiting for a disk, and making and removing thousands of files on it, took a tenth of the time.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return
    runs_programs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC  # some tests write theirs
    if runs_programs and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@pytest.hookimpl(optionalhook=True)  # known only where pytest-xdist is loaded
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Let one worker run all tests that share what takes long to make."""
    from tests.scheduling import ByServer

    config.option.loadscopereorder = False
    return ByServer(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Let `-n auto` be two workers more than there are cores, unless xdist is told how many.

    A worker waits a third of its time: for calls that are played, for browsers and other processes.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) + 2


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Let Python look for garbage from here on, and not at what stays: modules and tests.

    To look again and again while they came took a sixth of the time of collecting them, and in a
    new clone a third, since what rewrites assertions makes very many objects.
    """
    begin_elsewhere(session)
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 10, 10)
        gc.enable()


def begin_elsewhere(session: pytest.Session) -> None:
    """Let each of several workers begin with other files of the folders that are asked for.

    In a new clone pytest rewrites the assertions of each file that it imports, and keeps what came
    of it. Workers that import all files in the same order at the same time would each do it all.
    """
    worker, workers = (os.environ.get(f"PYTEST_XDIST_WORKER{what}", "") for what in ("", "_COUNT"))
    if not worker:
        return
    root = session.config.rootpath
    folders = [path for name in session.config.args if (path := root / name).is_dir()]
    files = [file for folder in folders for file in sorted(folder.rglob("test_*.py"))]
    for file in files[int(worker.removeprefix("gw")) :: int(workers)]:
        if (file.parent / "__init__.py").exists():
            with suppress(Exception, pytest.skip.Exception):  # told when it is collected
                importlib.import_module(".".join(file.relative_to(root).with_suffix("").parts))


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    """Look for garbage as long as there is some: pytest, and Python as it ends, look six times."""
    for _ in range(5):
        if not gc.collect():
            break
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def statements_built_once() -> Iterator[None]:
    """Let the engines of one kind of database share the statements that SQLAlchemy built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_module, "create_engine", make_alike)
        yield


@pytest.fixture(scope="session", autouse=True)
def codes_hashed_quickly() -> Iterator[None]:
    """Hash the codes of links with little work; in life it takes 50 ms, for a reason."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(disclosure.SLOW, "n", 2)
        yield


OF_ROUTE = ("_parts", "_trace", "_converters", "arguments")
"""What werkzeug finds out of a route as it compiles it, beside the functions that build a URL."""


@pytest.fixture(scope="session", autouse=True)
def routes_built_once() -> Iterator[None]:
    """Let the apps of tests share what werkzeug compiled of their routes.

    It reads each route of each app, and writes a function for it, and many tests make an app of
    their own: that took a fifth of the time of the tests of webhooks and panel.
    """
    built: dict[object, dict[str, Any]] = {}
    compile_one = Rule.compile

    def compile_once(rule: Rule) -> None:
        if rule.defaults or rule.subdomain or rule.map is None or rule.map.host_matching:
            compile_one(rule)
            return
        key = (rule.rule, rule.merge_slashes, tuple(sorted(rule.arguments)))
        if key not in built:
            compile_one(rule)
            builders = {name: getattr(rule, name).__func__ for name in ("_build", "_build_unknown")}
            found = {name: copy(getattr(rule, name)) for name in OF_ROUTE}
            built[key] = {**found, **builders}
            return
        for name, found in built[key].items():
            is_builder = name.startswith("_build")
            setattr(rule, name, MethodType(found, rule) if is_builder else copy(found))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", compile_once)
        yield
