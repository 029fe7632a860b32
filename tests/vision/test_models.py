"""The manifest is complete, files are what it says, and fetching keeps the right bytes or nothing."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.vision.detect import reference

from catseye.core.errors import ModelError
from catseye.vision import models as manifest
from catseye.vision.detect.selftest import drawn_picture, fingerprint

REFERENCE_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "models.md"
WEIGHTS = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
PLAIN_LICENCES = {"Apache-2.0", "BSD-3-Clause", "MIT"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of one's own, and no CATSEYE_MODELS."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CATSEYE_MODELS", raising=False)
    return tmp_path / "cache" / "catseye" / "models"


class Shop(BaseHTTPRequestHandler):
    """Serves the weights; /broken ends in the middle, /endless tells no length."""

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(WEIGHTS)))
        self.end_headers()
        self.wfile.write(WEIGHTS[:1000] if self.path == "/broken" else WEIGHTS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def sold(monkeypatch: pytest.MonkeyPatch) -> "Sold":
    return Sold(monkeypatch)


class Sold:
    """Puts a model of one small file into the manifest."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def at(self, url: str, sha256: str = SHA256) -> None:
        model = replace(manifest.catalogue()["yolox-nano"], name="small", files=(manifest.ModelFile("small.onnx", url, sha256),))
        self._monkeypatch.setattr(manifest, "catalogue", lambda: {"small": model})


def refusal(name: str = "small") -> str:
    with pytest.raises(ModelError) as fault:
        manifest.pull(name)
    assert "\n" not in str(fault.value)
    return str(fault.value)


def left_over(folder: Path) -> list[Path]:
    return list(folder.rglob("*")) if folder.exists() else []


@pytest.mark.parametrize("name", list(manifest.catalogue()))
def test_an_entry_tells_all_that_must_be_known(name: str) -> None:
    model = manifest.model_named(name)
    assert model.licence in PLAIN_LICENCES
    assert model.note
    assert model.layout in {"rgb", "bgr"}
    assert len(model.mean) == len(model.std) == 3
    assert all(value > 0 for value in model.std)
    for file in model.files:
        assert len(file.sha256) == 64
        repository, _, commit = model.origin.partition("@")
        assert file.url.startswith(f"https://raw.githubusercontent.com/{repository}/{commit}"), "pinned to a commit"
    if model.classes:
        assert len(model.fingerprint) == 14


def test_every_model_is_documented_with_its_licence_and_origin() -> None:
    page = REFERENCE_PAGE.read_text("utf-8")
    for model in manifest.catalogue().values():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{model.name}`")]
        assert model.licence in row
        assert model.origin in row
    assert f"| `{manifest.MOTION}`" in page


def test_the_default_is_a_detector_and_motion_comes_last() -> None:
    assert manifest.DEFAULT in manifest.detectors()
    assert manifest.detectors()[-1] == manifest.MOTION
    assert "yunet-n-640" not in manifest.detectors()


@pytest.mark.parametrize("name", ["yolox-nano", "picodet-s-416", "picodet-s-320"])
def test_the_fingerprint_is_the_plain_reference_implementations(name: str, models: Path) -> None:
    """Float pictures made outside the graph, the graph as published: nothing of ours but the drawing."""
    model = manifest.model_named(name)
    rows = reference.rows_of(models / model.files[0].name, model, drawn_picture(model.input_px))
    assert fingerprint(rows) == pytest.approx(model.fingerprint, abs=2e-3)


def test_the_weights_at_hand_are_the_manifests(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    for name, model in manifest.catalogue().items():
        assert manifest.is_here(name)
        assert [path.name for path in manifest.locate(name)] == [file.name for file in model.files]


def test_several_files_have_one_hash_of_their_own() -> None:
    one, two = manifest.model_named("yolox-nano"), manifest.model_named("plate-0106-int8")
    assert one.sha256 == one.files[0].sha256
    assert len(two.sha256) == 64
    assert two.sha256 not in {file.sha256 for file in two.files}


def test_an_unknown_name_is_told_the_nearest_known_one() -> None:
    with pytest.raises(ModelError) as fault:
        manifest.model_named("yolo-nano")
    assert str(fault.value) == "detector: no model is called 'yolo-nano'; wanted 'yolox-nano'"
    with pytest.raises(ModelError, match=r"^model: 'motion' has no weights; wanted one of yolox-nano"):
        manifest.model_named("motion")
    with pytest.raises(ModelError, match=r"wanted one of yolox-nano, .*, motion$"):
        manifest.model_named("12345678")


def test_a_missing_file_says_where_it_was_looked_for(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError) as fault:
        manifest.locate("yolox-nano")
    wanted = "it there (`catseye models pull yolox-nano`), or detector = 'motion'"
    assert str(fault.value) == f"model yolox-nano: yolox-nano.onnx is not in {cache}; wanted {wanted}"
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path / "mine"))
    with pytest.raises(ModelError) as fault:
        manifest.locate("yolox-nano")
    assert str(fault.value) == f"model yolox-nano: yolox-nano.onnx is not in {tmp_path / 'mine'} and {cache}; wanted {wanted}"
    assert not manifest.is_here("yolox-nano")


def test_a_file_of_another_hash_is_refused(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "yolox-nano.onnx").write_bytes(b"something else")
    with pytest.raises(ModelError) as fault:
        manifest.locate("yolox-nano")
    got = hashlib.sha256(b"something else").hexdigest()[:12]
    wanted = f"{manifest.model_named('yolox-nano').files[0].sha256[:12]}…: it is damaged or another file; remove it, then `catseye models pull yolox-nano`"
    assert str(fault.value) == f"{cache / 'yolox-nano.onnx'}: SHA-256 {got}…; wanted {wanted}"


def test_the_folder_of_the_environment_comes_first(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sold: Sold) -> None:
    sold.at("http://127.0.0.1:9/none")
    for folder in (cache, tmp_path / "mine"):
        folder.mkdir(parents=True)
        (folder / "small.onnx").write_bytes(WEIGHTS)
    assert manifest.locate("small") == [cache / "small.onnx"]
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path / "mine"))
    assert manifest.locate("small") == [tmp_path / "mine" / "small.onnx"]
    monkeypatch.setenv("CATSEYE_MODELS", "")
    assert manifest.locate("small") == [cache / "small.onnx"]


def test_pulling_keeps_the_right_bytes_and_tells_how_far_it_is(cache: Path, shop: str, sold: Sold) -> None:
    sold.at(f"{shop}/weights")
    told: list[tuple[int, int]] = []
    assert manifest.pull("small", lambda so_far, whole: told.append((so_far, whole))) == [cache / "small.onnx"]
    assert (cache / "small.onnx").read_bytes() == WEIGHTS
    assert left_over(cache) == [cache / "small.onnx"]
    assert told[-1] == (len(WEIGHTS), len(WEIGHTS))
    assert [so_far for so_far, _ in told] == sorted(so_far for so_far, _ in told)
    assert manifest.locate("small") == [cache / "small.onnx"]


def test_a_length_that_is_not_told_is_zero(cache: Path, shop: str, sold: Sold) -> None:
    sold.at(f"{shop}/endless")
    told: list[tuple[int, int]] = []
    manifest.pull("small", lambda so_far, whole: told.append((so_far, whole)))
    assert told[-1] == (len(WEIGHTS), 0)


def test_what_is_here_and_right_is_not_fetched_again(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sold: Sold) -> None:
    sold.at("http://127.0.0.1:9/nobody-is-there")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "small.onnx").write_bytes(WEIGHTS)
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path / "mine"))
    assert manifest.pull("small") == [tmp_path / "mine" / "small.onnx"]
    assert left_over(cache) == []


def test_a_damaged_file_in_the_cache_is_replaced(cache: Path, shop: str, sold: Sold) -> None:
    sold.at(f"{shop}/weights")
    cache.mkdir(parents=True)
    (cache / "small.onnx").write_bytes(WEIGHTS[:-1])
    manifest.pull("small")
    assert (cache / "small.onnx").read_bytes() == WEIGHTS


def test_bytes_of_another_hash_leave_nothing(cache: Path, shop: str, sold: Sold) -> None:
    sold.at(f"{shop}/weights", "ab" * 32)
    assert refusal() == f"{shop}/weights: SHA-256 {SHA256[:12]}…; wanted {'ab' * 6}…; nothing was kept"
    assert left_over(cache) == []


def test_an_answer_that_breaks_off_leaves_nothing(cache: Path, shop: str, sold: Sold) -> None:
    sold.at(f"{shop}/broken")
    assert refusal().startswith(f"{shop}/broken: ended after 1000 of {len(WEIGHTS)} bytes; wanted a network")
    assert left_over(cache) == []


def test_a_file_that_is_gone_is_one_line(cache: Path, shop: str, sold: Sold) -> None:
    sold.at(f"{shop}/gone")
    wanted = "a network, or the file small.onnx in the folder CATSEYE_MODELS"
    assert refusal() == f"{shop}/gone: could not be fetched (Not Found); wanted {wanted}"


def test_no_network_is_one_line(cache: Path, sold: Sold) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        sold.at(f"http://127.0.0.1:{closed.getsockname()[1]}/weights")
        assert "could not be fetched ([Errno 111] Connection refused)" in refusal()
    assert left_over(cache) == []


def test_an_answer_that_is_no_http_is_one_line(cache: Path, sold: Sold) -> None:
    with socket.create_server(("127.0.0.1", 0)) as strange:

        def answer() -> None:
            caller, _ = strange.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(b"moo\r\n\r\n")

        talking = threading.Thread(target=answer)
        talking.start()
        sold.at(f"http://127.0.0.1:{strange.getsockname()[1]}/weights")
        assert "could not be fetched (moo)" in refusal()
        talking.join()


def test_a_cache_that_cannot_be_written_is_one_line(cache: Path, tmp_path: Path, shop: str, sold: Sold) -> None:
    sold.at(f"{shop}/weights")
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert "cannot be written (" in refusal()


def test_an_interrupted_pull_leaves_nothing(cache: Path, shop: str, sold: Sold) -> None:
    sold.at(f"{shop}/weights")

    def interrupt(so_far: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        manifest.pull("small", interrupt)
    assert left_over(cache) == []
