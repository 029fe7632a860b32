"""The page of one vehicle: what was told stands where it happened, and the words claim no more than the protocol knows."""

from pathlib import Path

from catseye.core.event import Event, Measure
from catseye.core.time import NS_PER_S
from catseye.station.fleet.gap_page import GapCurve, write_gap_page

BEGAN_NS = 1_780_000_000 * NS_PER_S
CURVE = GapCurve(BEGAN_NS, tuple((step / 2, max(0.7, 3 - step / 20), 60.0) for step in range(120)))


def told(kind: str, at_s: float, end_s: float | None = None, *measures: Measure) -> Event:
    begin_ns = BEGAN_NS + round(at_s * NS_PER_S)
    end_ns = begin_ns if end_s is None else BEGAN_NS + round(end_s * NS_PER_S)
    return Event(kind, "terminal-1", begin_ns, end_ns, measures=measures)


def page(tmp_path: Path, *events: Event) -> str:
    write_gap_page(tmp_path / "gap.html", CURVE, events, "51B-<script>")
    return (tmp_path / "gap.html").read_text("utf-8")


STORY = (
    told("short-headway", 25, 33, Measure("time-gap", 0.8, "s", 0.1)),
    told("warning-sent", 25.2),
    told("warning-acknowledged", 25.3),
    told("driver-corrected", 33, None, Measure("response-time", 7.7, "s", 1.0)),
)


def test_what_happened_stands_in_order_with_its_measures(tmp_path: Path) -> None:
    text = page(tmp_path, *STORY)
    places = [text.index(f">{words}</text>") for words in ("too close", "warning sent", "acknowledged", "corrected")]
    assert places == sorted(places)
    assert "Warned, and the gap opened" in text
    assert "7.7 ± 1.0 s" in text


def test_a_warning_without_effect_is_not_called_a_correction(tmp_path: Path) -> None:
    text = page(tmp_path, *STORY[:3], told("warning-without-effect", 45))
    assert "the gap opened" not in text
    assert "no effect" in text


def test_nobody_is_said_to_have_heard_anything(tmp_path: Path) -> None:
    assert "nothing tells whether anybody heard it" in page(tmp_path, *STORY)


def test_a_plate_is_text_and_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert "<script>" not in text
    assert "http" not in text
