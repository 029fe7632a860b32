"""The first frame is waited for, and nothing is lost or doubled by it."""

from pathlib import Path

import pytest
from tests.support.street import Street, encode_street

from catseye.core.errors import SiteError, SourceError
from catseye.core.picture import RawFrame
from catseye.core.sockets import Source, SourceNotice
from catseye.station.begun import BegunSource
from catseye.station.verbs.watch import site_of
from catseye.station.watch import run_watch

NOTICE = SourceNotice("clock-missing", 0, 0, "no timestamps")


def test_everything_comes_once_and_in_order() -> None:
    begun = BegunSource(Street([], 1.0, items=lambda frame: [frame] if frame.index else [NOTICE, frame]))
    assert isinstance(begun, Source)
    assert begun.first is not None
    items = list(begun)
    assert items[0] is NOTICE
    assert items[1] is begun.first
    assert [item.index for item in items if isinstance(item, RawFrame)] == list(range(25))


def test_a_source_that_cannot_be_read_is_told_at_once() -> None:
    with pytest.raises(SourceError, match="refused"):
        BegunSource(Street([], 0.0, fault=SourceError("rtsp://camera/1", "refused", "a camera")))


def test_a_source_that_is_closed_meanwhile_has_no_first_frame() -> None:
    street = Street([], 5.0, items=lambda frame: street.close() or [NOTICE])  # type: ignore[func-returns-value]
    begun = BegunSource(street)
    assert begun.first is None
    assert list(begun) == [NOTICE]


def test_closing_closes_the_source() -> None:
    street = Street([], 5.0)
    begun = BegunSource(street)
    begun.close()
    assert street.is_closed
    assert [item.index for item in begun if isinstance(item, RawFrame)] == [0]


def test_a_line_outside_the_picture_leaves_no_folder(tmp_path: Path) -> None:
    clip = encode_street(tmp_path / "street.mp4", [], 1.0)
    with pytest.raises(SiteError, match="is outside the picture"):
        run_watch(site_of(str(clip), lines=["0,300,320,300"], detector="motion"), tmp_path / "out", camera=None, limit_s=None, progress=False)
    assert not (tmp_path / "out").exists()
