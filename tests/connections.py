"""How many connections to a PostgreSQL database each part holds at the most."""

from __future__ import annotations

import inspect

from callpanel import serving
from twirec.archive.jobs import Jobs

THREADS = serving.threads
"""Of a process that serves pages: each holds one while it answers."""

WORK = 2
"""Of a thread that moves a recording."""

DUE: int = inspect.signature(Jobs.do_due).parameters["threads"].default
"""Threads that one look for due work has."""

LOOKING = 1
"""Of the thread that looks whether a database that was away is back, in each process."""

ACCOUNTS = 15
"""Of a panel's process, beside those of the catalog: SQLAlchemy's `pool_size` and `max_overflow`.

Source: https://docs.sqlalchemy.org/en/20/core/pooling.html.
"""
