"""How many examples Hypothesis draws: few in each run of all tests, many in the soak."""

from __future__ import annotations

import os

from hypothesis import settings

THOROUGH = "thorough"
"""What the soak asks for: `pytest --hypothesis-profile=thorough`."""

settings.register_profile(THOROUGH)


def examples(each_run: int, thorough: int) -> int:
    """Return how many examples a test draws now: half, where it runs once more on PostgreSQL."""
    if settings.get_current_profile_name() == THOROUGH:
        return thorough
    return -(-each_run // 2) if os.environ.get("TEST_DATABASE") == "postgresql" else each_run
