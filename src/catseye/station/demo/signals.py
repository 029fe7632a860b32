"""The lamps of the demo junction: a fixed plan in two phases."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """Two phases, main and side; `offset_s` is where in the cycle the video begins; two-wheelers get green `bike_start_s` before the others."""

    main_green_s: float = 17.0
    side_green_s: float = 11.0
    amber_s: float = 3.0
    all_red_s: float = 2.0
    offset_s: float = 36.0
    bike_start_s: float = 1.8

    @property
    def cycle_s(self) -> float:
        """One whole round."""
        return self.main_green_s + self.side_green_s + 2 * (self.amber_s + self.all_red_s)

    def state(self, arm: str, time_s: float) -> str:
        """red, amber or green for who comes in on `arm`."""
        at_s = (time_s + self.offset_s) % self.cycle_s
        if arm in {"north", "south"}:
            at_s = (at_s - self.main_green_s - self.amber_s - self.all_red_s) % self.cycle_s
            return _lamp(at_s, self.side_green_s, self.amber_s)
        return _lamp(at_s, self.main_green_s, self.amber_s)

    def red_begins_s(self, arm: str, duration_s: float) -> list[float]:
        """When the lamp of `arm` turns red, between 0 and `duration_s`."""
        lit_s = self.side_green_s + self.main_green_s + self.amber_s + self.all_red_s if arm in {"north", "south"} else self.main_green_s
        first_s = (lit_s + self.amber_s - self.offset_s) % self.cycle_s
        return [first_s + nth * self.cycle_s for nth in range(int(max(0.0, duration_s - first_s) // self.cycle_s) + 1)]

    def phases(self, arm: str, duration_s: float) -> list[tuple[float, str]]:
        """What holds for all who come in on `arm`: (since when, red | amber | green). Two-wheelers have a lamp of their own, which ends the red earlier."""
        known: list[tuple[float, str]] = []
        for tenth in range(int(duration_s * 10) + 1):
            at_s = tenth / 10
            state = self.state(arm, at_s)
            if state == "red" and self.state(arm, at_s + self.bike_start_s) == "green":
                state = "green"
            if not known or known[-1][1] != state:
                known.append((at_s, state))
        return known

    def may_walk(self, arm: str, time_s: float) -> bool:
        """Whether a pedestrian may step onto the zebra across `arm` and still reach the other side in time."""
        walk_s = 14.5 if arm in {"east", "west"} else 10.5
        return self.state(arm, time_s) == "red" and self.state(arm, time_s + walk_s) == "red"


def _lamp(at_s: float, green_s: float, amber_s: float) -> str:
    return "green" if at_s < green_s else "amber" if at_s < green_s + amber_s else "red"
