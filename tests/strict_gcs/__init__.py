"""A strict stand-in for Google Cloud Storage, written from Google's documentation of its JSON API.

It enforces what fake-gcs-server does not: preconditions on resumable uploads, generations,
versions, holds, retention. It refuses what it does not know, so that a test never passes because
a parameter was ignored.
"""

from tests.strict_gcs.faults import Fault
from tests.strict_gcs.server import Seen, StrictGcs

__all__ = ["Fault", "Seen", "StrictGcs"]
