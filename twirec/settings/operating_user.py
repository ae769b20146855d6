"""Who runs a command, as the operating system knows it."""

from __future__ import annotations

import os
import sys

from twirec.model.access import Actor, StaffRole


def operating_user() -> str:
    """Return who runs this process, for the audit log: `os:ana`, by the user's id.

    Not by `LOGNAME`, `USER` or `SUDO_USER`, which anybody can set: a command that is run through
    sudo was run by `os:root`. A user id without a name, as containers have, is `os:uid-10001`.

    Source: https://docs.python.org/3/library/getpass.html#getpass.getuser (which looks at the
    environment first), https://man7.org/linux/man-pages/man2/getuid.2.html.
    """
    if sys.platform == "win32":
        return f"os:{os.getlogin()}"  # asks Windows, and no variable
    import pwd  # Unix alone has it

    uid = os.getuid()
    try:
        return f"os:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"os:uid-{uid}"


def operator() -> Actor:
    """Return who runs a command of this process: the operating system's user, as an admin.

    Whoever may run commands here may read the catalog's file and the bucket's keys too: another
    role would be no protection.
    """
    return Actor(operating_user(), StaffRole.ADMIN.value)
