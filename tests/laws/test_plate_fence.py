"""Number plates: one package reads them, it asks for a violation at every door, and nothing else can reach the network that reads."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from catseye.core.finding import Violation
from catseye.vision import models, plates
from catseye.vision.plates import networks, reader
from catseye.vision.plates.sockets import PlateText

SOURCE = Path(__file__).parents[2] / "src" / "catseye"
ROOM = SOURCE / "vision" / "plates"
READS = "plate-text"  # the family of networks that read


def outside() -> Iterator[Path]:
    return (path for path in SOURCE.rglob("*.py") if ROOM not in path.parents)


def test_nothing_outside_the_reader_names_a_network_that_reads() -> None:
    names = {model.name for model in models.catalogue().values() if model.family == READS}
    assert names == {networks.TEXT_CN}
    said = {path.name: word for path in outside() for word in (*names, READS, "plate-ocr", "ChinesePlates", "PlateText") if word in path.read_text("utf-8")}
    assert said == {}


def test_only_the_station_may_import_the_reader_and_only_its_front_door() -> None:
    inner = set()
    for path in outside():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("catseye.vision.plates"):
                inner |= {(path.relative_to(SOURCE).parts[0], node.module)}
            if isinstance(node, ast.ImportFrom) and node.module == "catseye.vision" and "plates" in {alias.name for alias in node.names}:
                inner |= {(path.relative_to(SOURCE).parts[0], "catseye.vision.plates")}
            if isinstance(node, ast.Import):
                inner |= {(path.relative_to(SOURCE).parts[0], alias.name) for alias in node.names if alias.name.startswith("catseye.vision.plates")}
    assert inner <= {("station", "catseye.vision.plates")}


def test_the_front_door_offers_nothing_that_reads_but_read() -> None:
    assert set(plates.__all__) == {"PlateError", "PlateReading", "Settings", "Way", "prove", "read", "seal_crops"}


def test_whatever_reads_takes_a_violation_first() -> None:
    doors = (plates.read, reader._read_frame, PlateText.characters, networks.ChinesePlates.characters)
    for door in doors:
        first = next(parameter for parameter in inspect.signature(door).parameters.values() if parameter.name != "self")
        assert (first.name, first.annotation) == ("violation", Violation), door


def test_a_violation_is_asked_for_before_anything_else_happens() -> None:
    for door in (plates.read, networks.ChinesePlates.characters):
        function = ast.parse(inspect.getsource(door).lstrip()).body[0]
        assert isinstance(function, ast.FunctionDef)
        first = function.body[1]  # behind the docstring
        assert isinstance(first, ast.Expr), door
        assert isinstance(first.value, ast.Call), door
        assert ast.unparse(first.value) == "refuse_without_violation(violation)"
