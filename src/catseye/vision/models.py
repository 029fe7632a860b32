"""The model manifest: what each network is, where its weights come from, and whether the file at hand is that file.

Weights are looked for in the folder `CATSEYE_MODELS`, then in the user's cache; `catseye models pull` fetches into the cache.
"""

import hashlib
import os
import tempfile
import tomllib
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from http.client import HTTPException
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import HTTPError

from catseye.core.errors import ModelError
from catseye.core.road_user import RoadUser

MOTION = "motion"
DEFAULT = "yolox-nano"
PLUGINS = "catseye.detectors"
_CHUNK_BYTES = 1 << 16
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its name, where a commit pins it, and the SHA-256 of its bytes."""

    name: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the manifest. `mean` and `std` are in 0..255 pixel values, in the order of `layout` (rgb or bgr).

    `classes` maps the network's class index to a kind of road user; `input_px` is the side of the square it was trained on.
    `least_score_ratio`: weaker boxes of it are noise. `most_iou_ratio`, `most_inside_ratio`:
    when two of its boxes are one road user (see `detect.boxes.Limits`).
    `fingerprint` is what the network gives on the drawn test picture (see `detect.selftest`); empty for adders of regions.
    """

    name: str
    files: tuple[ModelFile, ...]
    licence: str
    origin: str
    family: str
    runtime: str
    layout: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    input_px: int
    classes: dict[int, RoadUser]
    fingerprint: tuple[float, ...]
    least_score_ratio: float
    most_iou_ratio: float
    most_inside_ratio: float
    note: str

    @property
    def sha256(self) -> str:
        """One hash for run.json: of the first file when there is one, else of all hashes in order."""
        if len(self.files) == 1:
            return self.files[0].sha256
        return hashlib.sha256("".join(file.sha256 for file in self.files).encode()).hexdigest()


@cache
def catalogue() -> dict[str, Model]:
    """Every model of the manifest, by name, in the manifest's order."""
    table = tomllib.loads(resources.files("catseye.vision").joinpath("models.toml").read_text("utf-8"))
    return {name: _model(name, entry) for name, entry in table.items()}


def _model(name: str, entry: dict[str, Any]) -> Model:
    return Model(
        name=name,
        files=tuple(ModelFile(**file) for file in entry["files"]),
        licence=entry["licence"],
        origin=entry["origin"],
        family=entry["family"],
        runtime=entry["runtime"],
        layout=entry["layout"],
        mean=tuple(entry["mean"]),
        std=tuple(entry["std"]),
        input_px=entry["input_px"],
        classes={int(index): RoadUser(kind) for index, kind in entry["classes"].items()},
        fingerprint=tuple(entry.get("fingerprint", ())),
        least_score_ratio=entry.get("least_score", 0.06),
        most_iou_ratio=entry.get("most_iou", 0.5),
        most_inside_ratio=entry.get("most_inside", 1.0),
        note=entry["note"],
    )


def detectors() -> list[str]:
    """Names a camera's `detector` may have: every network that finds road users, `motion`, and what plug-ins register."""
    plugged_in = [part.name for part in entry_points(group=PLUGINS) if part.name != MOTION]
    return [*(name for name, model in catalogue().items() if model.classes), MOTION, *plugged_in]


def model_named(name: str) -> Model:
    """The manifest's entry; ModelError names the nearest known one."""
    known = catalogue()
    if name == MOTION:
        raise ModelError("model", f"{MOTION!r} has no weights", "one of " + ", ".join(known))
    if name not in known:
        near = get_close_matches(name, [*known, MOTION], 1)
        raise ModelError("detector", f"no model is called {name!r}", f"{near[0]!r}" if near else "one of " + ", ".join(detectors()))
    return known[name]


def folders() -> list[Path]:
    """Where weights are looked for, first match wins."""
    chosen = os.environ.get("CATSEYE_MODELS")
    return ([Path(chosen)] if chosen else []) + [cache_folder()]


def cache_folder() -> Path:
    """Where `pull` puts weights: the user's cache (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "catseye" / "models"


def is_here(name: str) -> bool:
    """Whether every file of the model is on this machine (its hash is checked on loading)."""
    return all(_find(file) for file in model_named(name).files)


def locate(name: str) -> list[Path]:
    """The model's files, each with the manifest's hash; ModelError when one is missing or is another file."""
    return [_checked(name, file) for file in model_named(name).files]


def _find(file: ModelFile) -> Path | None:
    return next((folder / file.name for folder in folders() if (folder / file.name).is_file()), None)


def _checked(name: str, file: ModelFile) -> Path:
    path = _find(file)
    if path is None:
        looked = " and ".join(str(folder) for folder in folders())
        raise ModelError(f"model {name}", f"{file.name} is not in {looked}", f"it there (`catseye models pull {name}`), or detector = 'motion'")
    try:
        got = sha256_of(path)
    except OSError as fault:
        raise ModelError(str(path), fault.strerror or "cannot be read", "a readable model file") from fault
    if got != file.sha256:
        wanted = f"{file.sha256[:12]}…: it is damaged or another file; remove it, then `catseye models pull {name}`"
        raise ModelError(str(path), f"SHA-256 {got[:12]}…", wanted)
    return path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pull(name: str, progress: Callable[[int, int], None] | None = None) -> list[Path]:
    """Fetch what is missing into the cache, hash checked before it gets its name; `progress(bytes so far, bytes in all or 0)`."""
    return [_here_and_whole(file) or _pull(file, progress) for file in model_named(name).files]


def _here_and_whole(file: ModelFile) -> Path | None:
    try:
        path = _find(file)
        return path if path and sha256_of(path) == file.sha256 else None
    except OSError:
        return None


def _pull(file: ModelFile, progress: Callable[[int, int], None] | None) -> Path:
    folder = cache_folder()
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{file.name}.") as apart:
            part = Path(apart) / file.name
            with part.open("wb") as kept:
                came = _fetch(file, kept, progress)
            if came != file.sha256:
                raise ModelError(file.url, f"SHA-256 {came[:12]}…", f"{file.sha256[:12]}…; nothing was kept")
            part.replace(target)
    except OSError as fault:
        raise ModelError(str(target), f"cannot be written ({fault.strerror or fault})", "a cache folder with room (XDG_CACHE_HOME)") from fault
    return target


def _fetch(file: ModelFile, kept: BinaryIO, progress: Callable[[int, int], None] | None) -> str:
    """SHA-256 of what came; an OSError that passes through is of the disk."""
    digest = hashlib.sha256()
    wanted = f"a network, or the file {file.name} in the folder CATSEYE_MODELS"
    try:
        answer = urllib.request.urlopen(file.url, timeout=_PATIENCE_S)
    except (OSError, HTTPException) as fault:
        if isinstance(fault, HTTPError):
            fault.close()
        raise ModelError(file.url, f"could not be fetched ({_said(fault)})", wanted) from fault
    with answer:
        length = answer.headers.get("Content-Length") or ""
        so_far_bytes, whole_bytes = 0, int(length) if length.isdecimal() else 0
        while chunk := _read(answer, file, wanted):
            kept.write(chunk)
            digest.update(chunk)
            so_far_bytes += len(chunk)
            if progress:
                progress(so_far_bytes, whole_bytes)
    if so_far_bytes < whole_bytes:
        raise ModelError(file.url, f"ended after {so_far_bytes} of {whole_bytes} bytes", wanted)
    return digest.hexdigest()


def _read(answer: Any, file: ModelFile, wanted: str) -> bytes:
    try:
        return bytes(answer.read(_CHUNK_BYTES))
    except (OSError, HTTPException) as fault:
        raise ModelError(file.url, f"broke off ({_said(fault)})", wanted) from fault


def _said(fault: Exception) -> str:
    """One line of what the network said."""
    return " ".join(str(getattr(fault, "reason", "") or fault).split()) or type(fault).__name__
