"""Live cameras through the command line: what cannot be watched is one line and no file; what is lost later loses nothing, and no secret ever shows."""

import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.journeys.conftest import Said, refused
from tests.support.cameras import RtspServer, Wire
from tests.support.street import down_the_street, encode_street

SECRET = "s3cret&Gate"
LOGIN = "viewer:${env:CAMERA_PASSWORD}@"
LOCKED = ("--user", "viewer", "--password", SECRET)
FPS = 15
CAR = down_the_street(4.0, speed_pxs=80)  # crosses y = 120 at 5.5 s, leaves at 7.75 s: a busy machine may be seconds late
PICTURES_COUNT = 9 * FPS  # until then it has crossed, and been seen to
PATIENCE_S = 120.0
Catseye = Callable[..., Said]
Rtsp = Callable[..., RtspServer]

pytestmark = pytest.mark.timeout(400)


def is_shown(secret: str, said: Said) -> bool:
    """In any word or file, bare or percent-encoded."""
    forms = [form.encode() for form in (secret, secret.replace("&", "%26"))]
    texts = [said.out.encode(), said.err.encode(), *(path.read_bytes() for path in said.folder.rglob("*") if path.is_file())]
    return any(form in text for form in forms for text in texts)


@pytest.fixture
def refusal(catseye: Catseye, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """The one line that a camera is refused with; it leaves no folder and shows no secret."""
    monkeypatch.setenv("CAMERA_PASSWORD", SECRET)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def refuse(location: str) -> str:
        said = catseye("watch", location, "--detector", "motion")
        assert not is_shown("s3cret", said)
        return refused(said)

    return refuse


def test_a_camera_that_is_not_there_is_refused(refusal: Callable[[str], str], dead_port: int) -> None:
    shown = f"rtsp://…@127.0.0.1:{dead_port}/live"
    assert refusal(f"rtsp://{LOGIN}127.0.0.1:{dead_port}/live") == f"{shown}: connection refused; wanted an RTSP server at 127.0.0.1:{dead_port}"
    assert "the name no-such-camera.invalid is unknown" in refusal(f"rtsp://{LOGIN}no-such-camera.invalid/live")
    assert "connection refused" in refusal(f"http://{LOGIN}127.0.0.1:{dead_port}/snapshot.jpg?token=${{env:CAMERA_PASSWORD}}")


def test_a_wrong_password_and_none_are_refused(refusal: Callable[[str], str], rtsp: Rtsp) -> None:
    server = rtsp("--user", "viewer", "--password", "another")
    wanted = "wanted valid credentials in the address"
    assert refusal(server.url(LOGIN)).endswith(f"the camera refused the user name or password (401); {wanted}")
    assert refusal(server.url()).endswith(f"the camera wants a user name and password (401); {wanted}")


def test_a_password_spelled_out_is_refused_before_anybody_is_called(refusal: Callable[[str], str], dead_port: int) -> None:
    assert "source spells out a password; wanted it by reference" in refusal(f"rtsp://viewer:s3cret@127.0.0.1:{dead_port}/live")
    assert "source spells out a password; wanted it by reference" in refusal(f"rtsp://127.0.0.1:{dead_port}/user=viewer&password=s3cret&channel=1")


def test_a_reference_to_no_password_is_refused(refusal: Callable[[str], str], dead_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMERA_PASSWORD")
    assert "${env:CAMERA_PASSWORD}, which is not set" in refusal(f"rtsp://{LOGIN}127.0.0.1:{dead_port}/live")


def test_an_unknown_path_is_refused(refusal: Callable[[str], str], rtsp: Rtsp) -> None:
    assert refusal(rtsp(*LOCKED).url(LOGIN, path="nothing")).endswith("no such stream (404); wanted the path of a stream of this camera")


def test_a_camera_that_never_answers_is_refused_after_the_stall_time(refusal: Callable[[str], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        line = refusal(f"rtsp://{LOGIN}127.0.0.1:{mute.getsockname()[1]}/live")
    assert line.endswith("connected, but no picture within 10 s; wanted an RTSP video stream")


def test_a_camera_that_answers_and_shows_no_picture_is_refused_after_the_stall_time(refusal: Callable[[str], str], rtsp: Rtsp) -> None:
    server = rtsp(*LOCKED)
    with Wire(server.port, is_blind=True) as wire:
        line = refusal(server.url(LOGIN, port=wire.port))
    assert line.endswith("connected, but no picture within 10 s; wanted an RTSP video stream")


class Pages(http.server.BaseHTTPRequestHandler):
    """A web page where a picture should be; asks for a password at /locked."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        code, headers = {"/page": (200, {"Content-Type": "text/html"}), "/locked": (401, {"WWW-Authenticate": 'Basic realm="camera"'})}.get(
            self.path.partition("?")[0], (404, {})
        )
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def pages() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    yield server.server_port
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize(("path", "said"), [("page", "content type text/html; wanted image/jpeg"), ("locked", "(401)"), ("nothing", "no such picture (404)")])
def test_an_http_address_that_is_no_camera_is_refused(refusal: Callable[[str], str], path: str, said: str) -> None:
    with pages() as port:
        assert said in refusal(f"http://{LOGIN}127.0.0.1:{port}/{path}?token=${{env:CAMERA_PASSWORD}}")


@dataclass(frozen=True)
class Outage:
    """The camera is away for `away_s`, and comes back with a picture of `size_px`; None: never."""

    size_px: tuple[int, int] | None
    away_s: float
    limit_s: float


OUTAGES = {
    "back": Outage((320, 240), 3.0, 33.0),
    "larger": Outage((640, 480), 0.5, 33.0),
    "wider": Outage((640, 360), 0.5, 33.0),
    "gone": Outage(None, 0.0, 14.0),
}


def street(folder: Path, size_px: tuple[int, int]) -> Path:
    clip = folder / f"street-{size_px[0]}x{size_px[1]}.mp4"
    return clip if clip.exists() else encode_street(clip, [CAR], 45.0, fps=FPS, size_px=size_px)


def watched_through(outage: Outage, python: str, folder: Path, clips: Path) -> Said:
    """`catseye watch` over a camera that dies once the car has crossed."""
    folder.mkdir()
    server = RtspServer(python, "--clip", str(street(clips, (320, 240))), *LOCKED)
    with Wire(server.port) as wire:
        words = ["watch", server.url(LOGIN, port=wire.port), "--detector", "motion", "--line", "0,120,320,120", "--limit-s", str(outage.limit_s)]
        watching = subprocess.Popen(
            [sys.executable, "-m", "catseye.station", *words],
            cwd=folder,
            env={**os.environ, "CAMERA_PASSWORD": SECRET},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            deadline_s = time.monotonic() + PATIENCE_S
            while wire.pictures_count < PICTURES_COUNT and watching.poll() is None and time.monotonic() < deadline_s:
                time.sleep(0.02)
            server.kill()
            if outage.size_px:
                time.sleep(outage.away_s)
                server.start("--clip", str(street(clips, outage.size_px)), *LOCKED)
            out, err = watching.communicate(timeout=outage.limit_s + PATIENCE_S)
        finally:
            watching.kill()
            watching.communicate()
            server.kill()
    return Said(watching.returncode, out, err, folder / "out")


@pytest.fixture(scope="module")
def outages(rtsp_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """All at the same time: most of it is waiting."""
    folder = tmp_path_factory.mktemp("outages")
    for outage in OUTAGES.values():
        street(folder, outage.size_px or (320, 240))
    with ThreadPoolExecutor(len(OUTAGES)) as threads:
        jobs = {name: threads.submit(watched_through, outage, rtsp_python, folder / name, folder) for name, outage in OUTAGES.items()}
        return {name: job.result() for name, job in jobs.items()}


def assert_both_sides_of_the_gap_are_kept(said: Said, away_s: float) -> None:
    (gap,) = [event for event in said.events() if event["kind"] == "source-gap"]
    begin_s, end_s = float(str(gap["time_s"])), float(str(gap["end_time_s"]))
    assert end_s - begin_s >= away_s
    assert gap["time_utc"]
    times_s = [float(row["time_s"]) for row in said.crossings()]
    assert len(times_s) == 2
    assert times_s[0] < begin_s < end_s < times_s[1]
    tracks = pq.read_table(said.folder / "tracks.parquet").to_pylist()
    assert all(track["end_ns"] <= begin_s * 1e9 + 1e6 or track["begin_ns"] >= end_s * 1e9 - 1e6 for track in tracks), "nobody is followed across a gap"
    points_ns = pq.read_table(said.folder / "points.parquet")["time_ns"].to_pylist()
    assert min(points_ns) < begin_s * 1e9 < end_s * 1e9 < max(points_ns)


def test_a_camera_gone_for_seconds_is_counted_before_and_after(outages: dict[str, Said]) -> None:
    said = outages["back"]
    assert (said.code, said.err) == (0, ""), said.out
    assert_both_sides_of_the_gap_are_kept(said, OUTAGES["back"].away_s)
    assert {event["kind"] for event in said.events()} <= {"source-gap", "frames-dropped"}
    run = said.run()
    assert (run["partial"], run["duration_s"]) == (False, pytest.approx(OUTAGES["back"].limit_s, abs=0.5))
    assert run["cpu_s"]["decode"] > 0  # type: ignore[index]


def test_a_camera_back_with_more_pixels_of_the_same_shape_is_counted_over_the_same_line(outages: dict[str, Said]) -> None:
    said = outages["larger"]
    assert (said.code, said.err) == (0, ""), said.out
    assert_both_sides_of_the_gap_are_kept(said, OUTAGES["larger"].away_s)
    (resized,) = [event for event in said.events() if event["kind"] == "resolution-change"]
    assert (resized["trusted"], resized["details"]) == (True, {"detail": "the picture was 320x240, now 640x480"})


def test_a_camera_back_with_another_shape_asks_for_a_look(outages: dict[str, Said]) -> None:
    said = outages["wider"]
    assert (said.code, said.err) == (1, ""), said.out
    assert_both_sides_of_the_gap_are_kept(said, OUTAGES["wider"].away_s)
    (resized,) = [event for event in said.events() if event["kind"] == "resolution-change"]
    assert resized["trusted"] is False
    assert said.out.count("the picture was 320x240, now 640x360: another shape, so lines may lie elsewhere on the road since ") == 1


def test_a_camera_that_never_comes_back_is_a_partial_result(outages: dict[str, Said]) -> None:
    said = outages["gone"]
    reason = "no picture came any more before the time was over"
    assert (said.code, said.err) == (1, ""), said.out
    assert said.out.count(f"cam-1: {reason}\n") == 1
    assert len(said.crossings()) == 1
    (lost,) = [event for event in said.events() if event["kind"] != "frames-dropped"]
    assert (lost["kind"], lost["trusted"], lost["details"]) == ("camera-failed", False, {"detail": reason})
    assert said.run()["partial"] is True
    assert pq.read_metadata(said.folder / "points.parquet").num_rows > 10


@pytest.mark.parametrize("name", OUTAGES)
def test_no_secret_is_in_any_word_or_file(outages: dict[str, Said], name: str) -> None:
    said = outages[name]
    assert not is_shown(SECRET, said)
    assert not is_shown("s3cret", said)
    assert all("//viewer:${env:CAMERA_PASSWORD}@" in str(event["lineage"]) for event in said.events())


@pytest.mark.soak
def test_a_camera_gone_for_a_minute_is_counted_before_and_after(rtsp_python: str, tmp_path: Path) -> None:
    said = watched_through(Outage((320, 240), 60.0, 120.0), rtsp_python, tmp_path / "minute", tmp_path)
    assert (said.code, said.err) == (0, ""), said.out
    assert_both_sides_of_the_gap_are_kept(said, 60.0)
    assert not is_shown(SECRET, said)
