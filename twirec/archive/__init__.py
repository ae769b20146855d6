"""The one object that users of the library hold, and its parts."""

from twirec.archive.archive import Archive

__all__ = ["Archive"]
