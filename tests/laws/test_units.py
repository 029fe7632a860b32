"""A number without its unit is a bug that waits: every numeric field of a frozen noun says its unit, or is a plain count or code."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "catseye"
UNITS = (
    "_m",
    "_px",
    "_s",
    "_ms",
    "_ns",
    "_us",
    "_kmh",
    "_ms2",
    "_deg",
    "_rad",
    "_ratio",
    "_count",
    "_fps",
    "_cm",
    "_bytes",
    "_hz",
    "_mm",
    "_px2",
    "_m2",
    "_pxs",
    "_h",
)
# Words that carry no physical unit, each with its reason.
UNITLESS = {
    "index": "a position in a sequence",
    "seq": "a position in the sealed log",
    "value": "Measure: its unit is the field beside it",
    "doubt": "Measure: same unit as its value",
    "kind": "a code of RoadUser",
    "track": "an identifier",
    "joined": "pairs of identifiers",
    "ended": "identifiers",
    "seed": "chooses a random sequence",
    "exit_code": "what a process returns",
    "line": "index of a line",
    "camera": "index of a camera",
    "direction": "a code, forward or backward",
    "grain": "noise in grey levels of a drawn picture",
    "patches": "shades of a drawn picture",
    "plate_text": "an invented number plate",
    "out": "a unit vector",
    "owner": "identifiers, a pixel",
    "faces": "corner indices",
    "limbs": "indices",
    "group": "an identifier",
    "layers": "an order of drawing",
    "colour": "RGB",
    "label": "an identifier",
    "part": "a code",
    "part_layer": "an order of drawing",
    "limb_of_face": "indices",
    "first_corner": "an index",
    "yield_rank": "an order",
    "rank": "an order",
    "paths": "keyed by identifiers",
    "right_hand": "a unit vector",
    "trails": "keyed by identifiers",
    "legend": "what is drawn beside a picture",
    "gaps": "where a chart is interrupted",
    "matrix": "counts, from line to line",
    "by_kind": "counts, keyed by kind",
    "mean": "Model: pixel values 0..255, as published with the weights",
    "std": "Model: pixel values 0..255, as published with the weights",
    "fingerprint": "Model: a network's answer to the drawn picture",
    "port": "a TCP port",
    "frames_decoded": "run.json's own name for a count",
    "frames_dropped": "run.json's own name for a count",
    "px": "the unit is the whole name: picture pixels",
    "m": "the unit is the whole name: street metres",
    "deg": "the unit is the whole name: latitude, longitude",
    "version": "a schema's version",
    "place": "in the unit of the plane its scene is in (Scene, Finding, Passages: m or px)",
    "place_sigma": "as place",
    "velocity": "as place, a second",
    "velocity_sigma": "as place, a second",
    "accel": "as place, a second squared",
    "accel_sigma": "as accel",
    "heading": "a unit vector",
    "length": "as place",
    "width": "as place",
    "ends": "as place",
    "corners": "as place",
    "right": "a unit vector",
    "state": "a code of Lamp",
    "peak": "Episode: in the unit of the value its rule watches",
    "peak_sigma": "as peak",
    "sigma": "in the unit of the value beside it",
    "speed": "as place, a second",
    "speed_sigma": "as place, a second",
    "beyond": "as place",
    "row": "indices of rows",
    "a": "grey levels squared",
    "b": "grey levels squared",
    "c": "grey levels squared",
    "moves_x": "pixels a unit of motion",
    "moves_y": "pixels a unit of motion",
    "normal": "of normal equations",
    "slope": "derivatives of edges, pixels, by places and sizes, metres",
    "stays": "as place",
    "spread": "as place",
    "share": "a share",
    "basis": "of a fit, without unit",
    "velocity_basis": "of a fit, a second",
    "kmh": "the unit is the whole name",
    "open": "identifiers",
    "left": "units of a drawing",
    "top": "units of a drawing",
    "size": "units of a drawing",
    "height": "units of a drawing",
    "ratio": "the unit is the whole name",
    "radius": "as place",
    "hourly": "events an hour: value, least, most",
    "violations_hourly": "as hourly",
    "leader": "indices of rows",
    "walker": "an identifier",
    "walker_kind": "a code of RoadUser",
    "least_speed": "as velocity",
    "weight": "1 over a variance, as place",
    "trust": "a share",
    "scale": "a factor on doubts",
    "begin": "an index",
    "homography": "Calibration: normalised picture and ground",
    "lens": "Calibration: normalised picture",
    "covariance": "Calibration: of homography and lens",
    "back": "Calibration: the inverse homography",
    "theta": "homography and lens, normalised",
    "chi2": "squared sigmas",
    "pull": "as the normal matrix",
    "picture": "Points: normalised picture",
    "ground": "Points: normalised ground",
    "sigma_picture": "as picture",
    "sigma_ground": "as ground",
    "up": "a column of a homography",
    "up_by_focal": "as up",
    "east": "as up",
    "north": "as up",
    "base": "as up",
    "ahead": "a unit vector",
    "axis": "a code: which edge direction of two footprints",
}
NUMERIC = {"int", "float", "Floats", "Doubles", "Ints"}


def numeric_fields(path: Path) -> list[tuple[str, str]]:
    found = []
    for cls in [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]:
        for item in cls.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                words = {node.id for node in ast.walk(item.annotation) if isinstance(node, ast.Name)}
                if words & NUMERIC and not words & {"Callable", "Mapping", "dict"}:
                    found.append((f"{path.relative_to(SOURCE)}:{cls.name}", item.target.id))
    return found


def test_every_numeric_field_carries_its_unit() -> None:
    bare = [
        (where, name)
        for path in sorted(SOURCE.rglob("*.py"))
        for where, name in numeric_fields(path)
        if not name.lstrip("_").endswith(UNITS) and name.lstrip("_") not in UNITLESS
    ]
    assert bare == [], "add the unit to the name, or the word with its reason to UNITLESS"
