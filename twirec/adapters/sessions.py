"""HTTP sessions that are used again and again."""

from __future__ import annotations

import requests
from requests.adapters import HTTPAdapter


def prepare_session(session: requests.Session, url: str, *, pool_size: int) -> None:
    """Let a session keep connections to a host, and read the environment once.

    For each request `requests` looks through all of the environment for proxies, certificates and
    a `.netrc`, which takes as long as all else that it does. What concerns this host is read now,
    and the `.netrc` never: who asks gives their credentials with the request.

    Args:
        session: is changed.
        url: where the host is.
        pool_size: connections that are kept open, one for each thread.
    """
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies.update(found["proxies"])
    session.verify = found["verify"]
    session.trust_env = False
    adapter = HTTPAdapter(pool_maxsize=pool_size)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
