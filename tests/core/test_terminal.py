"""What of a terminal's event is told to others."""

from collections.abc import Mapping

from catseye.core.event import Event
from catseye.core.terminal import LINEAGE, told_openly

WHERE = {"lat_deg": 21.0278, "lon_deg": 105.8342}


def event(kind: str, details: Mapping[str, str | int | float | bool | None], lineage: str = LINEAGE) -> Event:
    return Event(kind, "terminal-13800138000", 0, 0, subjects=("13800138000",), lineage=lineage, details=dict(details))


def test_neither_where_a_vehicle_was_nor_who_drove_nor_its_plate_is_told() -> None:
    said = event("no-valid-permit", {**WHERE, "plate": "29B-12345", "driver": "6f0c21ab00112233", "detail": "29B-12345 runs", "reason": "expired"})
    assert told_openly(said).details == {"detail": "the vehicle runs", "reason": "expired"}
    assert told_openly(event("two-vehicles-one-plate", {"other_lat_deg": 1.0, "other_lon_deg": 2.0})).details == {}


def test_help_is_told_where_to_go_and_not_to_whom() -> None:
    assert told_openly(event("emergency-call", {**WHERE, "driver": "6f0c21ab00112233"})).details == WHERE


def test_an_event_of_a_camera_is_told_as_it_is() -> None:
    said = event("speeding", {**WHERE, "plate": "29B-12345"}, "camera")
    assert told_openly(said) is said
