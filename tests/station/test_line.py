"""One camera's loop: what comes out when this comes in."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.support.street import HEIGHT_PX, WIDTH_PX, Block, Seer, Street, down_the_street

from catseye.core.detections import Tracked
from catseye.core.errors import SiteError, SourceError
from catseye.core.event import Measure
from catseye.core.picture import RawFrame
from catseye.core.sockets import SourceNotice
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.demo.scene import DEMO_CAMERA
from catseye.station.evidence.socket import Evidence, Told
from catseye.station.line import STOPPED, CameraLine, LineRecord, Look, Pictures, contact_points_px
from catseye.station.pace import Pace
from catseye.traffic.lines import Line
from catseye.vault.vault import Vault
from catseye.vision.calibrate import calibrate
from catseye.vision.health import HealthFinding, HealthKind
from catseye.vision.reference_points import ReferencePoints

ACROSS = [Line("across", np.array([[0.0, 120.0], [320.0, 120.0]]))]


class Album(Pictures):
    """Keeps what the picture side was shown."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.closes_count = 0

    def look(self, look: Look) -> None:
        self.looks.append(look)

    def close(self) -> None:
        self.closes_count += 1


class Walk:
    """One run of one line, and everything it left."""

    def __init__(
        self, folder: Path, source: Street, blocks: Sequence[Block], lines: Callable[..., Sequence[Line]] = lambda *_: ACROSS, **options: object
    ) -> None:
        self.album, self.seer, self.vault = Album(), Seer(blocks), Vault.open(folder / "vault")
        self.line = CameraLine(source, self.seer, self.vault, lines, Pace(), self.album, **options)  # type: ignore[arg-type]

    def run(self) -> LineRecord:
        with self.vault:
            try:
                return self.line.run()
            finally:
                self.crossings, self.events = list(self.vault.crossings()), list(self.vault.events())


def walk(folder: Path, blocks: Sequence[Block], seconds_s: float = 10.0, **options: object) -> Walk:
    """Run a line over blocks; `street` options go to the source."""
    street = Street(blocks, seconds_s, **options.pop("street", {}))  # type: ignore[arg-type]
    done = Walk(folder, street, blocks, **options)  # type: ignore[arg-type]
    done.run()
    return done


def test_a_car_counts_once_at_the_moment_it_crossed(tmp_path: Path) -> None:
    car = down_the_street(2.0)
    done = walk(tmp_path, [car], street={"start": Stamp(1_000_000)})
    (crossing,) = done.crossings
    assert (crossing.line, crossing.direction, crossing.kind) == ("across", "forward", "car")
    assert crossing.time_ns / NS_PER_S == pytest.approx(car.crosses_s(120), abs=0.1)
    assert crossing.utc_ns == 1_000_000 + crossing.time_ns
    assert (done.line.record.crossings_count, done.line.record.road_users_count) == (1, 1)
    assert done.line.record.stopped == ""


def test_directions_and_kinds_are_told_apart(tmp_path: Path) -> None:
    back = Block((80, 240), (0, -60), 3, 7.5)
    done = walk(tmp_path, [down_the_street(2.0, 240), back])
    assert sorted(crossing.direction for crossing in done.crossings) == ["backward", "forward"]


def test_points_are_stored_as_the_rules_saw_them(tmp_path: Path) -> None:
    walk(tmp_path, [down_the_street(2.0, 160.37, 58.3)])
    with Vault.open(tmp_path / "vault") as vault:
        vault.export(tmp_path)
    px_y = pq.read_table(tmp_path / "points.parquet")["px_y"].to_numpy()
    assert len(px_y) > 10
    assert (px_y * 16 == np.rint(px_y * 16)).all()


def test_the_contact_point_is_the_middle_of_the_lower_edge() -> None:
    assert contact_points_px(np.array([[10, 20, 30, 50.01]], np.float32)).tolist() == [[20.0, 50.0]]


def resized(at_s: float, width_px: int, height_px: int) -> Callable[[RawFrame], Sequence[RawFrame | SourceNotice]]:
    """From `at_s` on the camera sends another size."""
    told: list[int] = []

    def items(frame: RawFrame) -> Sequence[RawFrame | SourceNotice]:
        if frame.time_ns < at_s * NS_PER_S:
            return [frame]
        notice = [] if told else [SourceNotice("resolution-change", frame.time_ns, frame.time_ns, "the picture was 320x240, now another")]
        told.append(1)
        return [*notice, replace(frame, width_px=width_px, height_px=height_px)]

    return items


def test_a_larger_picture_of_the_same_shape_changes_no_coordinate(tmp_path: Path) -> None:
    cars = [down_the_street(2.0), down_the_street(9.0, 100)]
    done = walk(tmp_path, cars, 16.0, street={"items": resized(4.5, 640, 480)})
    assert [crossing.time_ns / NS_PER_S for crossing in done.crossings] == [pytest.approx(car.crosses_s(120), abs=0.1) for car in cars]
    assert {(look.frame.width_px, look.frame.height_px) for look in done.album.looks} == {(WIDTH_PX, HEIGHT_PX)}
    (event,) = done.events
    assert (event.kind, event.trusted) == ("resolution-change", True)
    assert done.line.record.doubts == []


def test_another_shape_goes_on_and_is_not_trusted(tmp_path: Path) -> None:
    done = walk(tmp_path, [down_the_street(2.0), down_the_street(9.0)], 16.0, street={"items": resized(8.0, 640, 360)})
    assert len(done.crossings) == 2
    (event,) = [event for event in done.events if event.kind == "resolution-change"]
    assert (event.kind, event.trusted, event.time_ns) == ("resolution-change", False, 8 * NS_PER_S)
    (doubt,) = done.line.record.doubts
    assert "another shape" in doubt


def test_after_a_gap_nobody_knows_who_is_who(tmp_path: Path) -> None:
    """The car is before the line when the pictures stop for 2.4 s, and behind it when they come again."""

    def items(frame: RawFrame) -> Sequence[RawFrame | SourceNotice]:
        begin_ns, end_ns = round(2.8 * NS_PER_S), round(5.2 * NS_PER_S)
        notice = [SourceNotice("source-gap", begin_ns, end_ns, "no pictures for 2.4 s")] if frame.time_ns == end_ns else []
        return [] if begin_ns < frame.time_ns < end_ns else [*notice, frame]

    done = walk(tmp_path, [down_the_street(2.0, speed_pxs=50)], street={"items": items})
    assert done.crossings == []
    assert [event.kind for event in done.events] == ["source-gap"]
    assert done.line.record.notices_count == {"source-gap": 1}


def test_a_damaged_source_asks_for_a_look(tmp_path: Path) -> None:
    notice = SourceNotice("source-damaged", 10 * NS_PER_S, 20 * NS_PER_S, "ends at 10.0 s of 20.0 s")
    done = walk(tmp_path, [], street={"items": lambda frame: [frame, notice] if frame.index == 249 else [frame]})
    assert done.line.record.doubts == ["10.0 s of the source are damaged or missing, at last: ends at 10.0 s of 20.0 s"]


def test_a_torn_frame_is_an_event_and_no_more(tmp_path: Path) -> None:
    notice = SourceNotice("source-damaged", NS_PER_S, NS_PER_S + 40_000_000, "could not be decoded whole")
    done = walk(tmp_path, [], street={"items": lambda frame: [frame, notice] if frame.index == 25 else [frame]})
    assert (done.line.record.doubts, [event.kind for event in done.events]) == ([], ["source-damaged"])


def test_a_quiet_street_costs_few_looks(tmp_path: Path) -> None:
    done = walk(tmp_path, [down_the_street(30.0)], 40.0)
    assert len(done.crossings) == 1
    assert done.line.record.frames_idle_count > 100
    assert done.seer.looks_count < 40 * 8 * 0.5
    assert done.line.record.frames_analysed_count == done.seer.looks_count == len(done.album.looks)


def test_the_operator_can_stop_it_and_what_was_counted_stays(tmp_path: Path) -> None:
    stop = Flag()

    def items(frame: RawFrame) -> Sequence[RawFrame]:
        if frame.time_ns == 6 * NS_PER_S:
            stop.set()
        return [frame]

    done = walk(tmp_path, [down_the_street(2.0)], 20.0, street={"items": items}, stop=stop)
    assert (done.line.record.stopped, done.line.record.duration_s) == (STOPPED, pytest.approx(6.0, abs=0.1))
    assert len(done.crossings) == 1


def test_a_source_closed_by_the_operator_is_not_a_whole_run(tmp_path: Path) -> None:
    """Stopping closes the source too: then no frame comes that could see the flag."""
    stop, street = Flag(), Street([], 20.0)

    def stop_it(record: LineRecord) -> None:
        stop.set()
        street.close()

    assert Walk(tmp_path, street, [], stop=stop, progress=stop_it).run().stopped == STOPPED


def test_a_limit_is_no_reason_to_look(tmp_path: Path) -> None:
    record = walk(tmp_path, [down_the_street(2.0)], 20.0, limit_s=5.0).line.record
    assert (record.stopped, record.duration_s, record.frames_decoded_count) == ("", pytest.approx(5.0, abs=0.05), 125)


def test_a_camera_that_is_never_seen_is_an_error_and_one_lost_later_is_a_partial_result(tmp_path: Path) -> None:
    gone = SourceError("rtsp://camera/1", "gone for 60 s", "a camera")
    with pytest.raises(SourceError, match="gone for 60 s"):
        walk(tmp_path, [], 0.0, street={"fault": gone})
    done = walk(tmp_path, [down_the_street(2.0)], 8.0, street={"fault": gone, "is_live": True})
    assert "gone for 60 s" in done.line.record.stopped
    assert len(done.crossings) == 1
    (lost,) = done.events
    assert (lost.kind, lost.time_ns / 1e9, lost.trusted) == ("camera-failed", done.line.record.duration_s, False)


def test_a_live_camera_that_falls_silent_says_so(tmp_path: Path) -> None:
    done = walk(tmp_path, [], 3.0, street={"is_live": True})
    assert "no picture came any more" in done.line.record.stopped
    assert [event.kind for event in done.events] == ["camera-failed"]


def test_no_password_reaches_an_event_or_the_record(tmp_path: Path) -> None:
    notice = SourceNotice("source-gap", 1, 2, "lost rtsp://user:hunter2@camera/1")
    fault = SourceError("rtsp://user:hunter2@camera/1", "gone", "it")
    done = walk(tmp_path, [], 1.0, street={"items": lambda frame: [frame, notice], "fault": fault}, lineage="rtsp://camera/1")
    assert {event.kind for event in done.events} == {"source-gap", "camera-failed"}
    assert {event.lineage for event in done.events} == {"rtsp://camera/1"}
    assert "hunter2" not in str(done.events) + done.line.record.stopped


def test_whatever_goes_wrong_the_pictures_and_the_source_are_closed(tmp_path: Path) -> None:
    def outside(width_px: int, height_px: int) -> Sequence[Line]:
        raise SiteError("site.toml:7", f"outside of {width_px}×{height_px}", "a line within")

    street = Street([], 5.0)
    done = Walk(tmp_path, street, [], outside)
    with pytest.raises(SiteError):
        done.run()
    assert done.album.closes_count == 1
    assert street.is_closed


def test_every_step_is_timed_in_cpu_seconds(tmp_path: Path) -> None:
    record = walk(tmp_path, [down_the_street(2.0)]).line.record
    assert all(spent_s > 0 for step, spent_s in record.cpu_s.items() if step not in ("redact", "preview", "evidence"))


def test_a_life_that_goes_on_counts_on_under_other_track_names(tmp_path: Path) -> None:
    first = walk(tmp_path, [down_the_street(2.0)])
    earlier = replace(first.line.record, restarts_count=1)
    second = walk(tmp_path, [down_the_street(3.0)], record=earlier)
    assert len({crossing.track for crossing in second.crossings}) == 2
    assert (earlier.frames_decoded_count, earlier.road_users_count) == (500, 2)


def test_too_few_pixels_are_an_event_and_a_note_told_once(tmp_path: Path) -> None:
    measure = Measure("pixels_per_metre", 5.0, "px/m", 0.25)
    coarse = HealthFinding(HealthKind.TOO_FEW_PIXELS, 0, 0, "5 px a metre at across, speed needs 10", (measure,), False, True, "across")
    ground_m = np.array([[-5.2, -13.9], [5.2, -13.9], [-10.6, -8.8], [10.6, -8.8], [-10.6, 8.8], [10.6, 8.8]])
    names = tuple(f"point {number}" for number in range(len(ground_m)))
    calibration = calibrate(ReferencePoints(DEMO_CAMERA.ground_px(ground_m), ground_m, names, "points", 1.0, 0.05, None, None, False)).calibration
    done = walk(tmp_path, [down_the_street(2.0)], calibration=lambda *_: calibration, coarse=lambda *_: [coarse])
    assert [(event.kind, event.trusted, event.details["place"]) for event in done.events] == [("too-few-pixels", True, "across")]
    assert done.line.record.notes == ["5 px a metre at across, speed needs 10"]
    assert done.line.record.doubts == []


class Witnessing(Evidence):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.looks_count, self.asked = 0, list[str]()
        self.cpu_s, self.troubles, self.notes = {"evidence": 0.5}, ["a clip lacks"], ["it is short"]

    def look(self, time_ns: int, tracked: Tracked, size_px: tuple[int, int]) -> None:
        self.looks_count += 1

    def close(self, told: Callable[[], Told]) -> None:
        self.asked.append("close")
        assert told().certificate is None

    def give_up(self) -> None:
        self.asked.append("give up")


def test_what_evidence_says_stands_in_the_record(tmp_path: Path) -> None:
    evidence = Witnessing()
    done = walk(tmp_path, [down_the_street(2.0)], evidence=evidence)
    record = done.line.record
    assert (evidence.looks_count, evidence.asked) == (record.frames_analysed_count, ["close"])
    assert ("a clip lacks" in record.doubts, "it is short" in record.notes, record.cpu_s["evidence"]) == (True, True, 0.5)


def test_evidence_is_finished_also_when_pictures_fail(tmp_path: Path) -> None:
    evidence = Witnessing()
    street = Street([down_the_street(2.0)], 3.0)
    done = Walk(tmp_path, street, [down_the_street(2.0)], evidence=evidence)

    def fail() -> None:
        raise ZeroDivisionError("by hand")

    done.album.close = fail  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError, match="by hand"):
        done.run()
    assert evidence.asked == ["close"]


def test_who_stops_at_once_gives_evidence_up_and_keeps_what_was_counted(tmp_path: Path) -> None:
    def items(frame: RawFrame) -> Sequence[RawFrame | SourceNotice]:
        if frame.time_ns > 8 * NS_PER_S:
            raise KeyboardInterrupt
        return [frame]

    evidence = Witnessing()
    done = Walk(tmp_path, Street([down_the_street(2.0)], 10.0, items=items), [down_the_street(2.0)], evidence=evidence)
    with pytest.raises(KeyboardInterrupt):
        done.run()
    assert evidence.asked == ["give up", "close"]
    assert len(done.crossings) == 1
