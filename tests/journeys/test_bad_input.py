"""Bad input through the command line: one clear line, the right exit code, and nothing lost."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from tests.journeys.conftest import Said, refused
from tests.support.street import down_the_street, encode_street

CARS = [down_the_street(3.0), down_the_street(6.0, 80), down_the_street(10.0)]
VIDEO = "a video file (mp4, mkv, avi, or raw H.264)"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CATSEYE_DEBUG", raising=False)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s of traffic at 10 a second, indexed at the front so that a cut file can still be read."""
    folder = tmp_path_factory.mktemp("street")
    plain = encode_street(folder / "plain.mp4", CARS, 15.0, fps=10)
    with av.open(str(plain)) as source, av.open(str(folder / "street.mp4"), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return folder / "street.mp4"


Catseye = Callable[..., Said]


def test_what_is_no_video_is_refused(catseye: Catseye, street: Path) -> None:
    Path("folder.mp4").mkdir()
    Path("empty.mp4").touch()
    Path("text.mp4").write_text("this is not a video\n" * 50)
    Path("headless.mp4").write_bytes(street.read_bytes()[4_000:])
    reasons = {
        "missing.mp4": "no such file",
        "folder.mp4": "is a directory",
        "empty.mp4": "is empty (0 bytes)",
        "text.mp4": "cannot be read as video (invalid data found when processing input)",
        "headless.mp4": "cannot be read as video (invalid data found when processing input)",
    }
    for name, reason in reasons.items():
        assert refused(catseye("watch", name, "--detector", "motion")).endswith(f"{name}: {reason}; wanted {VIDEO}")


def test_a_truncated_video_gives_what_it_has_and_says_so(catseye: Catseye, street: Path) -> None:
    whole = street.read_bytes()
    Path("cut.mp4").write_bytes(whole[: int(len(whole) * 0.7)])
    said = catseye("watch", "cut.mp4", "--detector", "motion", "--line", "0,120,320,120")
    assert said.code == 1, said.err
    assert "of the source are damaged or missing, at last: ends at " in said.out
    assert 1 <= len(said.crossings()) < 3
    assert "source-damaged" in {event["kind"] for event in said.events()}  # what is torn may look blurred, too


@pytest.mark.parametrize("form", ["mpegts", "h264"])
def test_a_video_that_ends_within_a_frame_counts_until_there(catseye: Catseye, tmp_path: Path, form: str) -> None:
    clip = encode_street(tmp_path / f"clip.{form.replace('mpeg', '')}", CARS, 10.0, fps=10, form=form)
    whole = clip.read_bytes()
    clip.write_bytes(whole[:-41])
    said = catseye("watch", str(clip), "--detector", "motion", "--line", "0,120,320,120")
    assert said.code in (0, 1), said.err
    assert len(said.crossings()) == 2
    assert (said.run()["partial"], said.err) == (False, "")


def test_no_frame_rate_in_the_header_changes_no_count(catseye: Catseye, tmp_path: Path) -> None:
    raw = bytearray(encode_street(tmp_path / "clip.avi", CARS, 12.0, fps=10).read_bytes())
    header = raw.find(b"strh")
    raw[header + 8 + 24 : header + 8 + 28] = bytes(4)  # dwRate of AVISTREAMHEADER
    Path("no-rate.avi").write_bytes(raw)
    said = catseye("watch", "no-rate.avi", "--detector", "motion", "--line", "0,120,320,120")
    assert said.code in (0, 1), said.err
    assert said.run()["frames_decoded"] == 120


@pytest.mark.parametrize(("size_px", "code"), [((640, 480), 0), ((640, 360), 1)])
def test_another_resolution_in_the_middle_is_counted_on_the_same_line(catseye: Catseye, tmp_path: Path, size_px: tuple[int, int], code: int) -> None:
    first = encode_street(tmp_path / "a.ts", CARS, 8.6, fps=10, form="mpegts")
    second = encode_street(tmp_path / "b.ts", CARS, 16.0, fps=10, form="mpegts", from_s=8.6, size_px=size_px)
    Path("both.ts").write_bytes(first.read_bytes() + second.read_bytes())
    said = catseye("watch", "both.ts", "--detector", "motion", "--line", "0,120,320,120")
    assert said.code == code, said.out + said.err
    (event,) = [event for event in said.events() if event["kind"] == "resolution-change"]
    assert event["trusted"] is (code == 0)
    assert len(said.crossings()) == 3
    assert ("another shape" in said.out) is (code == 1)


SITE = '[site]\nid = "s"\n\n[[camera]]\nid = "cam-1"\nsource = "{source}"\n{more}\n'
MOTION = 'detector = "motion"\n'


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("analyzed_fps = 8", "site.toml:7: unknown key 'analyzed_fps' in [[camera]] cam-1; wanted 'analysed_fps'"),
        ('analysed_fps = "8"', 'site.toml:7: analysed_fps = "8" in [[camera]] cam-1; wanted frames a second, above 0, at most 120'),
        ("detector = 3", "site.toml:7: detector = 3 in [[camera]] cam-1; wanted the name of a detector"),
        ("detector", "site.toml:7: not TOML: "),
        ('[[camera.line]]\nid = "far"\npx = [[0, 1], [0, 1]]', "site.toml:9: a line from a point to itself in [[camera.line]] far; wanted two"),
        (f"{MOTION}[[camera.line]]\nid = 'far'\npx = [[0, 300], [320, 300]]", "site.toml:10: line far [[0, 300], [320, 300]] is outside the picture; wanted"),
    ],
)  # fmt: skip
def test_a_site_file_that_cannot_be_meant_is_told_with_its_line(catseye: Catseye, street: Path, more: str, line: str) -> None:
    Path("site.toml").write_text(SITE.format(source=street, more=more))
    assert refused(catseye("watch", "site.toml")).startswith(line)


def test_a_line_of_the_command_line_outside_the_picture_is_refused(catseye: Catseye, street: Path) -> None:
    line = refused(catseye("watch", str(street), "--detector", "motion", "--line", "0,300,320,300"))
    assert line.endswith("line line-1 [[0, 300], [320, 300]] is outside the picture; wanted a line within 320×240 pixels")


def test_a_model_that_is_not_the_one_of_the_manifest_is_refused(catseye: Catseye, street: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = bytearray((models / "yolox-nano.onnx").read_bytes())
    weights[len(weights) // 2] ^= 1
    Path("weights").mkdir()
    monkeypatch.setenv("CATSEYE_MODELS", "weights")
    monkeypatch.setenv("XDG_CACHE_HOME", "nothing-here")
    line = refused(catseye("watch", str(street), "--detector", "picodet-s-416"))
    assert line.startswith("model picodet-s-416: picodet-s-416.onnx is not in weights and nothing-here/catseye/models; wanted it there")
    for name in ("yolox-nano.onnx", "picodet-s-416.onnx"):
        (Path("weights") / name).write_bytes(weights)
    line = refused(catseye("watch", str(street), "--detector", "picodet-s-416"))
    assert line.startswith("weights/picodet-s-416.onnx: SHA-256 ")
    assert "it is damaged or another file" in line


def test_a_place_where_nothing_can_be_written_is_refused(catseye: Catseye, street: Path) -> None:
    Path("a-file").touch()
    line = refused(catseye("watch", str(street), "--detector", "motion", "--out", "a-file"))
    assert line == "--out: a-file is a file; wanted a folder, or a name that is free"
    line = refused(catseye("watch", str(street), "--detector", "motion", "--out", "a-file/out"))
    assert line.endswith("a-file: a file stands where a folder should; wanted a folder")


def test_a_street_where_nothing_happens_is_a_valid_answer(catseye: Catseye, tmp_path: Path) -> None:
    encode_street(tmp_path / "quiet.mp4", [], 6.0, fps=10)
    said = catseye("watch", "quiet.mp4", "--detector", "motion")
    assert (said.code, said.err) == (0, "")
    assert (said.crossings(), said.events()) == ([], [])
    assert said.run()["frames_decoded"] == 60
