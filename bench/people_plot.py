"""The learning curve as a picture: how the error of the estimate falls with the head counts it learns from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 40, 52
_FIRST = 1.0


def curve_svg(curve: Mapping[int, float], everything: float, blocks: int) -> str:
    """An SVG, in grey and blue that are seen on white and on black.

    Args:
        curve: Mean absolute error in people by the number of head counts; 0 is uncalibrated.
        everything: The error with all the head counts there are.
        blocks: How many these are.
    """
    counts = [count for count in sorted(curve) if count]
    most = math.ceil(max(curve.values()))
    x = _scale(math.log(_FIRST), math.log(max(blocks, 2)), _LEFT, _WIDTH - _RIGHT)
    y = _scale(0, most, _HEIGHT - _BOTTOM, _TOP)
    points = [(x(math.log(count)), y(curve[count])) for count in counts] + [(x(math.log(blocks)), y(everything))]
    labels = [f"{curve[count]:.1f}" for count in counts] + [f"{everything:.1f}"]
    uncalibrated = y(curve[0])
    rows = [
        *[_rule(y(value), str(value)) for value in range(most + 1)],
        *[_tick(x(math.log(count)), str(count)) for count in (*counts, blocks)],
        f'<path class="plain" d="M{_LEFT} {uncalibrated:.1f}H{_WIDTH - _RIGHT}"/>',
        _text(_WIDTH - _RIGHT, uncalibrated - 6, f"without head counts: {curve[0]:.1f}", "end"),
        f'<polyline class="curve" points="{" ".join(f"{left:.1f},{top:.1f}" for left, top in points)}"/>',
        *[f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3.5"/>' for left, top in points],
        *[_text(left, top - 9, label, "middle") for (left, top), label in zip(points, labels, strict=True)],
        _text(_LEFT, 20, "Mean absolute error in people", "start"),
        _text((_LEFT + _WIDTH) / 2, _HEIGHT - 12, "head counts learned from, of other days", "middle"),
    ]
    return _document(rows)


def _document(rows: Sequence[str]) -> str:
    style = (
        "text{font:13px sans-serif;fill:#707780}path{stroke:#9aa1aa;fill:none}.rule{stroke-opacity:.35}"
        ".plain{stroke-dasharray:5 4}.curve{fill:none;stroke:#2f7fd0;stroke-width:2.5}circle{fill:#2f7fd0}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
    title = "<title>The error of the estimate falls with the head counts it learns from</title>"
    return "\n".join([head, title, f"<style>{style}</style>", *rows, "</svg>", ""])


def _scale(low: float, high: float, from_: float, to: float) -> Callable[[float], float]:
    """What turns values into places, by a straight line."""
    return lambda value: from_ + (value - low) / (high - low) * (to - from_)


def _rule(top: float, label: str) -> str:
    return f'<path class="rule" d="M{_LEFT} {top:.1f}H{_WIDTH - _RIGHT}"/>{_text(_LEFT - 8, top + 4, label, "end")}'


def _tick(left: float, label: str) -> str:
    return _text(left, _HEIGHT - _BOTTOM + 18, label, "middle")


def _text(left: float, top: float, words: str, anchor: str) -> str:
    return f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}">{words}</text>'
