"""The conformance suite of rules: ours pass it, and it finds what it should."""

from collections.abc import Sequence

import numpy as np
import pytest

from catseye.core.finding import Finding
from catseye.core.scene import Passages, Scene
from catseye.station.rule_keys import rule_classes
from catseye.testing.rule import check_rule
from catseye.traffic.rules.speeding import Speeding

KEYS: dict[str, dict[str, object]] = {
    "speeding": {"limit_kmh": 30.0},
    "average-speed": {"limit_kmh": 20.0, "from_line": "west", "to_line": "east"},
    "wrong-way": {},
    "red-light": {"line": "east", "signal": "lamp"},
    "stop-line": {"line": "east", "signal": "lamp"},
    "stopped": {"least_s": 3.0},
    "prohibited-turn": {"from_line": "west", "to_line": "east"},
    "lane-misuse": {"zone": "road", "allowed": ("bus",)},
    "solid-line": {"line": "west"},
    "on-carriageway": {"zone": "road"},
    "failure-to-yield": {"zone": "square"},
    "queue": {"zone": "road", "least_count": 1, "least_s": 0.0},
    "congestion": {"zone": "road", "least_count": 1, "least_s": 1.0, "below_kmh": 100.0},
    "obstacle": {"zone": "road", "least_s": 2.0, "passing_count": 0},
}


@pytest.mark.parametrize("kind", sorted(rule_classes()))
def test_every_rule_of_the_house_fills_the_socket(kind: str) -> None:
    check_rule(rule_classes()[kind], KEYS.get(kind, {}))


class Forgetful(Speeding):
    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        return [Finding(scene.time_ns, scene.time_ns, (99,), (0,))] if len(scene) else ()


class Nervous(Speeding):
    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        assert np.isfinite(scene.velocity).all()
        return super().see(scene, passages)


@pytest.mark.parametrize(("rule", "said"), [(Forgetful, "whoever is named was seen"), (Nervous, "isfinite")])
def test_a_rule_that_does_not_fit_is_found_out(rule: type, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_rule(rule, {"limit_kmh": 30.0}, seeds=1)
