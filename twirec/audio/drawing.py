"""A waveform as SVG: the customer above, the agent below.

It holds no script and no style, so that a strict Content-Security-Policy lets it be shown as it is;
colours are presentation attributes, which a style sheet can replace by the classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from twirec.model.given import whole
from twirec.model.vocabulary import Role
from twirec.model.waveform import Side, Waveform

NARROWEST, WIDEST = 40, 10_000
"""Pixels, of width and height."""

LABELS = {Role.CUSTOMER: "customer", Role.AGENT: "agent"}
COLOURS: Mapping[Role | None, str] = {
    Role.CUSTOMER: "#1f5fae",
    Role.AGENT: "#8a4b08",
    None: "#4a4a4a",
}
ABOVE = (Role.CUSTOMER, None, Role.AGENT)


def svg(
    waveform: Waveform,
    *,
    width: int = 800,
    height: int = 120,
    title: str = "",
    labels: Mapping[Role, str] = LABELS,
) -> str:
    """Return a waveform as an SVG element.

    Speech is a tinted band, loudness a line for every second pixel. The classes are `waveform`,
    and in it `waveform-side` with `waveform-customer`, `waveform-agent` or `waveform-unknown`; in
    each of these `waveform-speech` and `waveform-peaks`.

    Args:
        waveform: what is drawn.
        width, height: pixels, 40 to 10,000.
        title: what a screen reader says; by default its length and who speaks how much.
        labels: what customer and agent are called in it; whom it leaves out goes by `LABELS`.

    Raises:
        InvalidQuery: width or height is out of bounds.
    """
    for name, value in (("width", width), ("height", height)):
        whole(name, value, NARROWEST, WIDEST, "pixels")
    said = escape(title or _described(waveform, {**LABELS, **labels}))
    tall = height / len(waveform.sides)
    sides = sorted(waveform.sides, key=lambda side: ABOVE.index(side.role))
    drawn = "".join(
        _side(side, waveform.seconds, width, place * tall, tall) for place, side in enumerate(sides)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="waveform" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" preserveAspectRatio="none" '
        f'role="img" aria-label="{said}"><title>{said}</title>{drawn}</svg>'
    )


def _described(waveform: Waveform, labels: Mapping[Role, str]) -> str:
    parts = [f"{waveform.seconds:.0f} s"]
    for channel, side in enumerate(waveform.sides, 1):
        name = labels[side.role] if side.role else str(channel)
        parts.append(f"{name} {side.talk:.0f} s")
    return ", ".join(parts)


def _side(side: Side, seconds: float, width: int, top: float, tall: float) -> str:
    name, colour = side.role.value if side.role else "unknown", COLOURS[side.role]
    bands = "".join(
        f'<rect class="waveform-speech" x="{width * span.start / seconds:.1f}" y="{top:.1f}" '
        f'width="{width * (span.end - span.start) / seconds:.1f}" height="{tall:.1f}" '
        'fill-opacity="0.15"/>'
        for span in side.spans
    )
    return (
        f'<g class="waveform-side waveform-{name}" fill="{colour}" stroke="none">{bands}'
        f'<path class="waveform-peaks" fill="none" stroke="{colour}" '
        f'd="{"".join(_lines(side.peaks, width, top, tall))}"/></g>'
    )


def _lines(peaks: tuple[float, ...], width: int, top: float, tall: float) -> Iterator[str]:
    bars = min(len(peaks), width // 2)
    middle = top + tall / 2
    for bar in range(bars):
        loudest = max(peaks[bar * len(peaks) // bars : (bar + 1) * len(peaks) // bars])
        reach = max(0.5, loudest * tall * 0.48)
        x = (bar + 0.5) * width / bars
        yield f"M{x:.1f} {middle - reach:.1f}V{middle + reach:.1f}"
