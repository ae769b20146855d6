from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.soak.ground import Workers


@pytest.fixture(scope="package")
def workers() -> Iterator[Workers]:
    with closing(Workers()) as workers:
        yield workers
