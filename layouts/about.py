"""What the project is and how it counts, for those who see the numbers."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.formats import plain_words
from layouts.needs import PageSettings

_ANSWERS: dict[str, str] = {
    "What is counted": (
        "Phones, watches, laptops and other devices call out by Wi-Fi and Bluetooth even when nobody uses them. "
        "Once a minute this box listens for a moment and counts the devices it hears. A device is not a person: some "
        "people carry two, some carry none."
    ),
    "People currently around": (
        "The devices of the latest scan, Wi-Fi and Bluetooth together. A phone can be silent for a while without "
        "having left, which is why the number of devices heard within the last minutes stands beneath."
    ),
    "Ratio": (
        "Not everybody can be heard. With the ratio switched on, the number is divided by the share of people who "
        "can: at 80 %, eight devices stand for ten people. The share is a setting."
    ),
    "Total of people detected": (
        "Different devices since the first scan. Modern phones change their address often and are then counted "
        "again, so read this as activity rather than as heads."
    ),
    "Average time spent": (
        "One minute for each minute a device was detected, averaged over devices. Reset time starts it afresh and "
        "touches nothing else."
    ),
    "Near, medium and far": (
        "How strong a device's signal is. Walls, bags and bodies weaken it, so a zone is a hint and no distance."
    ),
    "Several sensors": (
        "A device that several sensors hear counts once, at the one that hears it best, so their numbers add up. One "
        "that moves from one to another may count at both in the minute in which it does."
    ),
    "Gaps": (
        "When a radio could not listen, nothing is known of that time. It is left blank, never drawn as zero: not "
        "heard does not mean that nobody was there."
    ),
    "Privacy": (
        "Addresses are never stored. Each becomes a code made with a secret key that stays on this box. Only the "
        "beginning of the code is shown here, and all of it to those who are logged in."
    ),
}


def about_page(settings: PageSettings) -> Component:
    """How the numbers come about, and the settings in force."""
    return html.Section(
        [
            html.H2("About this project"),
            html.P(
                "This box tells how people use a place from the Wi-Fi and Bluetooth around it. "
                "It works by itself and needs no internet.",
                className="lead",
            ),
            html.Div(
                [html.Article([html.H3(title), html.P(answer)]) for title, answer in _ANSWERS.items()],
                className="answers",
            ),
            html.H3("Settings in force"),
            html.Dl(
                [html.Div([html.Dt(name), html.Dd(plain_words(value))]) for name, value in settings.listed],
                className="settings",
            ),
            html.P(
                "They are kept in config.toml and read when the programme starts. Where zones end can also be changed "
                "under Settings.",
                className="note",
            ),
        ],
        className="panel about",
    )
