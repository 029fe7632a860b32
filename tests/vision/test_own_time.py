"""The moment a photograph says it was taken, or none; never a fault."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vision.files import exif

from catseye.vision.own_time import taken_at

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("taken", "offset", "wanted"),
    [
        ("2026:09:22 12:00:00", "", datetime(2026, 9, 22, 5, tzinfo=UTC)),
        ("2026:09:22 12:00:00", "+02:00", datetime(2026, 9, 22, 10, tzinfo=UTC)),
        ("2026:09:22 12:00:00", "-09:30", datetime(2026, 9, 22, 21, 30, tzinfo=UTC)),
        ("0000:00:00 00:00:00", "", None),
        ("2026:13:45 99:00:00", "", None),
        ("", "", None),
        ("yesterday", "+02:00", None),
    ],
)
def test_the_moment_is_read_with_its_offset_or_in_local_time(taken: str, offset: str, wanted: datetime | None) -> None:
    assert taken_at(exif(taken, offset), HANOI) == wanted


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_give_a_moment_or_none(tail: bytes, at: int, value: int) -> None:
    block = bytearray(exif("2026:09:22 12:00:00") + tail)
    block[at % len(block)] = value
    found = taken_at(bytes(block), HANOI)
    assert found is None or found.tzinfo is not None
    assert taken_at(tail, UTC) is None or tail[:4] in (b"II*\0", b"MM\0*")
