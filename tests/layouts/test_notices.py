from __future__ import annotations

from datetime import timedelta

from layouts.notices import box_notices
from presence.notices import Notice
from tests.layouts.fake_place import NOW_AT, SETTINGS
from tests.layouts.trees import of_type, words


def test_a_notice_says_what_is_wrong_what_to_type_and_since_when() -> None:
    """What stands between backticks is set as what is to be typed; a time that is not known is left out."""
    notices = [
        Notice("backup", "The disk is full. Type `./run doctor` now.", NOW_AT - timedelta(hours=2)),
        Notice("recording", "Scans are not recorded."),
    ]
    first, second = box_notices(notices, NOW_AT, SETTINGS.time_zone)
    assert words(first).startswith("The disk is full. Type ./run doctor now. Since ")
    assert [words(code) for code in of_type(first, "Code")] == ["./run doctor"]
    assert words(second) == "Scans are not recorded."
    assert box_notices([], NOW_AT, SETTINGS.time_zone) == []
