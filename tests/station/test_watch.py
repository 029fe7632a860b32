"""A site becomes lines, and lines one outcome."""

import json
import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text
from tests.support.postgres import fresh_database
from tests.support.street import down_the_street, encode_street

from catseye.core.errors import CatseyeError, SiteError, SourceError
from catseye.station.line import LineRecord
from catseye.station.outcome import RunOutcome
from catseye.station.site import Site, load_site
from catseye.station.vaults import VAULT
from catseye.station.verbs.watch import site_of
from catseye.station.watch import Order, Stopper, ending_on_interrupt, failed, run_name, run_watch
from catseye.vault.database import Database
from catseye.vault.vault import Vault

CARS = [down_the_street(3.0), down_the_street(6.0, 80)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode_street(tmp_path_factory.mktemp("clip") / "street.mp4", CARS, 12.0)


def watched(clip: Path, out: Path, *, lines: Sequence[str] = ("0,120,320,120",), limit_s: float | None = None) -> RunOutcome:
    return run_watch(site_of(str(clip), lines=lines, detector="motion"), out, camera=None, limit_s=limit_s, progress=False, wants_pictures=False)


def said(outcome: RunOutcome) -> str:
    return "\n".join(outcome.lines_of_text)


def site_with(clip: Path, folder: Path, *tables: str) -> Site:
    path = folder / "site.toml"
    path.write_text(f'[site]\nid = "s"\n[[camera]]\nid = "cam-1"\nsource = "{clip}"\ndetector = "motion"\n' + "".join(tables))
    return load_site(path)


def run_site(site: Site, out: Path) -> RunOutcome:
    return run_watch(site, out, camera=None, limit_s=None, progress=False, wants_pictures=False)


def test_the_two_cars_are_counted(clip: Path, tmp_path: Path) -> None:
    outcome = watched(clip, tmp_path)
    assert outcome.exit_code == 0
    assert said(outcome).startswith("cam-1: 2 crossings, 2 road users, 12.0 s")
    assert (outcome.summary["frames_decoded"], outcome.summary["partial"]) == (300, False)


def test_progress_is_told_on_stderr(clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_watch(site_of(str(clip), lines=["0,120,320,120"], detector="motion"), tmp_path, camera=None, limit_s=None, progress=True, wants_pictures=False)
    told = capfd.readouterr()
    assert told.out == ""
    assert "cam-1" in told.err
    assert "2 crossings" in told.err


def test_without_a_line_the_default_one_is_told(clip: Path, tmp_path: Path) -> None:
    outcome = watched(clip, tmp_path, lines=())
    assert (outcome.exit_code, outcome.lines_of_text[1]) == (0, "cam-1: no --line was given: counted over line-1, level across the middle of the picture")
    assert "2 crossings" in said(outcome)


def test_a_camera_without_lines_says_that_it_counts_nothing(clip: Path, tmp_path: Path) -> None:
    outcome = run_site(site_with(clip, tmp_path), tmp_path / "out")
    assert (outcome.exit_code, outcome.lines_of_text[1]) == (0, "cam-1: no line is drawn: road users are followed, and none is counted")


def street_from_above(*tables: str) -> tuple[str, ...]:
    """A calibration: 10 px a metre, seen from above, north up the picture."""
    points = ", ".join(f"{{ px = [{x}, {y}], m = [{x / 10}, {(240 - y) / 10}] }}" for x, y in ((0, 0), (320, 0), (320, 240), (0, 240)))
    return (f'[camera.calibration]\npoints = [{points}]\nlens = "none"\n', *tables)


def test_a_line_in_metres_without_calibration_is_told_and_asks_for_a_look(clip: Path, tmp_path: Path) -> None:
    outcome = run_site(site_with(clip, tmp_path, '[[camera.line]]\nid = "far"\nm = [[0, 3.5], [12.4, 3.5]]\n'), tmp_path / "out")
    assert outcome.exit_code == 1
    assert "cam-1: not counted (a line in metres needs a calibrated camera): far" in outcome.lines_of_text


def test_a_line_in_metres_counts_as_the_same_line_in_pixels(clip: Path, tmp_path: Path) -> None:
    in_metres = '[[camera.line]]\nid = "across"\nm = [[0, 12], [32, 12]]\n'
    assert run_site(site_with(clip, tmp_path, *street_from_above(in_metres)), tmp_path / "m").exit_code == 0
    assert run_site(site_with(clip, tmp_path, '[[camera.line]]\nid = "across"\npx = [[0, 120], [320, 120]]\n'), tmp_path / "px").exit_code == 0
    rows = {unit: [row.split(",") for row in (tmp_path / unit / "crossings.csv").read_text().splitlines()[1:]] for unit in ("m", "px")}
    assert [row[:7] for row in rows["m"]] == [row[:7] for row in rows["px"]]
    assert rows["m"]
    assert all((row[7] == "") == (row[8] == "") for row in rows["m"]), "a speed has its doubt; of an outline of motion there may be none"
    assert all(row[7:9] == ["", ""] for row in rows["px"])


def test_points_that_cannot_be_meant_are_told_before_anything_is_measured(clip: Path, tmp_path: Path) -> None:
    mirrored = street_from_above()[0].replace("m = [0.0, 24.0]", "m = [0.0, 0.0]", 1)
    with pytest.raises(CatseyeError, match=r"site\.toml:8: "):
        run_site(site_with(clip, tmp_path, mirrored), tmp_path / "out")


def test_a_line_that_leaves_the_picture_is_told(clip: Path, tmp_path: Path) -> None:
    outcome = watched(clip, tmp_path, lines=("0,120,640,120",))
    assert (outcome.exit_code, outcome.lines_of_text[1]) == (0, "cam-1: partly outside the picture of 320×240 pixels: line-1")


def test_a_line_outside_the_picture_is_refused_with_its_place(clip: Path, tmp_path: Path) -> None:
    site = site_with(clip, tmp_path, '[[camera.line]]\nid = "far"\npx = [[0, 300], [320, 300]]\n')
    with pytest.raises(SiteError, match=r"site\.toml:9: line far \[\[0, 300\], \[320, 300\]\] is outside the picture; wanted a line within 320×240 pixels"):
        run_site(site, tmp_path / "out")


def test_rules_that_cannot_be_judged_are_told_with_the_reason(clip: Path, tmp_path: Path) -> None:
    outcome = run_site(site_with(clip, tmp_path, '[[camera.rule]]\nkind = "speeding"\nlimit_kmh = 50\n'), tmp_path / "out")
    assert outcome.exit_code == 1
    assert "cam-1: not judged: speeding (it measures in metres, and the camera is not calibrated)" in outcome.lines_of_text
    assert json.loads((tmp_path / "out" / "run.json").read_text())["rules_not_judged"] == ["cam-1/speeding"]


def test_rules_of_the_picture_are_judged_while_the_camera_is_watched(clip: Path, tmp_path: Path) -> None:
    against = '[[camera.zone]]\nid = "all"\npx = [[0, 0], [320, 0], [320, 240], [0, 240]]\nheading = [[0, 240], [0, 0]]\n'
    down = run_site(site_with(clip, tmp_path, against + '[[camera.rule]]\nkind = "wrong-way"\n'), tmp_path / "out")
    found = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    assert down.exit_code == 0
    assert down.summary["cameras"][0]["events_count"] == {"wrong-way": len([event for event in found if event["kind"] == "wrong-way"])}
    assert {event["kind"] for event in found} >= {"wrong-way"}


def test_the_same_again_into_the_same_folder_doubles_nothing(clip: Path, tmp_path: Path) -> None:
    first = watched(clip, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and path.name != "run.json"}
    assert watched(clip, tmp_path).summary["run"] == first.summary["run"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and path.name != "run.json"} == before


def test_another_question_to_the_same_folder_is_another_run(clip: Path, tmp_path: Path) -> None:
    watched(clip, tmp_path)
    watched(clip, tmp_path, lines=("0,60,320,60", "0,180,320,180"))
    rows = (tmp_path / "crossings.csv").read_text().splitlines()[1:]
    assert len(rows) == 4
    assert all("line-1" in row or "line-2" in row for row in rows)
    assert (tmp_path / "od.csv").read_text().splitlines() == ["camera,from_line,to_line,count", "cam-1,line-1,line-2,2"]


def test_a_run_is_named_by_what_was_asked(clip: Path, tmp_path: Path) -> None:
    site = site_of(str(clip), detector="motion")

    def name(site: Site, limit_s: float | None = None) -> str:
        return run_name(site, site.cameras, tmp_path, limit_s)

    assert name(site) == name(site_of(str(clip), detector="motion"))
    others = [site_of(str(clip)), site_of(str(clip), lines=["0,1,2,3"], detector="motion"), site_of(str(clip), detector="motion", analysed_fps=4)]
    assert len({name(site), name(site, 5.0), *map(name, others)}) == 5


def test_a_live_run_is_named_by_its_moment(tmp_path: Path) -> None:
    site = site_of("rtsp://camera/1")
    assert run_name(site, site.cameras, tmp_path, None) != run_name(site, site.cameras, tmp_path, None)


def test_a_run_that_was_stopped_keeps_its_name_to_itself(clip: Path, tmp_path: Path) -> None:
    site = site_of(str(clip), detector="motion")
    names = [run_name(site, site.cameras, tmp_path, None)]
    for is_partial in (True, True, False, False):
        (tmp_path / "run.json").write_text(json.dumps({"run": names[-1], "partial": is_partial}))
        names.append(run_name(site, site.cameras, tmp_path, None))
    first, second, third, *rest = names
    assert (second, third, rest) == (f"{first}-1", f"{first}-2", [f"{first}-2"] * 2)


@pytest.mark.parametrize("text", ["", "not json", "[]", "{}", '{"run": 1, "partial": null}'])
def test_a_strange_run_json_is_no_obstacle(text: str, clip: Path, tmp_path: Path) -> None:
    site = site_of(str(clip), detector="motion")
    wanted = run_name(site, site.cameras, tmp_path, None)
    (tmp_path / "run.json").write_text(text)
    assert run_name(site, site.cameras, tmp_path, None) == wanted


def test_an_output_folder_that_is_a_file_is_refused(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(SiteError, match="a file; wanted a folder"):
        watched(clip, tmp_path / "out")


def test_a_source_that_is_not_there_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        watched(tmp_path / "missing.mp4", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failed_camera_is_an_event_without_its_password(tmp_path: Path) -> None:
    site = site_of("rtsp://camera/1")
    order = Order(site, tmp_path, "run", None)
    fault = SourceError("rtsp://user:hunter2@camera/1", "refused", "a camera")
    record = failed(order, site.cameras[0], fault)
    assert (record.failed, record.stopped) == (True, "rtsp://…@camera/1: refused; wanted a camera")
    lost_later = failed(order, site.cameras[0], fault, replace(LineRecord("cam-1"), frames_decoded_count=5))
    assert (lost_later.failed, lost_later.frames_decoded_count) == (False, 5)
    with Vault.open(tmp_path / VAULT, "run") as vault:
        (event,) = vault.events()
    assert (event.kind, event.trusted, event.details) == ("camera-failed", False, {"detail": "rtsp://…@camera/1: refused; wanted a camera"})


def test_asked_to_stop_everything_closes_also_what_came_later() -> None:
    stopper, closed = Stopper(), []
    stopper.on_stop(lambda: closed.append("early"))
    stopper.stop()
    stopper.on_stop(lambda: closed.append("late"))
    assert closed == ["early", "late"]
    assert stopper.flag.is_set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_the_second_insists(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), ending_on_interrupt() as stopper:
        signal.raise_signal(number)
        assert stopper.flag.is_set()
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    entered: list[bool] = []

    def enter() -> None:
        with ending_on_interrupt() as stopper:
            entered.append(stopper.flag.is_set())

    thread = Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [False]


def test_with_a_database_the_facts_are_there_and_the_files_are_the_same(clip: Path, tmp_path: Path, postgresql: None) -> None:
    line = '[[camera.line]]\nid = "across"\npx = [[0, 120], [320, 120]]\n'
    site = site_with(clip, tmp_path, line)
    assert run_site(site, tmp_path / "alone").exit_code == 0
    with fresh_database() as url:
        assert run_site(replace(site, database=url), tmp_path / "served").exit_code == 0
        with closing(Database(url, 5.0)) as database, database.reading() as connection:
            assert connection.scalar(text("SELECT count(*) FROM crossings")) == len((tmp_path / "alone" / "crossings.csv").read_text().splitlines()) - 1
    assert not (tmp_path / "served" / "vault" / "vault.db").exists()
    for name in ("crossings.csv", "flow.csv", "od.csv", "passings.csv"):
        assert (tmp_path / "served" / name).read_text() == (tmp_path / "alone" / name).read_text()
