"""Queues: hints of what is due, and the doors by which they come back."""
