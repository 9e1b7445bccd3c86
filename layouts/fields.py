"""Fields of forms: a label, what is typed or chosen, and a hint."""

from __future__ import annotations

from typing import Literal

from dash import dcc, html
from dash.development.base_component import Component

from layouts.aria import aria


def text_field(name: str, label: str, hint: str, longest: int) -> Component:
    """A line to type into.

    Args:
        name: Its id.
        label: What it is.
        hint: What may stand in it; empty for none.
        longest: How many characters it takes.
    """
    return _field(name, label, hint, "text", longest)


def number_field(name: str, label: str, hint: str) -> Component:
    """A number with buttons for one less and one more."""
    return _field(name, label, hint, "number", None)


def _field(name: str, label: str, hint: str, kind: Literal["text", "number"], longest: int | None) -> Component:
    field = dcc.Input(
        id=name,
        type=kind,
        # Told at each key: a button that is clicked right after the last one must not act on what stood there before.
        debounce=False,
        autoComplete="off",
        spellCheck="false",
        maxLength=longest,
        className="field",
    )
    return html.Div(
        [html.Label(label, htmlFor=name), field, html.P(hint, id=f"{name}-hint", className="note") if hint else None],
        className=f"form-field form-field-{kind}",
    )


def choice_field(name: str, label: str, choices: dict[str, str], chosen: str) -> Component:
    """One of several, all of them in sight.

    Args:
        name: Its id.
        label: What is chosen.
        choices: What each value is called.
        chosen: The value chosen at first.
    """
    heading = f"{name}-label"
    return html.Div(
        [
            html.P(label, id=heading, className="form-label"),
            dcc.RadioItems(
                id=name, options=options(choices), value=chosen, className="choices", labelClassName="choice-words"
            ),
        ],
        className="form-field",
        role="group",
        **aria(labelledby=heading),
    )


def chosen_field(name: str, label: str, choices: dict[str, str], chosen: str) -> Component:
    """One of many, which fold away.

    Args:
        name: Its id.
        label: What is chosen.
        choices: What each value is called.
        chosen: The value chosen at first.
    """
    field = dcc.Dropdown(
        id=name, options=options(choices), value=chosen, clearable=False, searchable=False, className="chosen"
    )
    return _folding(name, label, field, html.P(id=f"{name}-hint", className="note"))


def several_field(name: str, label: str, hint: str) -> Component:
    """Any of many, which fold away; those to choose from are set later.

    Args:
        name: Its id.
        label: What is chosen.
        hint: What no choice means.
    """
    return _folding(
        name, label, dcc.Dropdown(id=name, options=[], value=[], multi=True, placeholder=hint, className="chosen")
    )


def _folding(name: str, label: str, *parts: Component) -> Component:
    # Dash calls what folds away after what is chosen in it, so the group says what that is.
    heading = f"{name}-label"
    return html.Div(
        [html.Label(label, id=heading, htmlFor=name), *parts],
        id=f"{name}-field",
        className="form-field",
        role="group",
        **aria(labelledby=heading),
    )


def ticks_field(name: str, label: str, choices: dict[str, str], chosen: list[str]) -> Component:
    """Any of a few, all of them in sight.

    Args:
        name: Its id.
        label: What is chosen.
        choices: What each value is called.
        chosen: The values chosen at first.
    """
    heading = f"{name}-label"
    ticks = dcc.Checklist(
        id=name,
        options=options(choices),
        value=list(chosen),
        inline=True,
        className="ticks",
        labelClassName="choice-words",
    )
    return html.Div(
        [html.P(label, id=heading, className="form-label"), ticks],
        id=f"{name}-field",
        className="form-field",
        role="group",
        **aria(labelledby=heading),
    )


def text_area(name: str, label: str, hint: str, longest: int) -> Component:
    """Some lines to type into; the arguments are those of `text_field`."""
    field = dcc.Textarea(id=name, maxLength=longest, rows=2, className="field")
    return html.Div(
        [html.Label(label, htmlFor=name), field, html.P(hint, className="note") if hint else None],
        className="form-field",
    )


def options(choices: dict[str, str]) -> list[dict[str, str]]:
    """Choices as a component takes them."""
    return [{"label": words, "value": value} for value, words in choices.items()]
