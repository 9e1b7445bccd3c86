from __future__ import annotations

from datetime import UTC, datetime, timedelta

from db.connect import Connections
from db.tag_handovers import TagHandovers

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)


def test_messages_wait_in_their_order_until_they_are_forgotten(connections: Connections) -> None:
    """Another process of the site finds them, as they came; what was taken is not given again."""
    here, there = TagHandovers(connections), TagHandovers(connections)
    for number in range(3):
        here.keep(bytes([number]), AT + timedelta(seconds=number))
    first, second, third = there.waiting()
    assert [first.body, second.body, third.body] == [b"\0", b"\1", b"\2"]
    assert third.received_at == AT + timedelta(seconds=2)
    there.forget([first, second])
    assert there.waiting() == (third,)
    there.forget([third])
    assert there.waiting() == ()
