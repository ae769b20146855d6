"""The stand-in for Twilio. Imports nothing else of the library, so that it cannot share its mistakes."""
