"""The site file: what is accepted, and the one line that each fault gets."""

# ruff: noqa: E501 - the line a user sees stands here in one piece

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.errors import SiteError
from catseye.station.site import DETECTOR, Camera, Site, default_line, line_of_text, load_site, site_of_video

SITES = Path(__file__).parents[2] / "sites"
GOOD = (SITES / "junction.toml").read_text("utf-8")
VIETNAM = timezone(timedelta(hours=7))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def site_from(folder: Path, text: str) -> Site:
    (folder / "a.toml").write_text(text, "utf-8")
    return load_site("a.toml")


def minimal(camera: str = "", site: str = "") -> str:
    return f'[site]\nid = "s"\n{site}\n[[camera]]\nid = "c"\n{camera}\n'


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize("path", sorted(SITES.glob("*.toml")), ids=lambda path: path.name)
def test_every_example_loads(path: Path) -> None:
    site = load_site(path)
    assert site.cameras or site.fleet is not None


def test_the_full_example_says_what_it_says() -> None:
    site = load_site(SITES / "junction.toml")
    (camera,) = site.cameras
    assert (site.id, site.timezone, camera.id, camera.analysed_fps) == ("junction-7", "Asia/Ho_Chi_Minh", "cam-1", 8.0)
    assert camera.start == datetime(2022, 9, 25, 16, 42, tzinfo=VIETNAM)
    assert camera.began is not None
    assert camera.began.iso() == "2022-09-25T09:42:00.000Z"
    assert camera.lines[0].px == ((100.0, 250.0), (640.0, 250.0))
    assert camera.lines[1].m == ((0.0, 14.5), (12.4, 14.5))
    assert camera.types["redrunner"].kind == "car"
    assert [rule.name for rule in camera.rules] == ["red-light", "school-hours"]


# Each: what to replace in the full example, by what, where the fault stands, and the line that is told about it.
FAULTS = [
    ("analysed_fps = 8", "analyzed_fps = 8", "unknown key 'analyzed_fps' in [[camera]] cam-1; wanted 'analysed_fps'"),
    ("analysed_fps = 8", 'analysed_fps = "8"', 'analysed_fps = "8" in [[camera]] cam-1; wanted frames a second, above 0, at most 120'),
    ("analysed_fps = 8", "analysed_fps = 0", "analysed_fps = 0 in [[camera]] cam-1; wanted frames a second, above 0, at most 120"),
    ("analysed_fps = 8", "analysed_fps = true", "analysed_fps = true in [[camera]] cam-1; wanted frames a second, above 0, at most 120"),
    ("analysed_fps = 8", "redaction = false", "unknown key 'redaction' in [[camera]] cam-1; wanted no such key: redaction cannot be switched off"),
    ('id = "cam-1"', 'id = "cam 1"', "id = \"cam 1\" in [[camera]] cam 1; wanted a name of letters, digits, '_', '-' and '.', 64 at most"),
    ('id = "cam-1"', 'id = "../cam"', "id = \"../cam\" in [[camera]] ../cam; wanted a name of letters, digits, '_', '-' and '.', 64 at most"),
    ("px = [[100, 250], [640, 250]]", "px = [[100, 250], [640, 250, 1]]", "px = [[100, 250], [640, 250, 1]] in [[camera.line]] stop-line; wanted two points, [[x1, y1], [x2, y2]] in pixels"),
    ("px = [[100, 250], [640, 250]]", "px = [[100, 250]]", "px = [[100, 250]] in [[camera.line]] stop-line; wanted two points, [[x1, y1], [x2, y2]] in pixels"),
    ("px = [[100, 250], [640, 250]]", 'px = [[100, 250], [640, "a"]]', 'px = [[100, 250], [640, "a"]] in [[camera.line]] stop-line; wanted two points, [[x1, y1], [x2, y2]] in pixels'),
    ("px = [[100, 250], [640, 250]]", "px = [[100, 250], [nan, 250]]", "px = [[100, 250], [nan, 250]] in [[camera.line]] stop-line; wanted two points, [[x1, y1], [x2, y2]] in pixels"),
    ("px = [[100, 250], [640, 250]]", "px = [[100, 250], [100.0, 250]]", "a line from a point to itself in [[camera.line]] stop-line; wanted two different points"),
    ("m = [[0, 14.5], [12.4, 14.5]]", "px = [[0, 1], [2, 3]]\nm = [[0, 1], [2, 3]]", "both px and m in [[camera.line]] far-side; wanted one of the two"),
    ('id = "far-side"', 'id = "stop-line"', "a second line 'stop-line' in [[camera.line]] stop-line; wanted an id of its own for each line"),
    ("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Min", "timezone = \"Asia/Ho_Chi_Min\" in [site]; wanted 'Asia/Ho_Chi_Minh'"),
    ("Asia/Ho_Chi_Minh", "../../etc", "timezone = \"../../etc\" in [site]; wanted an IANA time zone, such as 'Asia/Ho_Chi_Minh'"),
    ("Asia/Ho_Chi_Minh", "Asia", "timezone = \"Asia\" in [site]; wanted an IANA time zone, such as 'Asia/Ho_Chi_Minh'"),
    ("start = 2022-09-25T16:42:00 ", "start = 2022-09-25 ", "start = 2022-09-25 in [[camera]] cam-1; wanted a date and time with its offset, such as 2022-09-25T16:42:00+07:00"),
    ("start = 2022-09-25T16:42:00 ", "start = 0001-01-01T00:00:00 ", "start = 0001-01-01T00:00:00 in [[camera]] cam-1; wanted a year from 1970 to 2199"),
    ('source = "clips/junction-7.mp4"', 'source = "rtsp://c/1"', None),
    ('source = "clips/junction-7.mp4"', "source = 5", "source = 5 in [[camera]] cam-1; wanted a file, relative to this one, or a URL (rtsp://, http://, https://), in quotes"),
    ('source = "clips/junction-7.mp4"', 'source = ""', 'source = "" in [[camera]] cam-1; wanted a file, relative to this one, or a URL (rtsp://, http://, https://), in quotes'),
    ('source = "clips/junction-7.mp4"', 'source = "${vault:a}"', "source holds a ${…} that is no reference in [[camera]] cam-1; wanted ${env:NAME} or ${file:PATH}"),
    ('kind = "red-light"', 'kind = "redlight"', "kind = \"redlight\" in [[camera.rule]] number 1; wanted 'red-light'"),
    ('line = "stop-line"', 'line = "stopline"', "line = \"stopline\" in [[camera.rule]] number 1; wanted 'stop-line'"),
    ('signal = "near-lamp"', 'signal = "lamp"', "signal = \"lamp\" in [[camera.rule]] number 1; wanted 'near-lamp'"),
    ('direction = "backward"', 'direction = "back"', "direction = \"back\" in [[camera.rule]] number 1; wanted 'backward'"),
    ("limit_kmh = 30", "limit = 30", "unknown key 'limit' in [[camera.rule]] school-hours; wanted 'limit_kmh'"),
    ('kind = "car"', 'kind = "van"', "kind = \"van\" in [camera.types.redrunner]; wanted one of 'pedestrian', 'cyclist', 'motorcyclist', 'car', 'bus', 'truck', 'unknown'"),
    ("length_m = 5.0", "lenght_m = 5.0", "unknown key 'lenght_m' in [camera.types.redrunner]; wanted 'length_m'"),
    ("lamp_px = [554, 182, 568, 198]", "lamp_px = [568, 182, 554, 198]", "lamp_px = [568, 182, 554, 198] in [[camera.signal]] near-lamp; wanted left, top, right, bottom in pixels, with left < right and top < bottom"),
    ("lamp_px = [554, 182, 568, 198]", "lamp_px = [554, 182]", "lamp_px = [554, 182] in [[camera.signal]] near-lamp; wanted left, top, right, bottom in pixels, with left < right and top < bottom"),
    ("head_px = [30, 150, 46, 200]", "head_px = [30, 150, 46, 200]\ntimeline = 'a.csv'", None),
    ("heading = [[510, 360], [485, 210]]", "heading = [[510, 360], [510, 360]]", "a heading from a point to itself in [[camera.zone]] kerb-lane; wanted two different points"),
    ("px = [[420, 360], [470, 210], [500, 210], [600, 360]]", "px = [[0, 0], [1, 1], [2, 2]]", "a zone without area in [[camera.zone]] kerb-lane; wanted points that are not on one line"),
    ("px = [[420, 360], [470, 210], [500, 210], [600, 360]]", "px = [[0, 0], [1, 1]]", "px = [[0, 0], [1, 1]] in [[camera.zone]] kerb-lane; wanted three points or more, [[x1, y1], [x2, y2], [x3, y3], …]"),
    ("{ px = [24.0, 340.0], m = [0.0, 0.0] }", "{ px = [24.0, 340.0] }", "neither m nor deg in [[camera.calibration.points]] number 4; wanted one of the two"),
    ("{ px = [24.0, 340.0], m = [0.0, 0.0] }", "{ px = 24.0, m = [0.0, 0.0] }", "px = 24 in [[camera.calibration.points]] number 4; wanted a point [x, y] in pixels"),
    ("size_px = [640, 360]", "size_px = [640]", "size_px = [640] in [camera.calibration]; wanted width and height of the picture in pixels, [w, h]"),
    ("size_px = [640, 360]", "size_px = [640, 0]", "size_px = [640, 0] in [camera.calibration]; wanted width and height of the picture in pixels, [w, h]"),
    ("sigma_px = 1.5", "sigma_px = 0", "sigma_px = 0 in [camera.calibration]; wanted pixels, above 0, at most 100"),
    ("sigma_m = 0.05", "sigma_cm = 5", "unknown key 'sigma_cm' in [camera.calibration]; wanted 'sigma_m'"),
    ('lens = "auto"', 'lens = "wide"', "lens = \"wide\" in [camera.calibration]; wanted 'auto', or 'none' for a lens known to be straight"),
    ("date = 2022-09-20", "date = 2022-09-20T10:00:00", "date = 2022-09-20T10:00:00 in [camera.calibration]; wanted a date, such as 2026-03-02"),
    ("[site]", "[site", "not TOML: Expected ']' at the end of a table declaration, column 6; wanted TOML"),
    ("[[camera.zone]]", "[[camera.zones]]", "unknown key 'zones' in [[camera]] cam-1; wanted 'zone'"),
    ("[[camera.zone]]", '[[camera."zo\\nne"]]', "unknown key 'zo\\nne' in [[camera]] cam-1; wanted 'zone'"),
    ('id = "junction-7"', 'id = ["a"]', "id = [\"a\"] in [site]; wanted a name of letters, digits, '_', '-' and '.', 64 at most"),
]  # fmt: skip


@pytest.mark.parametrize(("was", "becomes", "told"), [fault for fault in FAULTS if fault[2]], ids=lambda text: (text or "")[:40])
def test_a_fault_is_told_in_one_line_with_its_place(folder: Path, was: str, becomes: str, told: str) -> None:
    text = GOOD.replace(was, becomes, 1)
    assert text != GOOD
    with pytest.raises(SiteError) as fault:
        site_from(folder, text)
    assert str(fault.value) == f"a.toml:{line_of(GOOD, was) + becomes.count(chr(10))}: {told}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a.toml: an empty file; wanted [site], then one [[camera]] or more"),
        ("# nothing\n", "a.toml: no 'site'; wanted a table [site] with id = \"…\""),
        ('[site]\nid = "a"\n', "a.toml: no camera; wanted one [[camera]] or more, or a table [fleet]"),
        ('camera = []\n[site]\nid = "a"\n', "a.toml:1: no camera; wanted one [[camera]] or more, or a table [fleet]"),
        ('[site]\nid = "a"\n[camera]\nid = "c"\n', "a.toml:3: camera = a table; wanted one [[camera]] or more"),
        ('site = 1\n[[camera]]\nid = "c"\n', "a.toml:1: site = 1; wanted a table [site] with id = \"…\""),
        ('[site]\nid = "a"\n[[camera]]\n', "a.toml:3: no 'id' in [[camera]] number 1; wanted a name of letters, digits, '_', '-' and '.', 64 at most"),
        ('[sites]\nid = "a"\n[[camera]]\nid = "c"\n', "a.toml:1: unknown key 'sites'; wanted 'site'"),
        (minimal() + '[[camera]]\nid = "c"\n', "a.toml:8: a second camera 'c' in [[camera]] c; wanted an id of its own for each camera"),
        (minimal('[[camera.line]]\nid = "l"'), "a.toml:6: neither px nor m in [[camera.line]] l; wanted one of the two"),
        (minimal("[camera.calibration]\nlens = 'none'"), "a.toml:6: neither points nor certificate in [camera.calibration]; wanted one of the two"),
        (minimal("[camera.calibration]\ncertificate = 'c.json'\npoints = []"), "a.toml:7: both points and certificate in [camera.calibration]; wanted one of the two"),
        (minimal("[camera.calibration]\npoints = []"), "a.toml:7: 0 reference points in [camera.calibration]; wanted four or more"),
        (minimal("start = 2022-09-25T16:42:00"), "a.toml:6: start = 2022-09-25T16:42:00 in [[camera]] c; wanted its offset from UTC, such as 2022-09-25T16:42:00+07:00, or a timezone in [site]"),
        (minimal("start = 2026-03-29T02:30:00", 'timezone = "Europe/Berlin"'), "a.toml:6: start = 2026-03-29T02:30:00 in [[camera]] c; wanted its offset from UTC: the clocks of Europe/Berlin change then"),
        (minimal("start = 2026-10-25T02:30:00", 'timezone = "Europe/Berlin"'), "a.toml:6: start = 2026-10-25T02:30:00 in [[camera]] c; wanted its offset from UTC: the clocks of Europe/Berlin change then"),
        (minimal('source = "rtsp://c/1"\nstart = 2026-01-01T00:00:00Z'), "a.toml:7: a start for a live source in [[camera]] c; wanted no start: pictures are stamped on arrival"),
        (minimal('[[camera.signal]]\nid = "s"'), "a.toml:6: a signal nobody can see or read in [[camera.signal]] s; wanted one of lamp_px, head_px, timeline"),
        (minimal('[[camera.signal]]\nid = "s"\nlink = 1'), "a.toml:6: link without tls in [[camera.signal]] s; wanted both or neither"),
        (minimal('[[camera.signal]]\nid = "s"\nlamp_px = [1, 1, 2, 2]\ntimeline = "a.csv"'), "a.toml:9: lamp_px and timeline in [[camera.signal]] s; wanted one of lamp_px, head_px, timeline"),
        (minimal('[[camera.rule]]\nkind = "speeding"\nlimit_kmh = 50\nzone = "z"'), "a.toml:9: zone = \"z\" in [[camera.rule]] number 1; wanted a [[camera.zone]] of that id"),
        (minimal("a = " + "1" * 5000), "a.toml: a number of thousands of digits; wanted a site file"),
        (minimal("a = " + "[" * 5000), "a.toml: lists nested too deep; wanted a site file"),
        (minimal("analysed_fps = 8\nanalysed_fps = 8"), "a.toml:7: not TOML: Cannot overwrite a value, column 17; wanted TOML"),
        (minimal("x = '''"), "a.toml:6: not TOML: Expected \"'''\"; wanted TOML"),
    ],
    ids=lambda text: text[-60:] if text.startswith("a.toml") else "",
)  # fmt: skip
def test_a_file_that_cannot_be_meant_is_told_in_one_line(folder: Path, text: str, told: str) -> None:
    with pytest.raises(SiteError) as fault:
        site_from(folder, text)
    assert str(fault.value) == told


def test_points_in_metres_and_degrees_do_not_mix(folder: Path) -> None:
    text = GOOD.replace("m = [0.0, 0.0] }", "deg = [21.0, 105.8] }")
    with pytest.raises(SiteError, match=r"^a\.toml:17: some points in m, some in deg in \[camera\.calibration\]; wanted all in m, or all in deg$"):
        site_from(folder, text)


def test_a_path_that_is_no_file_is_told_in_one_line(folder: Path) -> None:
    (folder / "bytes.toml").write_bytes(b'[site]\nid = "\xff\xfe"')
    (folder / "film.toml").write_bytes(bytes(5 << 20))
    for path, told in {
        "missing.toml": "missing.toml: no such file; wanted a site file",
        ".": ".: a directory; wanted a site file",
        "bytes.toml": "bytes.toml:2: not UTF-8 text; wanted a site file (TOML)",
        "film.toml": "film.toml: larger than 4 MiB; wanted a site file (TOML)",
        "zero\0byte": "zero\0byte: not a path; wanted a readable site file",
    }.items():
        with pytest.raises(SiteError) as fault:
            load_site(path)
        assert str(fault.value) == told


def test_a_file_saved_by_a_windows_editor_loads_and_keeps_its_line_numbers(folder: Path) -> None:
    (folder / "a.toml").write_bytes(b"\xef\xbb\xbf" + minimal("x = 1").replace("\n", "\r\n").encode())
    with pytest.raises(SiteError, match=r"^a\.toml:6: unknown key 'x'"):
        load_site("a.toml")


@pytest.mark.parametrize("text", [minimal('source = "rtsp://viewer:hunter2@c/"'), minimal('source = "http://c/?password=hunter2"\nstart = 5')])
def test_a_password_in_the_file_is_refused_and_not_repeated(folder: Path, text: str) -> None:
    with pytest.raises(SiteError) as fault:
        site_from(folder, text)
    assert str(fault.value).startswith("a.toml:6: source spells out a password in [[camera]] c; wanted it by reference")
    assert "hunter2" not in str(fault.value) + repr(fault.value)


def test_a_secret_is_looked_up_only_when_the_camera_is_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAM", raising=False)
    site = site_from(folder, minimal('source = "rtsp://v:${env:CAM}@c/1"'))
    with pytest.raises(SiteError, match=r"^a\.toml:6: source asks for \$\{env:CAM\}, which is not set"):
        site.source_of(site.cameras[0])
    monkeypatch.setenv("CAM", "hunter2")
    assert site.source_of(site.cameras[0]) == "rtsp://v:hunter2@c/1"
    assert "hunter2" not in repr(site)


def test_a_file_is_relative_to_the_site_file(folder: Path) -> None:
    (folder / "sites").mkdir()
    (folder / "sites" / "a.toml").write_text(minimal('source = "clips/a.mp4"'))
    site = load_site("sites/a.toml")
    assert site.source_of(site.cameras[0]) == str(folder / "sites" / "clips" / "a.mp4")


def test_a_camera_without_a_source_is_told_when_it_is_opened(folder: Path) -> None:
    site = site_from(folder, minimal())
    with pytest.raises(SiteError) as fault:
        site.source_of(site.cameras[0])
    assert str(fault.value) == 'a.toml:4: [[camera]] c has no source; wanted source = "…" in the site file, or --source'


def test_the_hash_is_of_what_the_site_says_not_of_how_it_is_written(folder: Path) -> None:
    one = site_from(folder, minimal("analysed_fps = 8"))
    assert one.hash == site_from(folder, minimal("# a comment")).hash
    assert one.hash != site_from(folder, minimal("analysed_fps = 5")).hash
    assert len(one.hash) == 64


def test_a_bare_video_is_a_site_with_one_camera(folder: Path) -> None:
    site = site_of_video("clip.mp4")
    assert site.wants_default_line
    assert (site.cameras[0].id, site.cameras[0].lines, site.cameras[0].detector) == ("cam-1", (), DETECTOR)
    assert site.source_of(site.cameras[0]) == str(folder / "clip.mp4")


def test_lines_of_the_command_line_are_named_in_order() -> None:
    site = site_of_video("rtsp://c/1", lines=[line_of_text("0,1,2,3", 1), line_of_text("4,5,6,7", 2)])
    assert site.cameras[0].line_ids == ("line-1", "line-2")
    assert not site.wants_default_line


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,1,2", "nan,1,2,3", "1;2;3;4", "inf,0,0,0"])
def test_a_line_that_is_none_is_told_in_one_line(text: str) -> None:
    with pytest.raises(SiteError) as fault:
        line_of_text(text, 1)
    assert str(fault.value) == f'--line: "{text}"; wanted x1,y1,x2,y2: two different points in pixels'


def test_the_default_line_is_level_in_the_middle_and_forward_is_down() -> None:
    assert default_line(768, 432).px == ((0.0, 216.0), (768.0, 216.0))


def test_options_change_the_chosen_camera_only(folder: Path) -> None:
    (folder / "a.toml").write_text(minimal("start = 2022-01-01T00:00:00Z") + '[[camera]]\nid = "d"\n[[camera.line]]\nid = "line-1"\npx = [[0, 0], [1, 1]]\n')
    site = load_site("a.toml").with_options(camera="d", source="b.mp4", detector="motion", analysed_fps=4, lines=[line_of_text("0,1,2,3", 1)])
    first, second = site.cameras
    assert (first.source, first.detector, first.start) == (None, DETECTOR, datetime(2022, 1, 1, tzinfo=UTC))
    assert (second.source, second.detector, second.analysed_fps) == (str(folder / "b.mp4"), "motion", 4.0)
    assert second.line_ids == ("line-1", "line-2")


def test_another_source_has_another_beginning(folder: Path) -> None:
    site = site_from(folder, minimal("start = 2022-01-01T00:00:00Z")).with_options(source="rtsp://c/1")
    assert site.cameras[0].start is None


def test_a_detector_holds_for_every_camera_and_an_option_for_one_needs_to_know_which(folder: Path) -> None:
    site = site_from(folder, minimal() + '[[camera]]\nid = "d"\n')
    assert [camera.detector for camera in site.with_options(detector="motion").cameras] == ["motion", "motion"]
    with pytest.raises(SiteError) as fault:
        site.with_options(source="b.mp4")
    assert str(fault.value) == "a.toml: 2 cameras (c, d); wanted --camera with one of their ids"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"camera": "q"}, "--camera: a.toml has no camera \"q\"; wanted 'c'"),
        ({"analysed_fps": -1.0}, "--analysed-fps: analysed_fps = -1; wanted frames a second, above 0, at most 120"),
        ({"source": "rtsp://a:hunter2@c/"}, '--source: source spells out a password; wanted it by reference, such as "rtsp://user:${env:CAMERA_PASSWORD}@host/path", or ${file:PATH}'),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_meant_is_told_by_its_name(folder: Path, options: dict[str, str], told: str) -> None:
    site = site_from(folder, minimal())
    with pytest.raises(SiteError) as fault:
        site.with_options(**options)  # type: ignore[arg-type]
    assert str(fault.value) == told


def test_a_detector_nobody_knows_is_told_with_its_line(folder: Path) -> None:
    site = site_from(folder, minimal('detector = "yolox-nona"'))
    with pytest.raises(SiteError) as fault:
        site.refuse_other_detectors(["yolox-nano", "motion"])
    assert str(fault.value) == "a.toml:6: no detector is called \"yolox-nona\"; wanted 'yolox-nano'"


def test_a_line_outside_the_picture_is_refused_and_one_that_leaves_it_is_not(folder: Path) -> None:
    site = site_from(folder, minimal('[[camera.line]]\nid = "l"\npx = [[-10, 100], [700, 100]]\n[[camera.line]]\nid = "out"\npx = [[0, 400], [640, 400]]'))
    site.refuse_lines_outside(site.cameras[0], 640, 480)
    with pytest.raises(SiteError) as fault:
        site.refuse_lines_outside(site.cameras[0], 640, 360)
    assert str(fault.value) == "a.toml:11: line out [[0, 400], [640, 400]] is outside the picture; wanted a line within 640×360 pixels"


def test_the_default_detector_is_the_manifests() -> None:
    from catseye.vision.models import DEFAULT

    assert DETECTOR == DEFAULT


@given(st.binary(max_size=200))
def test_any_bytes_are_a_site_or_a_fault(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(raw)
    with pytest.raises(SiteError) as fault:
        load_site(path)
    assert "\n" not in str(fault.value)


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=8), st.datetimes(), st.just("\0")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.sampled_from(["id", "px", "m", "kind", "source", "start", "line", "points", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
    return repr(value)


@given(st.sampled_from(sorted(Camera.model_json_schema(by_alias=True)["properties"])), VALUES)
def test_any_value_of_any_key_is_accepted_or_told_on_its_line(tmp_path_factory: pytest.TempPathFactory, key: str, value: object) -> None:
    path = tmp_path_factory.getbasetemp() / "value.toml"
    path.write_text(f'[site]\nid = "s"\n[[camera]]\n{key} = {toml(value)}\n' + ('id = "c"\n' if key != "id" else ""), "utf-8")
    try:
        load_site(path)
    except SiteError as fault:
        assert str(fault).startswith(f"{path}:4: ")
        assert "\n" not in str(fault)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("mysql://host/db", "another kind of address in [site]; wanted the address of a PostgreSQL database"),
        ("postgresql://user:hunter2@host/db", "database spells out a password in [site]; wanted it by reference"),
    ],
)
def test_a_database_that_cannot_be_meant_is_told_in_one_line(folder: Path, address: str, told: str) -> None:
    (folder / "site.toml").write_text(f'[site]\nid = "s"\ndatabase = "{address}"\n[[camera]]\nid = "c"\n')
    with pytest.raises(SiteError) as fault:
        load_site(folder / "site.toml")
    assert told in str(fault.value)
    assert "hunter2" not in str(fault.value)


def test_a_database_s_password_is_looked_up_when_it_is_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "site.toml").write_text('[site]\nid = "s"\ndatabase = "postgresql://u:${env:DB_PASSWORD}@h/d"\n[[camera]]\nid = "c"\n')
    site = load_site(folder / "site.toml")
    with pytest.raises(SiteError, match=r"site\.toml:3: database asks for \$\{env:DB_PASSWORD\}, which is not set"):
        _ = site.database_url
    monkeypatch.setenv("DB_PASSWORD", "a/b")
    assert site.database_url == "postgresql://u:a%2Fb@h/d"
