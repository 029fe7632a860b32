"""Secrets are named, looked up late, and shown nowhere."""

from pathlib import Path

import pytest

from catseye.core.errors import SiteError
from catseye.station.references import resolved, source_fault


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://user:hunter2@camera/1",
        "rtsp://user:12345@camera:554/1",
        "rtsp://user:hun${env:A}ter2@camera/1",
        "rtsp://user:p@ss/word@camera/1",
        "rtsp://:hunter2@camera/1",
        "http://camera/video?user=a&password=hunter2",
        "http://camera/video?PWD=hunter2",
        "rtsp://camera:554/user=admin_password=hunter2_channel=1",
        "https://camera/live.m3u8?token=hunter2",
    ],
)
def test_a_password_spelled_out_is_refused(source: str) -> None:
    trouble = source_fault(source)
    assert trouble is not None
    assert trouble[0] == "source spells out a password"


@pytest.mark.parametrize(
    "source",
    [
        "clip.mp4",
        "rtsp://camera:554/stream@main",
        "rtsp://user@camera/1",
        "rtsp://user:${env:PASSWORD}@camera/1",
        "rtsp://${env:USER_NAME}:${file:secrets/camera}@camera:554/1",
        "rtsp://[2001:db8::1]:554/1",
        "http://camera/video?password=${env:PASSWORD}&channel=1",
        "${env:CAMERA_URL}",
        "clips/a:b@c.mp4",
    ],
)
def test_a_source_without_a_spelled_out_secret_is_fine(source: str) -> None:
    assert source_fault(source) is None


@pytest.mark.parametrize("source", ["${vault:x}", "rtsp://a:${PASSWORD}@b", "${env:}", "${env:A", "${env:${env:A}}", "${env:A B}"])
def test_a_reference_nobody_understands_is_refused(source: str) -> None:
    assert source_fault(source) == ("source holds a ${…} that is no reference", "${env:NAME} or ${file:PATH}")


def test_a_secret_of_the_environment_is_percent_encoded_in_a_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET", "p@ss/w:rd")
    assert resolved("rtsp://user:${env:SECRET}@camera/1", tmp_path, "a.toml:3") == "rtsp://user:p%40ss%2Fw%3Ard@camera/1"


def test_a_whole_url_of_the_environment_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CAMERA_URL", "rtsp://user:p%40ss@camera/1")
    assert resolved("${env:CAMERA_URL}", tmp_path, "a.toml:3") == "rtsp://user:p%40ss@camera/1"


def test_a_secret_file_is_relative_to_the_site_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    assert resolved("rtsp://u:${file:secret}@camera/1", tmp_path, "a.toml:3") == "rtsp://u:hunter2@camera/1"


@pytest.mark.parametrize(
    ("content", "came"), [(None, "cannot be read"), (b"", "holds nothing"), (b"a\nb", "holds several lines"), (b"\xff\xfe", "cannot be read")]
)
def test_a_secret_file_that_is_no_secret_is_one_clear_line(tmp_path: Path, content: bytes | None, came: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SiteError) as fault:
        resolved("${file:secret}", tmp_path, "a.toml:3")
    assert str(fault.value) == f"a.toml:3: source asks for ${{file:{path}}}, which {came}; wanted a text file of one line"


def test_a_variable_that_is_not_set_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(SiteError) as fault:
        resolved("rtsp://u:${env:NOT_SET}@c/", tmp_path, "a.toml:3")
    assert str(fault.value) == "a.toml:3: source asks for ${env:NOT_SET}, which is not set; wanted the environment variable NOT_SET"
