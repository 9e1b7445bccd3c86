"""The rules: their list, and the form for one, whose fields follow what it watches for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.buttons import delete_button, row_button
from layouts.fields import chosen_field, number_field, several_field, text_field, ticks_field
from layouts.formats import plain_words
from layouts.rule_words import DAYS, KIND_NAMES, THRESHOLD_NAMES, rule_sentence
from presence.alerts import AlertError, Boundary, Hours, Rule, RuleKind, RuleRow
from presence.rule_checks import has_boundary, has_hysteresis
from presence.zones import Zone

_LONGEST_NAME = 64
_LONGEST_TIME = 5
_TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.h]?([0-5][0-9])?")

_ALL_DAYS = {str(number): name[:3] for number, name in enumerate(DAYS)}

FIELDS = (
    "name", "kind", "tags", "sensors", "zones", "threshold", "hysteresis", "hours-days", "hours-from", "hours-to",
    "quiet-days", "quiet-from", "quiet-to", "minimum", "cool-down", "repeat", "repeats", "channels",
)  # fmt: skip
"""The fields of the form, by the ends of their ids, in the order in which `asked_rule` takes them."""


def rules_panel() -> Component:
    """The list without its rules, and the form."""
    return html.Section(
        [
            html.H2("Rules"),
            html.P("What is watched for, and who is told.", className="note"),
            html.Ul(id="rule-rows", className="near-rows"),
            html.P(id="rules-said", role="status"),
            html.Div(html.Button("Make a rule", id="rule-new", className="button"), className="form-buttons"),
            html.Div(_form(), id="rule-form", className="rule-form", hidden=True),
            dcc.Store(id="rule-to-edit"),
            dcc.Store(id="rule-to-switch"),
            dcc.Store(id="rule-edited"),
        ],
        className="panel",
    )


def _form() -> list[Component]:
    return [
        html.H3("A new rule", id="rule-title"),
        chosen_field(
            "rule-kind",
            "Tell when",
            {kind.value: words for kind, words in KIND_NAMES.items()},
            RuleKind.TAG_LEFT_BOUNDARY.value,
        ),
        text_field("rule-name", "Name of the rule", "", _LONGEST_NAME),
        several_field("rule-tags", "Tags", "Any tag"),
        several_field("rule-sensors", "Boundary: sensors", "Any sensor"),
        ticks_field("rule-zones", "Boundary: zones", {zone.value: zone.value.capitalize() for zone in Zone}, []),
        html.Div(number_field("rule-threshold", "Threshold", " "), id="rule-threshold-field"),
        several_field("rule-channels", "Tell these channels", "None: it only shows on this page"),
        *_hours_fields("hours", "Only in these hours", "No day ticked: always."),
        html.Details(
            [
                html.Summary("More: how long, how often, quiet hours"),
                html.Div(
                    [
                        number_field("rule-minimum", "It must last", "Minutes before it is told; 0 for at once."),
                        number_field(
                            "rule-cool-down", "Calm afterwards", "Minutes after it is over in which it opens no other."
                        ),
                        html.Div(
                            number_field("rule-hysteresis", "Closes when back by", " "), id="rule-hysteresis-field"
                        ),
                        number_field(
                            "rule-repeat",
                            "Tell again every",
                            "Minutes, until somebody acknowledges it; empty for never.",
                        ),
                        number_field("rule-repeats", "At most so many times", ""),
                    ],
                    className="form-row",
                ),
                *_hours_fields("quiet", "Tell nobody in these hours", "No day ticked: no quiet hours."),
            ],
            className="more",
        ),
        html.P(id="rule-sentence", className="rule-sentence", role="status"),
        html.P(id="rule-mistake", className="mistake", role="alert"),
        html.Div(
            [
                html.Button("Save the rule", id="rule-save", className="button button-primary"),
                html.Button("Cancel", id="rule-cancel", className="button"),
            ],
            className="form-buttons",
        ),
    ]


def _hours_fields(what: str, label: str, hint: str) -> list[Component]:
    return [
        ticks_field(f"rule-{what}-days", label, _ALL_DAYS, []),
        html.Div(
            [
                text_field(f"rule-{what}-from", "From", "", _LONGEST_TIME),
                text_field(f"rule-{what}-to", "To", "", _LONGEST_TIME),
            ],
            className="form-row times",
        ),
        html.P(
            f"{hint} Times such as 8:00 or 18:30; an end before the beginning is on the next day.", className="note"
        ),
    ]


@dataclass(frozen=True, slots=True)
class FormLooks:
    """Which fields a kind of rule has, and what they are called; a field is hidden where it has none."""

    tags_hidden: bool
    boundary_hidden: bool
    threshold_hidden: bool
    hysteresis_hidden: bool
    threshold_words: str
    hysteresis_words: str


def form_looks(kind: RuleKind) -> FormLooks:
    """Which fields a rule of a kind has."""
    name, unit = THRESHOLD_NAMES.get(kind, ("", ""))
    return FormLooks(
        tags_hidden=not kind.is_of_tags,
        boundary_hidden=not has_boundary(kind),
        threshold_hidden=kind not in THRESHOLD_NAMES,
        hysteresis_hidden=not has_hysteresis(kind),
        threshold_words=f"{name} so many {unit}.",
        hysteresis_words=f"So many {unit} back over the threshold.",
    )


def asked_rule(values: Sequence[Any], *, is_on: bool) -> Rule:
    """The rule that the form asks for; what its kind does not have is left away.

    Args:
        values: What the fields hold, in the order of `FIELDS`.
        is_on: Whether it is watched.

    Raises:
        AlertError: A field holds what it cannot.
    """
    told = dict(zip(FIELDS, values, strict=True))
    kind = _one_of(RuleKind, told["kind"])
    boundary = Boundary(
        frozenset(map(str, told["sensors"] or ())), frozenset(_one_of(Zone, zone) for zone in told["zones"] or ())
    )
    repeat = _number("Tell again every", told["repeat"])
    return Rule(
        name=str(told["name"] or ""),
        kind=kind,
        is_on=is_on,
        tag_ids=_numbers(told["tags"]) if kind.is_of_tags else frozenset(),
        boundary=boundary if has_boundary(kind) else None,
        threshold=_number("The threshold", told["threshold"]) if kind in THRESHOLD_NAMES else None,
        hysteresis=_number("Closes when back by", told["hysteresis"]) or 0.0 if has_hysteresis(kind) else 0.0,
        hours=_hours(told["hours-days"], told["hours-from"], told["hours-to"]),
        quiet=_hours(told["quiet-days"], told["quiet-from"], told["quiet-to"]),
        minimum_seconds=(_number("It must last", told["minimum"]) or 0.0) * 60,
        cool_down_seconds=(_number("Calm afterwards", told["cool-down"]) or 0.0) * 60,
        repeat_seconds=repeat * 60 if repeat else None,
        repeat_limit=int(_number("At most so many times", told["repeats"]) or 1) if repeat else 0,
        channel_ids=_numbers(told["channels"]),
    )


def form_values(rule: Rule) -> tuple[Any, ...]:
    """What the fields of the form hold for a rule, in the order of `FIELDS`."""
    boundary = rule.boundary or Boundary()
    return (
        rule.name,
        rule.kind.value,
        sorted(rule.tag_ids),
        sorted(boundary.sensors),
        [zone.value for zone in Zone if zone in boundary.zones],
        rule.threshold,
        rule.hysteresis,
        *_hours_values(rule.hours),
        *_hours_values(rule.quiet),
        rule.minimum_seconds / 60,
        rule.cool_down_seconds / 60,
        None if rule.repeat_seconds is None else rule.repeat_seconds / 60,
        rule.repeat_limit or None,
        sorted(rule.channel_ids),
    )


def rule_rows(
    rows: Sequence[RuleRow], tag_names: Mapping[int, str], channel_names: Mapping[int, str]
) -> list[Component]:
    """Each rule in a sentence, with what can be done to it; a line when there is none."""
    if not rows:
        return [html.Li("Nothing is watched for yet. Make a rule.", className="note")]
    return [_row(row, rule_sentence(row.rule, tag_names, channel_names)) for row in rows]


def _row(row: RuleRow, sentence: str) -> Component:
    name, number = plain_words(row.rule.name), {"number": row.rule_id}
    switch = row_button(
        "On" if row.rule.is_on else "Off",
        "rule-to-switch",
        {**number, "on": not row.rule.is_on},
        label=f"{name} is {'on: switch it off' if row.rule.is_on else 'off: switch it on'}",
        look=f"button-small {'button-on' if row.rule.is_on else ''}",
    )
    return html.Li(
        [
            html.Span([html.Bdi(name), html.Bdi(sentence, className="note tag-kind")]),
            html.Span(
                [
                    switch,
                    row_button("Edit", "rule-to-edit", number, label=f"Edit {name}"),
                    delete_button("rule", row.rule_id, name),
                ],
                className="row-buttons",
            ),
        ],
        key=str(row.rule_id),
    )


def _hours_values(hours: Hours | None) -> tuple[list[str], str, str]:
    if hours is None:
        return [], "", ""
    return [str(day) for day in sorted(hours.days)], f"{hours.from_time:%H:%M}", f"{hours.to_time:%H:%M}"


def _hours(days: Any, from_text: object, to_text: object) -> Hours | None:  # noqa: ANN401 - JSON from a stranger
    if not days:
        return None
    return Hours(frozenset(int(day) for day in days if str(day) in _ALL_DAYS), _time(from_text), _time(to_text))


def _time(text: object) -> time:
    found = _TIME.fullmatch(str(text or "").strip())
    if found is None:
        raise AlertError("Hours need a beginning and an end, for example 8:00 and 18:30.")
    return time(int(found[1]), int(found[2] or 0))


def _number(field: str, value: object) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise AlertError(f"“{field}” needs a number.")
    return float(value)


def _numbers(values: object) -> frozenset[int]:
    return frozenset(one for one in (values if isinstance(values, list) else ()) if isinstance(one, int))


def _one_of(choices: Any, value: object) -> Any:  # noqa: ANN401 - an enumeration, and one of its members
    if value not in set(choices):
        raise AlertError("There is no such choice. Load the page again.")
    return choices(value)
