"""Situations as tests write them: a site of three sensors, and a tag or two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from presence.alerting import Watch
from presence.alerts import AlertRow, Rule, RuleKind, RuleRow, SiteState, Situation, TagState, Turn, Verdict
from presence.radio import Radio
from presence.sensors import SensorCard, SensorRow, SensorState
from presence.tags import TagPlace, Whereabouts
from presence.zones import Zone

PRAGUE = ZoneInfo("Europe/Prague")
# Wednesday, one o'clock in Prague.
NOON_AT = datetime(2027, 3, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SENSORS = ("hall", "stairs", "yard")


def sensor(name: str, state: SensorState = SensorState.HEARD, now_at: datetime = NOON_AT) -> SensorRow:
    heard_at = now_at - timedelta(hours=1) if state is SensorState.SILENT else now_at
    return SensorRow(
        card=SensorCard(name, None, None),
        state=state,
        is_active=True,
        added_at=NOON_AT,
        last_received_at=heard_at,
        last_scan_at=heard_at,
        clock_offset_seconds=0.0,
        device_count=3,
        waiting_count=0,
    )


def place(
    at: str | None,
    *,
    away: bool = False,
    unknown: bool = False,
    zone: Zone | None = Zone.NEAR,
    since_at: datetime = NOON_AT,
    heard_at: datetime | None = NOON_AT,
) -> TagPlace:
    whereabouts = Whereabouts.AWAY if away else Whereabouts.UNKNOWN if unknown else Whereabouts.PRESENT
    confidence = 0.9 if whereabouts is Whereabouts.PRESENT else None
    return TagPlace(whereabouts, at, zone, -60.0, confidence, since_at, heard_at)


def tag(where: TagPlace, tag_id: int = 1, name: str = "Projector") -> TagState:
    return TagState(tag_id, name, where, None, None, None)


def site(states: Mapping[str, SensorState] | None = None, now_at: datetime = NOON_AT) -> SiteState:
    """A site in good order, but for the sensors that are said to be otherwise."""
    sensors = tuple(sensor(name, (states or {}).get(name, SensorState.HEARD), now_at) for name in SENSORS)
    return SiteState(10.0, 10.0, sensors, (), 0.5, clock_is_right=True)


def without(of: SiteState, name: str, radio: Radio) -> SiteState:
    return replace(of, unheard=((name, radio, "Plug it in."),))


class Place:
    """A watch, and what would be kept of the alerts: it goes on second by second, and notes every verdict."""

    def __init__(self, *rules: Rule, now_at: datetime = NOON_AT) -> None:
        self.rules: Sequence[RuleRow] = [RuleRow(number, rule) for number, rule in enumerate(rules, 1)]
        self.now_at = now_at
        self.open: dict[tuple[int, str], AlertRow] = {}
        self.closed: list[AlertRow] = []
        self.verdicts: list[Verdict] = []
        self.watch = Watch(PRAGUE)

    def restart(self) -> None:
        self.watch = Watch(PRAGUE, self.closed)

    def go_on(
        self, tags: Iterable[TagState] = (), of_site: SiteState | None = None, seconds: int = 1, step: float = 1.0
    ) -> list[Turn]:
        """So many steps of a second with everything as it is; gives what came of them."""
        said: list[Verdict] = []
        for _ in range(seconds):
            self.now_at += step * SECOND
            said += self.step(Situation(self.now_at, tuple(tags), of_site or site(now_at=self.now_at)))
        return [verdict.turn for verdict in said]

    def step(self, situation: Situation) -> tuple[Verdict, ...]:
        self.now_at = situation.now_at
        verdicts = self.watch.step(situation, self.rules, tuple(self.open.values()))
        for verdict in verdicts:
            self._keep(verdict)
        self.verdicts += verdicts
        return verdicts

    def _keep(self, verdict: Verdict) -> None:
        key = (verdict.rule_id, verdict.subject.key)
        if verdict.turn is Turn.OPENED:
            assert key not in self.open
            rule = next(one.rule for one in self.rules if one.rule_id == verdict.rule_id)
            told_at = None if verdict.is_quiet else verdict.at
            number = len(self.open) + len(self.closed) + 1
            nothing = (None, 0, None, None, None)
            self.open[key] = AlertRow(
                number,
                verdict.rule_id,
                rule.name,
                rule.kind,
                verdict.subject,
                verdict.says,
                verdict.at,
                *nothing,
                told_at,
            )
        elif verdict.turn is Turn.CLOSED:
            self.closed.append(replace(self.open.pop(key), closed_at=verdict.at))
        else:
            row = self.open[key]
            again = row.repeat_count + (verdict.turn is Turn.REPEATED)
            self.open[key] = replace(row, told_at=verdict.at, repeat_count=again)

    def count(self, turn: Turn = Turn.OPENED) -> int:
        return sum(verdict.turn is turn for verdict in self.verdicts)


def rule(kind: RuleKind, **more: object) -> Rule:
    """A rule of a kind, without minimum duration unless it is given."""
    return replace(Rule("a rule", kind), **more)  # type: ignore[arg-type]  # the fields of a rule, by name
