"""Which worker runs which tests, where there are several."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "examples/flask_app/tests/browser/",  # Chromium, and a panel that runs
    "tests/contracts/test_catalog",  # PostgreSQL
    "tests/cli/",  # what forks processes of `twirec`
    "tests/speech/",  # a model that hears a call, once
    "tests/soak/",  # a process that forks workers
)
"""Paths of files whose tests need a server that takes long to start."""


class ByServer(LoadScopeScheduling):
    """Gives all tests of a file to one worker, and those of several files that share a server.

    What a file makes once, such as an installation or a stand-in for Google, would otherwise be
    made by each worker that gets one of its tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        shared = (path for path in TOGETHER if nodeid.startswith(path))
        return next(shared, nodeid.partition("::")[0])
