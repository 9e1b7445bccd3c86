"""The colours of each theme."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a theme; assets/1-base.css holds the same under the same names.

    Wi-Fi and Bluetooth are a blue and an orange, which every common kind of colour blindness tells apart, and differ
    in marker and dash besides. `lines` are for sensors, which differ in dash and marker too.
    """

    ink: str
    muted: str
    line: str
    surface: str
    people: str
    band: str
    wifi: str
    bluetooth: str
    both: str
    ratio: str
    unheard: str
    near: str
    medium: str
    far: str
    lines: tuple[str, ...]


LIGHT = Palette(
    ink="#1c2a31",
    muted="#5b6a72",
    line="#e4e7e5",
    surface="#ffffff",
    people="#12536f",
    band="rgba(18, 83, 111, 0.18)",
    wifi="#0b6fa8",
    bluetooth="#c65a11",
    both="#bfcbd1",
    ratio="#9fb0b8",
    unheard="#f3f1ec",
    near="#12536f",
    medium="#3d7f9f",
    far="#8db4c5",
    lines=("#0b6fa8", "#c65a11", "#1d7a52", "#8a4fa3", "#8a6a00", "#b3365b", "#3f4f8f", "#5b6a72"),
)
DARK = Palette(
    ink="#e8eef0",
    muted="#9fb0b8",
    line="#2a373e",
    surface="#182228",
    people="#8fcdea",
    band="rgba(143, 205, 234, 0.22)",
    wifi="#5cb8ee",
    bluetooth="#f3a35c",
    both="#405159",
    ratio="#6d828d",
    unheard="#131b20",
    near="#8fcdea",
    medium="#5594b3",
    far="#457389",
    lines=("#5cb8ee", "#f3a35c", "#6fcf9f", "#c9a0e0", "#e3c35a", "#f08fb0", "#9db1f5", "#9fb0b8"),
)


def palette_for(theme: str | None) -> Palette:
    """The colours of the theme in force, "light" or "dark"; light when it is not known yet."""
    return DARK if theme == "dark" else LIGHT
