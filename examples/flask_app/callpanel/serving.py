"""How gunicorn serves the app.

`gunicorn --config python:callpanel.serving "callpanel:create_app()"`

Each setting can be given on gunicorn's command line too, which goes first.
https://docs.gunicorn.org/en/stable/settings.html
"""

from __future__ import annotations

import signal
import socket
import struct
import threading
from types import FrameType
from typing import Any

HANDOVER = 3.0
"""Seconds for which a process that is to end still takes calls.

At a reload gunicorn ends the old processes as soon as the new ones have begun to start, which takes
them about a second: without this, a caller would wait for them. It is what load balancers expect
of a container that stops, too.
"""

STALLED = 30
"""Seconds after which a client that takes, or gives, nothing is let go.

gunicorn has no such limit for its threads: a download that nobody reads would hold one for ever.
"""

workers = 2
worker_class = "gthread"
threads = 16
timeout = 60  # a process that hangs as a whole
graceful_timeout = 15  # requests that go on at the end of a process: Twilio waits as long for one
keepalive = 30  # longer than a proxy leaves connections idle, so that it never meets a closed one
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a heartbeat that no disk delays
control_socket_disable = True  # nobody asks it, and the unit has no home to put its socket in


def post_worker_init(worker: Any) -> None:
    """Let a process that is to end take calls until others can."""
    end = worker.handle_exit

    def after_handover(number: int, frame: FrameType | None) -> None:
        timer = threading.Timer(HANDOVER, end, (number, frame))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, after_handover)


def when_ready(server: Any) -> None:
    """Set the limits of every connection: on Linux it takes them from where it was accepted."""
    limit = struct.pack("ll", STALLED, 0)
    for listener in server.LISTENERS:
        for direction in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, direction, limit)
