"""The SIDs that Twilio gives, in the forms that methods take them."""

from __future__ import annotations

from typing import Annotated

from twirec.model.given import Form

_DIGITS = "[0-9a-fA-F]{32}"

RecordingSid = Annotated[
    str,
    Form(
        f"RE{_DIGITS}",
        "RE and 32 hexadecimal digits",
        (f"CA{_DIGITS}", "that is a call; its recordings are listed by calls.get(sid)"),
    ),
]
"""A text, the SID of a recording: `RE` and 32 hexadecimal digits."""

CallOrRecordingSid = Annotated[str, Form(f"(CA|RE){_DIGITS}", "CA or RE and 32 hexadecimal digits")]
"""A text, the SID of a call, `CA…`, or of a recording, `RE…`: with 32 hexadecimal digits."""
