"""While the phone rings: numbers, announcements, TwiML, callback checking. No I/O, no framework."""
