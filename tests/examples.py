"""How many examples Hypothesis draws: few in each run of all tests, many in the soak."""

from __future__ import annotations

from hypothesis import settings

THOROUGH = "thorough"
"""What the soak asks for: `pytest --hypothesis-profile=thorough`."""

settings.register_profile(THOROUGH)


def examples(each_run: int, thorough: int) -> int:
    """Return how many examples a test draws now."""
    return thorough if settings.get_current_profile_name() == THOROUGH else each_run
