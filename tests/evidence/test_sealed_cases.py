"""What is written about cases carries the company's seal, which an expert's tool accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence.conftest import ANA, write
from tests.evidence.test_evidence import run
from tests.factories import call_sid
from tests.house import House


@pytest.mark.parametrize("what", ["receipt", "statement"])
def test_receipts_and_the_statement_of_a_year_are_sealed(
    what: str, sealed_house: House, tmp_path: Path
) -> None:
    cases = sealed_house.archive.cases
    key = cases.open(call_sid(2), "complaint", content="Two invoices.", by=ANA).case.key
    if what == "receipt":
        receipt = cases.receipts.make(key, by=ANA)
        assert receipt.sealed
        data = receipt.pdf
    else:
        data = cases.years.statement(sealed_house.time.year, by=ANA)
    sealed = write(tmp_path, "sealed.pdf", data)
    assert "Signature is Valid" in run(tmp_path, f"pdfsig {sealed.name}")
    changed = write(tmp_path, "changed.pdf", data.replace(b"/Author", b"/Authox", 1))
    assert changed.read_bytes() != data
    assert "Digest Mismatch" in run(tmp_path, f"pdfsig {changed.name}")
