"""The doctor: looks at a whole installation, and says what is wrong and how to mend it.

It changes nothing: not at Twilio, not in the bucket, not in the catalog.
"""

from __future__ import annotations

from twirec.doctor.examination import examine

__all__ = ["examine"]
