"""The page says what the files say, needs nothing beside it, runs nothing, and tells what is not to be trusted."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.event import Event
from catseye.core.picture import RedactedPicture
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.line import LineRecord
from catseye.station.report import write_report
from catseye.station.report.flow_chart import flow_charts, nice_step
from catseye.station.report.journeys import journeys_of
from catseye.station.report.tally import tally_of
from catseye.station.site import Site, line_of_text, site_of_video
from catseye.vault.batches import Crossing, CrossingBatch, PointBatch, TrackBatch
from catseye.vault.vault import Vault

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "br", "link", "img", "hr", "input"}
CAR, MOTORCYCLIST = RoadUser.CAR.code, RoadUser.MOTORCYCLIST.code


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.open(tmp_path / "vault") as opened:
        yield opened


class Page(HTMLParser):
    """Tags with their attributes, rows of tables as text, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self.rows, self.open = text, list[tuple[str, dict[str, str]]](), list[list[str]](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        if set(self.open) & {"td", "th"}:
            self.rows[-1][-1] += data

    def row(self, *begin: str) -> list[str]:
        """The only row that begins so."""
        (found,) = [row for row in self.rows if row[: len(begin)] == list(begin)]
        return found


def site(*lines: str, cameras: Sequence[str] = ("cam-1",), detector: str = "yolox-nano") -> Site:
    one = site_of_video("clip.mp4", lines=[line_of_text(line, number) for number, line in enumerate(lines or ("0,120,320,120",), 1)], detector=detector)
    return replace(one, cameras=tuple(one.cameras[0].model_copy(update={"id": camera}) for camera in cameras))


def record(camera: str = "cam-1", length_s: float = 30.0, **more: object) -> LineRecord:
    looks_count = int(length_s * 6)
    known = {"frames_decoded_count": int(length_s * 25), "frames_analysed_count": looks_count, "width_px": 320, "height_px": 240, "detector": "yolox-nano"}
    return LineRecord(camera, duration_s=length_s, **{**known, **more})  # type: ignore[arg-type]


def keep(vault: Vault, rows: Sequence[tuple[float, str, str, int]], camera: str = "cam-1", start: Stamp | None = None) -> None:
    """Crossings (seconds, line, direction, kind), each of a road user of its own who drives down the picture."""
    n = len(rows)
    time_ns = np.array([int(row[0] * NS_PER_S) for row in rows], np.int64)
    kind, track = np.array([row[3] for row in rows], np.uint8), np.arange(n)
    utc_ns = time_ns + start.utc_ns if start else None
    vault.keep_crossings(CrossingBatch(camera, time_ns, tuple(row[1] for row in rows), tuple(row[2] for row in rows), track, kind, utc_ns))
    steps = np.arange(10)
    px = np.column_stack([np.repeat(40.0 + 5 * track, 10), np.tile(20.0 * steps, n)]).astype(np.float32)
    vault.keep_points(PointBatch(camera, np.repeat(track, 10), np.repeat(kind, 10), (np.repeat(time_ns, 10) + np.tile(steps, n) * 10**8), px))
    lines = tuple(row[1] for row in rows)
    vault.keep_tracks(TrackBatch(camera, track, kind, time_ns, time_ns + 10**9, np.full(n, 10), from_line=lines, to_line=(None,) * n))


def page(vault: Vault, out: Path, of: Site, *records: LineRecord) -> Page:
    vault.export(out)
    path = write_report(out, of, records, vault)
    assert path == out / "report.html"
    made = Page(path.read_text("utf-8"))
    assert made.open == []
    return made


SOME = [(2.0, "line-1", "forward", CAR), (9.0, "line-1", "forward", MOTORCYCLIST), (12.0, "line-1", "forward", CAR), (28.0, "line-1", "backward", CAR)]


def test_the_page_counts_what_the_files_count(vault: Vault, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = [
        (float(at), f"line-{rng.integers(1, 3)}", str(rng.choice(["forward", "backward"])), int(rng.integers(7))) for at in sorted(rng.uniform(0, 600, 400))
    ]
    keep(vault, rows)
    made = page(vault, tmp_path, site("0,120,320,120", "160,0,160,240"), record(length_s=600.0))
    with (tmp_path / "crossings.csv").open() as file:
        counted = Counter((row["line"], row["direction"]) for row in csv.DictReader(file))
    shown = {}
    for line, ways in (("line-1", ("down, forward", "up, backward")), ("line-2", ("to the left, forward", "to the right, backward"))):
        for way in ways:
            row = next(row for row in made.rows if way in row)
            shown[line, way.rpartition(" ")[2]] = int(row[row.index(way) + 1])
    assert shown == dict(counted)
    assert "400 crossings in 10 min" in made.text


def test_bars_say_what_flow_csv_says_minute_by_minute(vault: Vault, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    keep(vault, [(float(at), "line-1", "forward", int(rng.choice([CAR, MOTORCYCLIST]))) for at in sorted(rng.uniform(0, 599, 200))])
    vault.export(tmp_path)
    tally = tally_of(vault.crossings("cam-1"), ["line-1"], 600.0)
    assert tally.bin_s == 60
    with (tmp_path / "flow.csv").open() as file:
        for row in csv.DictReader(file):
            code = RoadUser(row["kind"]).code
            assert tally.crossed_count[int(float(row["time_s"])) // 60, 0, 1, code] == int(row["count"])
    assert tally.total_count == 200


def test_every_bar_stands_in_a_table_too(vault: Vault, tmp_path: Path) -> None:
    keep(vault, SOME)
    made = page(vault, tmp_path, site(), record())
    bins = [row for row in made.rows if row[0] in {"0:00", "0:05", "0:10", "0:15", "0:20", "0:25"}]
    assert bins == [["0:00", "1", "0"], ["0:05", "1", "0"], ["0:10", "1", "0"], ["0:15", "0", "0"], ["0:20", "0", "0"], ["0:25", "0", "1"]]


def test_it_needs_nothing_beside_it_and_runs_nothing(vault: Vault, tmp_path: Path) -> None:
    keep(vault, SOME)
    vault.keep_picture(RedactedPicture("cam-1", 0, np.full((240, 320, 3), 80, np.uint8), 0.0), "cam-1")
    (tmp_path / "preview-cam-1.mp4").write_bytes(b"video")
    made = page(vault, tmp_path, site(), record())
    links = [value for _, attributes in made.tags for name, value in attributes.items() if name in {"href", "src", "srcset", "action", "data", "poster"}]
    assert links
    assert [link for link in links if not link.startswith(("#", "data:image/jpeg;base64,")) and link != "preview-cam-1.mp4"] == []
    assert not {tag for tag, _ in made.tags} & {"script", "link", "iframe", "object", "embed", "form", "base"}
    assert not [name for _, attributes in made.tags for name in attributes if name.startswith("on")]
    style = made.text[made.text.index("<style>") : made.text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_every_text_from_outside_is_escaped(vault: Vault, tmp_path: Path) -> None:
    keep(vault, [(1.0, EVIL, "forward", CAR), (2.0, EVIL, "backward", CAR)], camera=EVIL)
    vault.keep_events([Event("source-gap", EVIL, NS_PER_S, 2 * NS_PER_S, details={"detail": EVIL})])
    evil = replace(site(cameras=[EVIL]), id=EVIL)
    made = page(vault, tmp_path, evil, record(EVIL, stopped=EVIL, notes=[EVIL], doubts=[EVIL], detector=EVIL))
    assert EVIL not in made.text
    assert made.text.count("&lt;script&gt;") > 5
    assert "script" not in {tag for tag, _ in made.tags}


def test_a_run_in_which_nothing_crossed_is_a_page_too(vault: Vault, tmp_path: Path) -> None:
    made = page(vault, tmp_path, site(), record())
    assert "No crossing in 30 s" in made.text
    assert "Nobody crossed a line" in made.text
    assert made.row("line-1", "down, forward")[2:4] == ["0", "0"]


def test_two_cameras_have_a_section_each_and_a_summary(vault: Vault, tmp_path: Path) -> None:
    keep(vault, SOME, camera="north")
    keep(vault, SOME[:1], camera="south")
    made = page(vault, tmp_path, site(cameras=["north", "south"]), record("north"), record("south", length_s=60.0))
    assert "5 crossings at 2 cameras" in made.text
    assert [(row[0], row[1], row[2]) for row in made.rows if row[0] in {"north", "south"}] == [("north", "30 s", "4"), ("south", "1 min", "1")]
    assert {"camera-0", "camera-1"} <= {attributes.get("id") for _, attributes in made.tags}


def test_a_camera_that_never_gave_a_picture_says_so(vault: Vault, tmp_path: Path) -> None:
    keep(vault, SOME, camera="north")
    lost = LineRecord("south", detector="yolox-nano", stopped="rtsp: refused; wanted a camera", failed=True)
    made = page(vault, tmp_path, site(cameras=["north", "south"]), record("north"), lost)
    assert made.row("south", "0.0 s")[3] == "failed"
    assert "rtsp: refused; wanted a camera" in made.text


def test_a_partial_run_is_told_at_the_top(vault: Vault, tmp_path: Path) -> None:
    keep(vault, SOME)
    made = page(vault, tmp_path, site(), record(stopped="stopped by the operator", expected_s=60.0))
    first = made.text[made.text.index('class="first"') :]
    assert "A partial run" in first[: first.index("</p>")]
    assert "ended after 30 s of 1 min: stopped by the operator" in made.text


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event("source-gap", "cam-1", 5 * NS_PER_S, 9 * NS_PER_S, details={"detail": "silent"}), "No picture for a while"),
        (Event("frames-dropped", "cam-1", 0, 0, details={"detail": "40 frames"}), "Frames were dropped"),
        (Event("clock-restart", "cam-1", 0, 0), "clock restarted"),
        (Event("pictures-failed", "cam-1", 0, 0), "No pictures from here on"),
        (Event("picture-dark", "cam-1", 0, 0, trusted=False), "1 event not trusted"),
    ],
)
def test_what_the_source_told_is_told_on(vault: Vault, tmp_path: Path, event: Event, said: str) -> None:
    vault.keep_events([event])
    made = page(vault, tmp_path, site(), record())
    assert said in made.text
    assert "Read with care" in made.text


def test_what_the_record_knows_is_told(vault: Vault, tmp_path: Path) -> None:
    keep(vault, [(1.0, "line-1", "forward", RoadUser.UNKNOWN.code), *SOME])
    known = record(blind_looks_count=100, frames_analysed_count=100, frames_idle_count=8, doubts=["an odd thing"], road_users_count=150)
    made = page(vault, tmp_path, site(), known)
    for said in ("blind at times", "Few looks a second", "Of unknown kind", "An odd thing.", "Dense traffic", "A small picture", "No still", "No time of day"):
        assert said in made.text, said


def test_motion_says_that_it_knows_no_kinds(vault: Vault, tmp_path: Path) -> None:
    keep(vault, [(1.0, "line-1", "forward", RoadUser.UNKNOWN.code)])
    assert "Counted by movement alone" in page(vault, tmp_path, site(detector="motion"), record(detector="motion")).text


def test_an_even_run_has_nothing_to_look_at(vault: Vault, tmp_path: Path) -> None:
    keep(vault, SOME)
    made = page(vault, tmp_path, site(), record())
    assert "Read with care" not in made.text
    assert "The source ran evenly" in made.text


def test_where_the_clock_is_known_the_axis_shows_the_time_of_day(vault: Vault, tmp_path: Path) -> None:
    start = Stamp(1_664_098_920 * NS_PER_S)  # 2022-09-25 16:42 in Hanoi
    keep(vault, SOME, start=start)
    made = page(vault, tmp_path, replace(site(), timezone="Asia/Ho_Chi_Minh"), record(start=start))
    assert "Sunday 25 September 2022, 16:42:00 (Asia/Ho_Chi_Minh)" in made.text
    assert ">16:42:10<" in made.text


def test_many_ways_are_thinned_out_and_said_so(vault: Vault, tmp_path: Path) -> None:
    keep(vault, [(at / 10, "line-1", "forward", CAR) for at in range(4000)])
    made = page(vault, tmp_path, site(), record(length_s=400.0))
    assert "1,334 of 4,000 road users" in made.text
    assert sum(tag == "path" for tag, _ in made.tags) < 1500
    assert len(made.text) < 1_000_000


def test_a_page_is_written_whole_or_not_at_all(vault: Vault, tmp_path: Path) -> None:
    page(vault, tmp_path, site(), record())
    assert [path.name for path in tmp_path.glob(".*")] == []


crossed = st.lists(st.tuples(st.integers(0, 10**13), st.sampled_from("abc"), st.booleans(), st.sampled_from(ROAD_USERS)), max_size=60)


@given(crossed, st.floats(0.0, 10**4))
def test_no_crossing_is_lost_between_the_bars(rows: list[tuple[int, str, bool, RoadUser]], length_s: float) -> None:
    crossings = [
        Crossing("cam-1", at, line, "forward" if way else "backward", str(number), kind, None, None, None)
        for number, (at, line, way, kind) in enumerate(sorted(rows, key=lambda row: row[0]))
    ]
    tally = tally_of(crossings, ["a"], length_s)
    assert tally.total_count == len(rows) == int(tally.users_count.sum())
    assert len(tally.crossed_count) <= max(120, -(-tally.length_s // (6 * 3600)))
    charts = flow_charts(tally, [], str)
    assert sum(chart.forward_count + chart.backward_count for chart in charts) == len(rows)
    for bar in (bar for chart in charts for bar in chart.bars):
        assert -0.01 <= bar.left_ratio <= bar.left_ratio + bar.width_ratio <= 100.01
        assert -0.01 <= bar.top_ratio <= bar.top_ratio + bar.height_ratio <= 100.01


@given(st.dictionaries(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), st.integers(1, 500)))
def test_bands_of_journeys_fill_their_lines_and_the_matrix_adds_up(pairs: dict[tuple[str, str], int]) -> None:
    made = journeys_of("abcd", pairs)
    assert made.total_count == sum(pairs.values()) == sum(map(sum, made.matrix))
    assert sum(band.journeys_count for band in made.bands) == made.total_count
    for ends in (made.origins, made.destinations):
        assert all(end.top_ratio + end.height_ratio <= 100.001 for end in ends)


@given(st.integers(1, 10**6), st.integers(1, 5))
def test_an_axis_has_few_round_steps(most_count: int, steps_count: int) -> None:
    step = nice_step(most_count, steps_count)
    assert most_count // step <= steps_count
    assert str(step).rstrip("0") in {"1", "2", "5"}
