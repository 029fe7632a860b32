"""A raw frame may show a face. Only the rooms that must touch one may even name it."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "catseye"
MAY_NAME_A_RAW_FRAME = {"core", "vision", "fleet", "station", "testing"}
MAKES_REDACTED_PICTURES = SOURCE / "vision" / "redact.py"


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


def calls_in(path: Path) -> set[str]:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {call.id for call in calls if isinstance(call, ast.Name)} | {call.attr for call in calls if isinstance(call, ast.Attribute)}


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def test_only_the_rooms_inside_the_fence_name_a_raw_frame() -> None:
    outside = [path for path in SOURCE.rglob("*.py") if room_of(path) not in MAY_NAME_A_RAW_FRAME]
    assert outside, "the law must have something to watch"
    assert [str(path) for path in outside if "RawFrame" in names_in(path)] == []


def test_only_redaction_makes_a_redacted_picture() -> None:
    makers = [path for path in SOURCE.rglob("*.py") if "RedactedPicture" in calls_in(path) and room_of(path) != "testing"]
    assert makers in ([], [MAKES_REDACTED_PICTURES])


def makers_of(noun: str) -> set[str]:
    return {room_of(path) for path in SOURCE.rglob("*.py") if noun in calls_in(path)}


def test_only_vision_makes_media_that_may_be_stored() -> None:
    """It alone has seen the original: what it says is sealed or redacted is."""
    assert makers_of("SealedMedia") == makers_of("RedactedMedia") == {"vision"}


def test_no_path_writes_pixels_past_redaction() -> None:
    """Encoders and picture writers live in few files only; they take nothing but a RedactedPicture, or say here why not."""
    writers = {"imwrite", "imencode", "imsave", "VideoWriter", "add_stream", "tofile"}
    found = {str(path.relative_to(SOURCE)): sorted(calls_in(path) & writers) for path in SOURCE.rglob("*.py") if calls_in(path) & writers}
    allowed = {
        "vault/pictures.py",
        "station/preview.py",
        "vision/evidence/written.py",
        "vision/upload_copies.py",
        "station/relay.py",  # a stream of messages on a bus
        "station/demo/encode.py",  # rendered scenes: nobody real is in them
        "vision/plates/reader.py",  # crops of a violator, PNG in memory: they leave it through `seal` alone
    }
    assert set(found) <= allowed, found


def test_packets_become_files_in_memory_only() -> None:
    """A clip cut from the ring is an original: the one place that makes it never opens a path, and what gives it out is `seal`."""
    remuxers = {"add_mux_stream", "add_stream_from_template"}
    makers = {path for path in SOURCE.rglob("*.py") if calls_in(path) & remuxers}
    assert makers == {SOURCE / "vision" / "evidence" / "cut.py"}
    for name in ("evidence/cut.py", "evidence/frames.py", "plates/reader.py"):
        path = SOURCE / "vision" / name
        assert not calls_in(path) & {"write_bytes", "write_text", "NamedTemporaryFile", "TemporaryFile", "mkstemp", "new_file"}, name
