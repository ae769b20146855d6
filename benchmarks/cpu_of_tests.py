"""A plugin of pytest that writes down what each test costs; `python -m benchmarks.suite` uses it.

It needs nothing of twirec, so that the tests of any revision can be run with it: the file is copied
to where that run finds it.
"""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Generator
from pathlib import Path

import pytest

FOLDER = "CPU_OF_TESTS"
"""Names the variable of the environment that says into which folder it is written."""


def spent(children: bool = True) -> float:
    """Return the CPU seconds of this process, and of those it started that have ended."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)[: 1 + children]
    used = [resource.getrusage(who) for who in whose]
    return sum(each.ru_utime + each.ru_stime for each in used)


class Costs:
    """Writes a line for each step of each test: its name, and CPU seconds.

    Args:
        file: where to; each process has its own.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Count what is made for it."""
        return (yield from self._count(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Count what it does."""
        return (yield from self._count(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, None, None]:
        """Count what is taken down; servers that all tests had are not those of the last one."""
        return (yield from self._count(item, children=nextitem is not None))

    def _count(self, item: pytest.Item, *, children: bool = True) -> Generator[None, None, None]:
        before = spent(children)
        try:
            return (yield)
        finally:
            line = json.dumps([item.nodeid, spent(children) - before])
            with self._file.open("a") as out:
                out.write(f"{line}\n")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    costs = Costs(Path(os.environ[FOLDER]) / f"{os.getpid()}.jsonl")
    config.pluginmanager.register(costs)
