"""How many examples Hypothesis draws: few in each run of all tests, many in the soak."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

THOROUGH = "thorough"
"""What the soak asks for: `pytest --hypothesis-profile=thorough`."""

# How long an example takes says nothing of the code: another process may have the machine.
_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("each run", _UNHURRIED)
settings.register_profile(THOROUGH, _UNHURRIED)
settings.load_profile("each run")


def examples(each_run: int, thorough: int) -> int:
    """Return how many examples a test draws now: half, where it runs once more on PostgreSQL."""
    if settings.get_current_profile_name() == THOROUGH:
        return thorough
    return -(-each_run // 2) if os.environ.get("TEST_DATABASE") == "postgresql" else each_run
