"""The state of each radio, with what to do about it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.formats import LONGEST_LINE, counted, plain_words, short_moment_text
from layouts.needs import PageSettings
from presence.faults import FaultReason, advice_for
from presence.overview import Overview, RadioState
from presence.radio import Radio

# Not broken, only not used: no alarm about these.
_AT_REST = {FaultReason.SWITCHED_OFF, FaultReason.NOT_CAPTURED}


def radio_states(overview: Overview, settings: PageSettings, *, is_continuous: bool | None = None) -> list[Component]:
    """Both radios: heard or not, since when, why, and what the owner can do.

    Args:
        overview: The place now.
        settings: What the page goes by.
        is_continuous: Whether this machine listens to Bluetooth all the time; None where it hears no tags.
    """
    return [_radio(state, overview, settings, is_continuous=is_continuous) for state in overview.radios]


def _radio(state: RadioState, overview: Overview, settings: PageSettings, *, is_continuous: bool | None) -> Component:
    mood, words = _mood(state)
    return html.Article(
        [
            html.Header([html.H3(state.radio.label), " ", html.Span(words, className=f"pill pill-{mood}")]),
            html.P(_heard_text(state, overview, settings)),
            *_mode_paragraphs(state, is_continuous),
            *_fault_paragraphs(state),
        ],
        className=f"radio radio-{state.radio.value}",
    )


def _mode_paragraphs(state: RadioState, is_continuous: bool | None) -> list[Component]:
    if state.radio is not Radio.BLUETOOTH or state.device_count is None or is_continuous is None:
        return []
    words = (
        "Continuous: listened to all the time, so that tags are found within seconds. Counts are of each scan alone."
        if is_continuous
        else "Sampled: listened to in each scan alone."
    )
    return [html.P(words, className="note")]


def _mood(state: RadioState) -> tuple[str, str]:
    if state.fault is None:
        return ("waiting", "No scan yet") if state.device_count is None else ("well", "Listening well")
    if state.fault.reason in _AT_REST:
        return "waiting", "Not in use"
    return ("broken", "Not heard") if state.device_count is None else ("warning", "Cut short")


def _heard_text(state: RadioState, overview: Overview, settings: PageSettings) -> str:
    if state.device_count is not None:
        return f"{counted(state.device_count, 'device')} in the latest scan."
    if state.fault is None:
        return "Its first scan is still to come."
    sentences = []
    if state.fault_since_at is not None:
        sentences.append(
            f"Not heard since {short_moment_text(state.fault_since_at, overview.as_of_at, settings.time_zone)}."
        )
    if state.last_heard_at is None:
        sentences.append("Never heard so far.")
    return " ".join(sentences)


def _fault_paragraphs(state: RadioState) -> list[Component]:
    if state.fault is None:
        return []
    lines: list[Component] = [html.P(_with_commands(advice_for(state.radio, state.fault.reason)), className="advice")]
    if state.fault.recovery:
        lines.append(html.P(f"Tried: {plain_words(state.fault.recovery, LONGEST_LINE)}.", className="note"))
    if state.fault.detail:
        lines.append(html.P(f"It said: {plain_words(state.fault.detail, LONGEST_LINE)}", className="note"))
    return lines


def _with_commands(advice: str) -> list[str | Component]:
    # Advice sets what is to be typed between backticks.
    return [html.Code(part) if index % 2 else part for index, part in enumerate(advice.split("`"))]
