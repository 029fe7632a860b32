"""The tree itself: nothing of one machine, no registry's host, no real frame."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURES_WE_DREW = {"docs"}


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_path_of_a_machine_or_a_registry() -> None:
    hosts = "|".join(("pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(org|com)", "deb\\." + r"debian\.org"))
    machine = re.compile(rf"({hosts})|(^|[^A-Za-z0-9_./-])/(work|farm|home|root)/".encode())
    assert [str(path) for path in tracked() if path.suffix not in {".png"} and path != Path(__file__) and machine.search(path.read_bytes())] == []


def test_pictures_in_the_tree_are_ones_we_drew() -> None:
    """Video and photographs never enter; the pictures of the documentation come from the rendered demo."""
    media = {".jpg", ".jpeg", ".png", ".mp4", ".avi", ".mkv", ".h264"}
    strangers = [path for path in tracked() if path.suffix in media and path.relative_to(ROOT).parts[0] not in PICTURES_WE_DREW]
    assert strangers == []
