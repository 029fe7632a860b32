"""Signals from files: phases of our own, SUMO's tlsState."""

from pathlib import Path

import pytest

from catseye.core.errors import CatseyeError, SourceError
from catseye.core.signal import LAMP_AMBER, LAMP_GREEN, LAMP_RED, LAMP_UNKNOWN
from catseye.station.signals import read_phases, read_tls, signals_of
from catseye.station.site import load_site

TLS = (
    "<tlsStates>"
    + "".join(f'<tlsState time="{time_s}" id="A0" state="{state}"/>' for time_s, state in ((0, "Gr"), (5, "Gr"), (10, "yo"), (13, "uR")))
    + "</tlsStates>"
)
SITE = """[site]
id = "s"
[[camera]]
id = "c"
[[camera.signal]]
id = "lit"
timeline = "phases.csv"
[[camera.signal]]
id = "linked"
tls = "A0"
link = 1
[[camera.signal]]
id = "seen"
lamp_px = [1, 1, 2, 2]
"""


def test_letters_become_lamps_and_repeats_are_no_changes(tmp_path: Path) -> None:
    path = tmp_path / "tls.xml"
    path.write_text(TLS)
    states = read_tls(path)
    first, second = states.signal("a", "A0", 0), states.signal("b", "A0", 1)
    assert (first.time_ns.tolist(), first.state.tolist()) == ([0, 10_000_000_000, 13_000_000_000], [LAMP_GREEN, LAMP_AMBER, LAMP_RED])
    assert second.state.tolist() == [LAMP_RED, LAMP_UNKNOWN, LAMP_RED]


def test_a_file_feeds_the_signals_that_have_a_link_and_a_lamp_waits_for_its_picture(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    (tmp_path / "phases.csv").write_text("time_s,state\n0,green\n7.5,amber\n10,red\n")
    (tmp_path / "tls.xml").write_text(TLS)
    site = load_site(tmp_path / "site.toml")
    told = signals_of(site, site.cameras[0], tmp_path / "tls.xml")
    assert sorted(told) == ["linked", "lit"]
    assert told["lit"].at(7_500_000_000).tolist() == [LAMP_AMBER]
    assert sorted(signals_of(site, site.cameras[0], None)) == ["lit"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time_s,state\n1,rot\n", ":2: '1,rot'; wanted time_s,state with red, amber, green or unknown"),
        ("time_s,state\n5,red\n4,green\n", ":3: time runs backwards, from 5 s to 4 s; wanted times in order"),
        ("time_s,state\nnan,red\n", ":2: 'nan,red'; wanted time_s,state with red, amber, green or unknown"),
        ("time_s,state\n", ": no state in it; wanted a SUMO tlsState file, or lines of time_s,state (red, amber, green)"),
    ],
)
def test_a_phase_file_that_cannot_be_meant_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "phases.csv"
    path.write_text(text)
    with pytest.raises(SourceError) as fault:
        read_phases(path, "s")
    assert str(fault.value) == f"{path}{told}"


def test_a_light_or_link_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "tls.xml"
    path.write_text(TLS)
    for tls, link, told in (("B1", 0, "no traffic light 'B1'; wanted one of 'A0'"), ("A0", 7, "traffic light 'A0' has 2 links; wanted a link below 2")):
        with pytest.raises(CatseyeError, match=told):
            read_tls(path).signal("s", tls, link)


def test_a_timeline_that_is_not_there_is_told_with_the_key(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    site = load_site(tmp_path / "site.toml")
    with pytest.raises(CatseyeError, match=r"site.toml:7: phases.csv: .*no such file"):
        signals_of(site, site.cameras[0], None)
