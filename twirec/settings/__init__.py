"""The settings: what they are, how the environment is read, and each value of it."""

from twirec.settings.environment import REQUIRED
from twirec.settings.settings import Settings

__all__ = ["REQUIRED", "Settings"]
