"""What one recorded call costs can be measured, and is what docs/scale.md stands on."""

from __future__ import annotations

from benchmarks import scale


def test_a_call_is_played_counted_and_divided() -> None:
    measured = scale.play((1, 1), "sqlite", long=1)
    assert measured["asked"] == {"Twilio GET": 1, "Google POST": 1, "Twilio DELETE": 1}
    assert measured["webhooks"] == 6
    once = ("calls", "consents", "recordings")
    assert {name: measured["tables"][name] for name in once} == dict.fromkeys(once, 1)
    assert measured["journal"] > 0
    assert measured["phone"] > 0
    assert measured["move"] > 0
    figures = {figure.name: figure for figure in scale.figures_of(measured)}
    assert figures["requests that we make for a recording"].measured == 3
