"""What reports say of recordings, as somebody may know it."""

from __future__ import annotations

from collections.abc import Mapping

from twirec.catalog import Catalog
from twirec.model.access import Actor, Deed, knows, may, without_object
from twirec.model.errors import NotFound
from twirec.model.records import Recording


def as_known(catalog: Catalog, actor: Actor, said: Mapping[str, str]) -> dict[str, str]:
    """Return what is said of recordings without those, and the objects, that are not for somebody.

    Args:
        catalog: what they are.
        actor: who reads it.
        said: SID or object's name to what is said; what is no recording's stays.
    """
    known = {}
    for name, why in said.items():
        recording = _recording(catalog, name)
        if recording is None or may(actor, recording, Deed.DETAILS):
            known[name] = why
        elif knows(actor, recording):
            known[recording.sid] = without_object(recording, why)
    return known


def _recording(catalog: Catalog, name: str) -> Recording | None:
    """Return the recording of a SID or of an object's name; None if it is no recording's."""
    if name.startswith("RE"):
        try:
            return catalog.recordings.get(name)
        except NotFound:
            return None
    return next((each for each in catalog.recordings.named(name, limit=1)), None)
