"""The settings: what they are, how the environment is read, and each value of it."""

from twirec.settings.names import NAMES, REQUIRED, misread_settings
from twirec.settings.settings import Settings

__all__ = ["NAMES", "REQUIRED", "Settings", "misread_settings"]
