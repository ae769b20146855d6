"""The drawing: valid, safe to show, the customer above."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from twirec.audio.drawing import svg
from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import Role
from twirec.model.waveform import Side, Span, Waveform

SVG = "{http://www.w3.org/2000/svg}"
CUSTOMER = Side((0.0, 0.5, 1.0), (Span(1.0, 2.0),), role=Role.CUSTOMER)
AGENT = Side((0.2, 0.2, 0.2), (Span(0.0, 1.0), Span(5.0, 9.0)), role=Role.AGENT)
CALL = Waveform(10.0, 8000, 16, (AGENT, CUSTOMER))


def drawn(waveform: Waveform = CALL, **how: object) -> ElementTree.Element:
    return ElementTree.fromstring(svg(waveform, **how))  # type: ignore[arg-type] # noqa: S314


def test_the_customer_is_above_whichever_channel_they_are_on() -> None:
    sides = drawn().findall(f"{SVG}g")
    assert [side.get("class") for side in sides] == [
        "waveform-side waveform-customer",
        "waveform-side waveform-agent",
    ]
    tops = [side.find(f"{SVG}rect").get("y") for side in sides]  # type: ignore[union-attr]
    assert tops == ["0.0", "60.0"]


@pytest.mark.parametrize(
    ("labels", "title"),
    [
        ({}, "10 s, agent 5 s, customer 1 s"),
        ({Role.CUSTOMER: "caller"}, "10 s, agent 5 s, caller 1 s"),
    ],
)
def test_whom_the_labels_leave_out_is_called_as_usual(labels: dict[Role, str], title: str) -> None:
    assert drawn(labels=labels).get("aria-label") == title


def test_speech_is_where_it_is_in_time() -> None:
    agent = drawn(width=1000).findall(f"{SVG}g")[1]
    bands = [(rect.get("x"), rect.get("width")) for rect in agent.findall(f"{SVG}rect")]
    assert bands == [("0.0", "100.0"), ("500.0", "400.0")]


def test_louder_is_taller_and_nothing_leaves_its_band() -> None:
    path = drawn().findall(f"{SVG}g")[0].find(f"{SVG}path")
    assert path is not None
    lines = re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", path.get("d") or "")
    heights = [float(low) - float(high) for _, high, low in lines]
    assert heights == sorted(heights)
    assert len(heights) == 3
    assert all(0 <= float(high) <= float(low) <= 60 for _, high, low in lines)


def test_a_channel_of_both_is_one_band() -> None:
    (side,) = drawn(Waveform(10.0, 8000, 16, (replace(CUSTOMER, role=None),))).findall(f"{SVG}g")
    assert side.get("class") == "waveform-side waveform-unknown"


def test_nothing_in_it_needs_a_policy_that_lets_styles_or_scripts_in() -> None:
    for element in drawn().iter():
        assert element.tag.removeprefix(SVG) in {"svg", "title", "g", "rect", "path"}
        assert not {name for name in element.attrib if name == "style" or name.startswith("on")}


def test_a_screen_reader_hears_length_and_talk_or_the_title_that_was_given() -> None:
    assert drawn().get("aria-label") == "10 s, agent 5 s, customer 1 s"
    said = drawn(labels={Role.CUSTOMER: "cliente", Role.AGENT: "agente"}).findtext(f"{SVG}title")
    assert said == "10 s, agente 5 s, cliente 1 s"
    assert drawn(title='<script>"&').get("aria-label") == '<script>"&'


def test_a_long_recording_is_drawn_in_as_many_lines_as_fit() -> None:
    side = Side(tuple(n / 2000 for n in range(2000)), ())
    assert svg(Waveform(3600.0, 8000, 16, (side,)), width=300).count("M") == 150


@pytest.mark.parametrize("how", [{"width": 0}, {"height": 39}, {"width": 10_001}])
def test_a_size_out_of_bounds_is_refused(how: dict[str, int]) -> None:
    with pytest.raises(InvalidQuery, match=next(iter(how))):
        svg(CALL, **how)  # type: ignore[arg-type]
