"""Where a source measures speeds itself, hard braking is the change of those speeds, and a sideways leap between lanes is none."""

import gzip
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from catseye.station.judging import run_judge
from catseye.station.site import load_site

LEAST_MS2 = 5.0  # the simulation's cars brake with 4.5 unless they must
BEGIN_S, END_S = 100.0, 260.0
SITE = f"""
[site]
id = "braking"

[[camera]]
id = "cam"

[camera.types]
car = {{ kind = "car", length_m = 5.0 }}
speeder = {{ kind = "car", length_m = 5.0 }}
redrunner = {{ kind = "car", length_m = 5.0 }}
tailgater = {{ kind = "car", length_m = 5.0 }}
moto = {{ kind = "motorcyclist", length_m = 2.2 }}
bus = {{ kind = "bus", length_m = 12.0 }}
truck = {{ kind = "truck", length_m = 7.1 }}
DEFAULT_VEHTYPE = {{ kind = "car", length_m = 5.0 }}

[[camera.rule]]
kind = "hard-braking"
least_ms2 = {LEAST_MS2}
"""


def stretch_of(fcd: Path) -> str:
    """The timesteps between the two times, as SUMO wrote them."""
    with gzip.open(fcd, "rt") as file:
        steps = re.findall(r'<timestep time="([0-9.]+)">(.*?)</timestep>', file.read(), re.DOTALL)
    return "<fcd-export>" + "".join(f'<timestep time="{time}">{rows}</timestep>' for time, rows in steps if BEGIN_S <= float(time) <= END_S) + "</fcd-export>"


def decelerations(text: str) -> dict[str, list[tuple[float, float]]]:
    """Of every vehicle, moments (s) above 15 km/h and the speed lost since the step before (m/s²), from SUMO's speeds alone."""
    last: dict[str, tuple[float, float]] = {}
    found = defaultdict(list)
    for time, rows in re.findall(r'<timestep time="([0-9.]+)">(.*?)</timestep>', text, re.DOTALL):
        for name, speed in re.findall(r'<vehicle id="([^"]+)"[^>]* speed="([0-9.]+)"', rows):
            now = float(time), float(speed)
            if name in last and now[1] * 3.6 > 15:
                found[name].append((now[0], (last[name][1] - now[1]) / (now[0] - last[name][0])))
            last[name] = now
    return found


def test_hard_braking_is_the_change_of_the_given_speeds(shared: Path, tmp_path: Path) -> None:
    text = stretch_of(shared / "traffic" / "sumo-junction" / "fcd.xml.gz")
    (tmp_path / "fcd.xml").write_text(text)
    (tmp_path / "site.toml").write_text(SITE)
    run_judge(load_site(tmp_path / "site.toml"), tmp_path / "fcd.xml", tmp_path / "out", camera=None, signals=None)
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    truth = decelerations(text)
    for event in events:
        meanwhile = [value for time_s, value in truth[event["tracks"][0]] if event["time_s"] - 0.01 <= time_s <= event["end_time_s"] + 0.01]
        assert event["measures"][0]["value"] == pytest.approx(max(meanwhile), abs=0.02)
        assert event["measures"][0]["value"] > LEAST_MS2
    sure = {name for name, moments in truth.items() if any(min(v for _, v in moments[at : at + 3]) > LEAST_MS2 for at in range(len(moments) - 2))}
    assert len(sure) >= 6
    assert sure <= {event["tracks"][0] for event in events}


def test_a_leap_between_lanes_is_no_braking(tmp_path: Path) -> None:
    """3.2 m sideways in one step at a steady 50 km/h, as SUMO changes lanes."""
    steps = [
        f'<timestep time="{n / 5:.1f}"><vehicle id="a" x="{n * 2.8:.2f}" y="{0.0 if n < 20 else 3.2}" angle="90" type="passenger" speed="14.0"/></timestep>'
        for n in range(50)
    ]
    (tmp_path / "fcd.xml").write_text(f"<fcd-export>{''.join(steps)}</fcd-export>")
    (tmp_path / "site.toml").write_text(SITE.replace(f"least_ms2 = {LEAST_MS2}", "least_ms2 = 1"))
    run_judge(load_site(tmp_path / "site.toml"), tmp_path / "fcd.xml", tmp_path / "out", camera=None, signals=None)
    assert (tmp_path / "out" / "events.jsonl").read_text() == ""
