"""Record your company's phone calls on Twilio, lawfully and without ever losing one."""

from twirec.archive import Archive
from twirec.model.errors import SettingsError, TwirecError
from twirec.settings import Settings
from twirec.version import __version__

__all__ = ["Archive", "Settings", "SettingsError", "TwirecError", "__version__"]
