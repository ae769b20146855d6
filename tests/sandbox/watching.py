"""Whatever test runs a sandbox compares it with Twilio's description, by the root conftest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.described import watch
from twirec.sandbox.rest import RestApi

undescribed: list[str] = []
"""What of the sandbox's REST API is not as Twilio describes its own, in the test that runs."""


@pytest.fixture(scope="session", autouse=True)
def sandbox_compared() -> Iterator[None]:
    """Compare what the sandbox accepts and answers with Twilio's description: see `described`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RestApi, "answer", watch(undescribed))
        yield


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Let a test fail in which the sandbox accepted or answered what Twilio does not describe."""
    problems = sorted(set(undescribed))
    undescribed.clear()
    assert problems == [], item.nodeid
