"""The command line: one line for every fault, the right exit code, JSON for machines, and nothing heavy at the start."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catseye.station import cli
from catseye.station.outcome import RunOutcome
from catseye.station.verbs import plugins as plugins_verb
from catseye.station.verbs.watch import site_of

HEAVY = ("numpy", "av", "pydantic", "matplotlib", "onnxruntime", "onnx", "pyarrow", "sqlalchemy", "cv2", "rich", "scipy", "shapely", "structlog", "jinja2")
# ruff: noqa: E501 - the line a user sees stands here in one piece
SITE = '[site]\nid = "s"\n[[camera]]\nid = "c"\n'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CATSEYE_DEBUG", raising=False)


def catseye(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "catseye.station", *words], capture_output=True, check=False, text=True, timeout=60, env={**os.environ, **environment}
    )


def test_the_command_line_imports_nothing_heavy() -> None:
    shown = (
        f"import sys, catseye.station.cli as cli; code = cli.run(['--help']); heavy = set(sys.modules) & set({HEAVY}); sys.exit(repr(heavy) if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, check=False, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "watch" in done.stdout


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == "catseye 0.1.0\n"


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["models"], ["watch", "--help"], ["models", "pull", "--help"]])
def test_help_is_fine_and_plain(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 0
    told = capsys.readouterr()
    assert told.out.startswith("Usage: catseye")
    assert told.err == ""


def test_every_verb_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("demo", "watch", "check", "plugins"):
        assert cli.run([verb, "--help"]) == 0
        assert f"\n    catseye {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("wach x.mp4", "No such command 'wach'. Did you mean 'watch'?; wanted what `catseye --help` shows"),
        ("watch", "Missing argument 'SITE.toml|VIDEO|URL'; wanted what `catseye watch --help` shows"),
        ("watch --lnie 1,2,3,4 x.mp4", "No such option: --lnie"),
        ("watch x.mp4 y.mp4", "Got unexpected extra argument(s) (y.mp4); wanted what `catseye watch --help` shows"),
        ("watch x.mp4 --limit-s soon", "Invalid value for '--limit-s': Input should be a valid number"),
        ("watch x.mp4 --limit-s 0", "--limit-s: 0; wanted seconds above 0"),
        ("watch x.mp4 --limit-s nan", "--limit-s: nan; wanted seconds above 0"),
        ("watch x.mp4 --line 1,2,3", '--line: "1,2,3"; wanted x1,y1,x2,y2: two different points in pixels'),
        ("watch x.mp4 --analysed-fps 0", "--analysed-fps: analysed_fps = 0; wanted frames a second, above 0, at most 120"),
        ("watch x.mp4 --detector yolox-nona", "--detector: no detector is called \"yolox-nona\"; wanted 'yolox-nano'"),
        ("watch x.mp4 --camera cam-2", "--camera: x.mp4 has no camera \"cam-2\"; wanted 'cam-1'"),
        ("watch x.mp4 --source y.mp4", "--source: a second source beside x.mp4; wanted it with a site file only"),
        ("watch rtsp://a:hunter2@c/", 'VIDEO: source spells out a password; wanted it by reference, such as "rtsp://user:${env:CAMERA_PASSWORD}@host/path", or ${file:PATH}'),
        ("watch missing.toml", "missing.toml: no such file; wanted a site file"),
        ("watch bad.toml", "bad.toml:5: unknown key 'sorce' in [[camera]] c; wanted 'source'"),
        ("watch bare.toml", 'bare.toml:3: [[camera]] c has no source; wanted source = "…" in the site file, or --source'),
        ("check bad.toml", "bad.toml:5: unknown key 'sorce' in [[camera]] c; wanted 'source'"),
        ("check bare.toml --camera d", "--camera: bare.toml has no camera \"d\"; wanted 'c'"),
        ("models pull yolox-nan", "detector: no model is called 'yolox-nan'; wanted 'yolox-nano'"),
        ("demo --seconds-s 1", "Invalid value for '--seconds-s': Input should be greater than or equal to 5; wanted what `catseye demo --help` shows"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_and_exit_2(words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.toml").write_text(SITE + 'sorce = "a.mp4"\n')
    Path("bare.toml").write_text(SITE)
    assert cli.run(words.split()) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"catseye: {told}")
    assert output.err.count("\n") == 1


@pytest.mark.parametrize("target", ["missing.mp4", "folder", "empty.mp4", "text.mp4", "folder/missing.mp4"])
def test_a_video_that_is_none_is_one_line_and_exit_2(target: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path("folder").mkdir()
    Path("empty.mp4").touch()
    Path("text.mp4").write_text("this is not a video\n" * 50)
    assert cli.run(["watch", target, "--detector", "motion"]) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.startswith("catseye: ")
    assert target in output.err
    assert output.err.count("\n") == 1


def test_a_bug_is_one_line_and_no_script_takes_it_for_a_result(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> RunOutcome:
        raise ZeroDivisionError("at rtsp://user:hunter2@camera/1")

    monkeypatch.setattr(plugins_verb, "list_plugins", broken)
    assert cli.run(["plugins"]) == 2
    assert (
        capsys.readouterr().err == "catseye: ZeroDivisionError: at rtsp://…@camera/1: this is a bug in catseye, please report it; CATSEYE_DEBUG=1 shows where\n"
    )
    monkeypatch.setenv("CATSEYE_DEBUG", "1")
    assert cli.run(["plugins"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_exit_1_and_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> RunOutcome:
        signal.raise_signal(signal.SIGINT)
        time.sleep(1)
        raise AssertionError

    monkeypatch.setattr(plugins_verb, "list_plugins", interrupted)
    assert cli.run(["plugins"]) == 1
    assert capsys.readouterr().err == "catseye: stopped by Ctrl-C\n"


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    done = subprocess.run(f"{sys.executable} -m catseye.station plugins | true", shell=True, capture_output=True, check=False, text=True, timeout=60)
    assert done.stderr == ""


def test_an_outcome_decides_the_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(plugins_verb, "list_plugins", lambda: RunOutcome(1, {"counted": 3}, ["three counted", "one not trusted"]))
    assert cli.run(["plugins"]) == 1
    assert capsys.readouterr().out == "three counted\none not trusted\n"
    assert cli.run(["plugins", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"counted": 3}


def test_no_outcome_has_a_code_that_no_script_expects() -> None:
    with pytest.raises(ValueError, match="exit code 3"):
        RunOutcome(3, {}, [])


def test_a_terminal_that_knows_no_tick_gets_a_question_mark(models: Path) -> None:
    done = catseye("models", "test", "yolox-nano", CATSEYE_MODELS=str(models), PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stdout) == (0, "? yolox-nano: hash and self-test are right\n")


def test_models_are_listed_for_people_and_machines(models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    assert cli.run(["models", "list"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("name")
    assert cli.run(["models", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert [row["name"] for row in rows if row["is_default"]] == ["yolox-nano"]
    assert all(row["is_here"] and row["licence"] and row["name"] in text for row in rows)


def test_a_damaged_model_fails_its_test_and_the_others_are_still_tested(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "picodet-s-320.onnx").write_bytes(b"not a network")
    (tmp_path / "yunet-n-640.onnx").symlink_to(models / "yunet-n-640.onnx")
    assert cli.run(["models", "test", "--json"]) == 1
    told = {row["name"]: row["fault"] for row in json.loads(capsys.readouterr().out)["models"]}
    assert set(told) == {"picodet-s-320", "yunet-n-640"}
    assert "picodet-s-320.onnx: SHA-256" in told["picodet-s-320"]
    assert told["yunet-n-640"] is None


def test_every_socket_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["plugins"]) == 0
    text = capsys.readouterr().out
    assert all(socket in text for socket in ("Source", "Detector", "Rule", "TerminalDialect", "Exporter", "CameraProbe", "Runner"))


def test_check_tells_what_a_run_would_miss(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.toml").write_text(
        SITE + 'source = "nowhere.mp4"\ndetector = "motion"\n[[camera.rule]]\nkind = "stopped"\n[[camera.rule]]\nkind = "speeding"\nlimit_kmh = 50\n'
    )
    assert cli.run(["check", "a.toml", "--json"]) == 1
    findings = {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["detector motion"]["is_right"] is True
    assert findings["source"]["is_right"] is False
    assert "nowhere.mp4" in findings["source"]["detail"]
    assert findings["rule stopped"] == {"camera": "c", "what": "rule stopped", "is_right": True, "detail": "can be judged"}
    assert findings["rule speeding"]["is_right"] is None
    assert findings["rule speeding"]["detail"] == "not judged: it measures in metres, and the camera is not calibrated"


def test_check_holds_every_line_against_the_picture(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = f'source = "{shared / "video" / "highway.avi"}"\ndetector = "motion"\n'
    lines = {"good": "[[0, 150], [320, 150]]", "long": "[[0, 150], [640, 150]]", "out": "[[0, 300], [320, 300]]"}
    Path("a.toml").write_text(SITE + source + "".join(f'[[camera.line]]\nid = "{name}"\npx = {px}\n' for name, px in lines.items()))
    assert cli.run(["check", "a.toml"]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "✓  c       detector motion  needs no weights",
        "✓  c       source           320×240 pixels",
        "✓  c       line good        inside the picture",
        "✗  c       line long        partly outside the picture",
        "✗  c       line out         outside the picture",
        "a.toml: 1 camera, 2 to look at",
    ]


def test_a_bare_video_with_lines_becomes_a_site() -> None:
    site = site_of("clip.mp4", lines=["0,1,2,3", "-4,5,6,7.5"], detector="motion", analysed_fps=4.0)
    (camera,) = site.cameras
    assert (camera.id, camera.detector, camera.analysed_fps, camera.line_ids) == ("cam-1", "motion", 4.0, ("line-1", "line-2"))
    assert camera.lines[1].px == ((-4.0, 5.0), (6.0, 7.5))


def test_what_ends_in_toml_is_a_site_file_unless_it_is_a_url() -> None:
    Path("A.TOML").write_text(SITE + 'source = "x.mp4"\n')
    assert site_of("A.TOML").id == "s"
    assert site_of("http://camera/site.toml").cameras[0].source == "http://camera/site.toml"
