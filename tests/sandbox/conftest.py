from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox.target import Says, Target
from twirec.sandbox import Call, Faults, Party, Sandbox

OWN = "+34911000111"
CUSTOMER = "+34600111222"
AGENT = "+34911222333"
SPEED = 200


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    yield target
    target.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=SPEED) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = sandbox.client()
    yield client
    client.http_client.session.close()


Get = Callable[..., requests.Response]


@pytest.fixture
def get(sandbox: Sandbox) -> Iterator[Get]:
    """GET below the account's address, with its credentials."""
    with requests.Session() as session:
        session.auth = (sandbox.account_sid, sandbox.auth_token)
        session.trust_env = False
        base = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}"

        def get(path: str, **kwargs: Any) -> requests.Response:
            return session.request(kwargs.pop("method", "GET"), base + path, timeout=120, **kwargs)

        yield get


@pytest.fixture
def ring(sandbox: Sandbox, target: Target) -> Callable[..., Call]:
    """Call the company's number, whose voice URL answers `document`, and wait for the end."""

    def ring(
        document: Says,
        caller: Party | None = None,
        callee: Party | None = None,
        faults: Faults | None = None,
        **urls: Any,
    ) -> Call:
        sandbox.number(OWN, voice_url=target.says("/voice", document), **urls)
        call = sandbox.call(from_=CUSTOMER, to=OWN, caller=caller, callee=callee, faults=faults)
        call.wait(120)
        return call

    return ring


Ring = Callable[..., Call]
