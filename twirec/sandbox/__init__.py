"""The stand-in for Twilio: a server and a Python object. Imports nothing else of the library."""
