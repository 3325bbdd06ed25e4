"""Plots as SVG, by hand: no library, no font, no script; the same on paper and on a screen.

Names and numbers from outside are escaped by `Markup`.

Colors are those of Okabe and Ito (2008), which color-blind people can distinguish. Each comes with a
marker and a dash of its own, for black-and-white prints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from markupsafe import Markup

LEFT, RIGHT, TOP, BOTTOM = 62, 28, 14, 46
"""Margins around the axes, in pixels."""
SIZE = 4.5
"""Half the width of a marker."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """The style of one series."""

    color: str
    """Color in CSS."""
    marker: str = "circle"
    """One of `MARKERS`."""
    dash: str = ""
    """Value of `stroke-dasharray`; empty for a solid line."""
    hollow: bool = False
    """Whether markers are filled with white."""


@dataclass(slots=True)
class Axis:
    """Mapping from values to positions on an axis."""

    low: float
    high: float
    label: str
    log: bool = False
    ticks: Sequence[float] = field(default_factory=tuple[float, ...])
    show: Callable[[float], str] = "{:g}".format

    def share(self, value: float) -> float:
        """Return where a value lies between the ends: 0 to 1, and beyond for values beyond."""
        low, high, value = (
            (log10(max(v, 1e-9)) for v in (self.low, self.high, value))
            if self.log
            else (
                self.low,
                self.high,
                value,
            )
        )
        return (value - low) / (high - low)


class Plot:
    """A plot under construction: draw, then `render`."""

    def __init__(self, title: str, x: Axis, y: Axis, width: int = 760, height: int = 400) -> None:
        self.title, self.x, self.y, self.width, self.height = title, x, y, width, height
        self._parts: list[Markup] = []
        self._grid()

    def place(self, point: Point) -> Point:
        """Return the pixel of a pair of values."""
        return (
            LEFT + self.x.share(point[0]) * (self.width - LEFT - RIGHT),
            self.height - BOTTOM - self.y.share(point[1]) * (self.height - TOP - BOTTOM),
        )

    def line(self, points: Sequence[Point], style: Style, width: float = 2.0) -> None:
        """Draw a line through values."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.place, points))
        dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
        self._parts.append(
            Markup(f'<polyline points="{path}" fill="none" stroke="{style.color}" stroke-width="{width}"{dash}/>')
        )

    def whisker(self, low: Point, high: Point, style: Style) -> None:
        """Draw an interval."""
        (x0, y0), (x1, y1) = self.place(low), self.place(high)
        self._parts.append(
            Markup(
                f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{style.color}" '
                'stroke-width="1.2"/>'
            )
        )

    def marker(self, point: Point, style: Style, tip: str, size: float = SIZE) -> None:
        """Draw a value; `tip` is its tooltip."""
        x, y = self.place(point)
        self._parts.append(marker(x, y, style, size, tip))

    def band(self, low: float, high: float, color: str, vertical: bool = False) -> None:
        """Shade the range between two values of an axis."""
        if vertical:
            (x0, y0), (x1, y1) = self.place((low, self.y.high)), self.place((high, self.y.low))
        else:
            (x0, y0), (x1, y1) = self.place((self.x.low, high)), self.place((self.x.high, low))
        self._parts.append(
            Markup(
                f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{max(1.0, y1 - y0):.1f}" '
                f'fill="{color}" fill-opacity="0.18"/>'
            )
        )

    def bar(self, start: Point, end: Point, color: str, pattern: str, tip: str) -> None:
        """Draw a bar between two corners, with a pattern of `PATTERNS` on it."""
        (x0, y0), (x1, y1) = self.place(start), self.place(end)
        box = f'x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" height="{abs(y1 - y0):.1f}"'
        self._parts.append(
            Markup("<g>{}{}</g>").format(
                _title(tip),
                Markup(
                    f'<rect {box} fill="{color}"/><rect {box} fill="url(#{pattern})" stroke="#fff" stroke-width="1"/>'
                ),
            )
        )

    def text(self, point: Point, text: str, dx: float = 0, dy: float = 0, anchor: str = "start", css: str = "") -> None:
        """Write beside a value."""
        x, y = self.place(point)
        self._parts.append(_text(f'x="{x + dx:.1f}" y="{y + dy:.1f}" text-anchor="{anchor}" class="{css}"', text))

    def render(self) -> Markup:
        """Return the plot as an element of a page."""
        return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}<defs>{}</defs>{}</svg>').format(
            self.width, self.height, self.title, _title(self.title), PATTERNS, Markup().join(self._parts)
        )

    def _grid(self) -> None:
        for value in self.x.ticks:
            x, bottom = self.place((value, self.y.low))
            self._parts += [
                Markup(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom:.1f}" class="grid"/>'),
                _text(f'x="{x:.1f}" y="{bottom + 17:.1f}" text-anchor="middle"', self.x.show(value)),
            ]
        for value in self.y.ticks:
            left, y = self.place((self.x.low, value))
            self._parts += [
                Markup(f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{self.width - RIGHT}" y2="{y:.1f}" class="grid"/>'),
                _text(f'x="{left - 7:.1f}" y="{y + 4:.1f}" text-anchor="end"', self.y.show(value)),
            ]
        middle_x, middle_y = (LEFT + self.width - RIGHT) / 2, (TOP + self.height - BOTTOM) / 2
        turned = f'transform="translate(14 {middle_y:.0f}) rotate(-90)"'
        self._parts += [
            _text(f'x="{middle_x:.0f}" y="{self.height - 8}" text-anchor="middle" class="axis"', self.x.label),
            _text(f'{turned} text-anchor="middle" class="axis"', self.y.label),
        ]


def marker(x: float, y: float, style: Style, size: float = SIZE, tip: str = "") -> Markup:
    """Return a marker around a pixel."""
    fill = "#fff" if style.hollow else style.color
    paint = f'fill="{fill}" stroke="{style.color}" stroke-width="1.6"'
    shape = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" {paint}/>'
        if style.marker == "circle"
        else f'<polygon points="{_corners(x, y, MARKERS[style.marker], size)}" {paint}/>'
    )
    return Markup("<g>{}{}</g>").format(_title(tip) if tip else "", Markup(shape))


def legend(entries: Sequence[tuple[str, Style]]) -> Markup:
    """Return a line of markers and names for the top of a plot."""
    return _keys(
        34,
        [
            (
                name,
                Markup(
                    f'<line x1="0" y1="7" x2="34" y2="7" stroke="{style.color}" stroke-width="2" '
                    f'stroke-dasharray="{style.dash or "none"}"/>'
                )
                + marker(17, 7, style),
            )
            for name, style in entries
        ],
    )


def swatches(entries: Sequence[tuple[str, str, str]]) -> Markup:
    """Return a line of patterns and names: (name, color, pattern)."""
    box = 'width="22" height="14"'
    return _keys(
        22,
        [
            (
                name,
                Markup(f'<defs>{PATTERNS}</defs><rect {box} fill="{color}"/><rect {box} fill="url(#{pattern})"/>'),
            )
            for name, color, pattern in entries
        ],
    )


def _keys(width: int, entries: Sequence[tuple[str, Markup]]) -> Markup:
    """Return a line of names, each behind a drawing of `width` by 14 pixels."""
    size = f'viewBox="0 0 {width} 14" width="{width}" height="14"'
    key = Markup(f'<span class="key"><svg {size} aria-hidden="true">{{}}</svg>{{}}</span>')
    keys = Markup().join(key.format(drawing, name) for name, drawing in entries)
    return Markup('<div class="legend">{}</div>').format(keys)


def _title(text: str) -> Markup:
    """Return the tooltip of an element."""
    return Markup("<title>{}</title>").format(text)


def _text(attributes: str, text: str) -> Markup:
    return Markup("<text {}>{}</text>").format(Markup(attributes), text)


def log_axis(values: Sequence[float], label: str, show: Callable[[float], str]) -> Axis:
    """Return an axis over whole decades around `values`, a third of a decade of air at each end."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = 10 ** (log10(min(positive)) - 0.25), 10 ** (log10(max(positive)) + 0.3)
    factors = (1, 3) if high / low > 100 else (1, 2, 3, 5, 7)
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    steps = [factor * 10.0**decade for decade in decades for factor in factors]
    return Axis(low, high, label, log=True, ticks=[step for step in steps if low <= step <= high], show=show)


def linear_axis(low: float, high: float, label: str, show: Callable[[float], str]) -> Axis:
    """Return an axis from `low` to at least `high`, with four to eight round ticks."""
    span = max(high - low, 1e-9)
    size = 10 ** floor(log10(span))
    step = next(step for step in (size / 5, size / 2, size, 2 * size) if span / step <= 8)
    top = low + ceil(span / step - 1e-9) * step
    return Axis(
        low, top, label, ticks=[low + index * step for index in range(round((top - low) / step) + 1)], show=show
    )


def short_rate(bps: float) -> str:
    """Return a bitrate as axes show it.

    Example:
        >>> short_rate(30), short_rate(3000)
        ('30', '3k')
    """
    return f"{bps / 1000:g}k" if bps >= 1000 else f"{bps:g}"


MARKERS: dict[str, Sequence[Point]] = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": ((0, -1.15), (1.1, 0.85), (-1.1, 0.85)),
    "down": ((0, 1.15), (1.1, -0.85), (-1.1, -0.85)),
    "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    "cross": (
        (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4),
        (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
    ),
    "star": (
        (0, -1.7), (0.45, -0.6), (1.6, -0.52), (0.72, 0.23), (1.0, 1.37), (0, 0.75),
        (-1.0, 1.37), (-0.72, 0.23), (-1.6, -0.52), (-0.45, -0.6),
    ),
}  # fmt: skip
"""Name -> corners, for a half width of 1; ``circle`` is a circle."""

PATTERNS = Markup().join(
    Markup(f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">{lines}</pattern>')
    for name, lines in {
        "plain": "",
        "rising": '<path d="M-2 10L10 -2M-2 2L2 -2M6 10L10 6" stroke="#fff" stroke-opacity=".75" stroke-width="1.4"/>',
        "falling": '<path d="M-2 -2L10 10M-2 6L2 10M6 -2L10 2" stroke="#fff" stroke-opacity=".75" stroke-width="1.4"/>',
        "dots": '<circle cx="4" cy="4" r="1.6" fill="#fff" fill-opacity=".85"/>',
        "across": '<path d="M0 4H8" stroke="#fff" stroke-opacity=".8" stroke-width="1.6"/>',
    }.items()
)
"""Fills for bars that can be distinguished in a black-and-white print."""


def _corners(x: float, y: float, corners: Sequence[Point], size: float) -> str:
    return " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in corners)
