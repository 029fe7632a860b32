"""What the rules found, on a plan: assembled for one camera, from the files that stand beside the page."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from catseye.core.event import Event
from catseye.core.rule import World
from catseye.station.calibrations import calibration_of
from catseye.station.line import LineRecord
from catseye.station.report import words
from catseye.station.report.encounters import Encounter, encounter_of, worst_of
from catseye.station.report.histograms import Histogram, LineSpeeds, closeness, speeds_by_line
from catseye.station.report.marks import LOOKS, Look, look_of
from catseye.station.report.paths import chosen_tracks
from catseye.station.report.plan import Ground, Plan, close_up_frame, plan_of, whole_frame
from catseye.station.report.trails import is_on_ground, read_trails
from catseye.station.rule_keys import rule_classes
from catseye.station.site import Site
from catseye.station.world import world_of
from catseye.traffic.hazards import NEAR_MISS, Danger
from catseye.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class LegendRow:
    """A kind of event in the legend of a plan."""

    kind: str
    look: Look
    events_count: int


@dataclass(frozen=True, slots=True, eq=False)
class Safety:
    """Plans (the whole one first), their legend, the worst encounters, how values spread. `users_count` ways are drawn of `all_users_count`."""

    world: World
    plans: tuple[Plan, ...]
    legend: tuple[LegendRow, ...]
    unplaced_count: int
    users_count: int
    all_users_count: int
    encounters: tuple[Encounter, ...]
    closeness: tuple[Histogram, ...]
    speeds: tuple[LineSpeeds, ...]
    near_misses_count: int
    serious_count: int


def safety_of(out: Path, site: Site, record: LineRecord, vault: Vault, events: Sequence[Event], label: Callable[[float], str]) -> Safety | None:
    """Of trajectories that were judged, and of a camera whose tracks have places on the ground; None of any other: its picture shows all there is."""
    on_ground = is_on_ground(out, record.camera)
    if not on_ground and not record.trajectories:
        return None
    camera = site.camera_named(record.camera)
    size_px = (record.width_px, record.height_px) if record.width_px else None
    calibration = calibration_of(site, camera, size_px)
    world = world_of(camera, {}, on_ground=on_ground, to_ground=calibration.place_of if calibration is not None else None)
    kinds = rule_classes()
    mine = [event for event in events if event.kind in kinds]
    chosen, all_count = chosen_tracks(out, record.camera)
    worst = worst_of(mine)
    involved = {track for event in worst for track in event.subjects}
    trails = read_trails(out, record.camera, {*chosen, *involved}, on_ground=on_ground)
    drawn = {track: trail for track, trail in trails.items() if track in chosen}
    placed = [event for event in mine if (event.ground_m if on_ground else event.px) is not None]
    ground = Ground(world, drawn, placed, label, calibration is not None and calibration.origin is not None)
    counts = Counter(event.kind for event in placed)
    order = [kind for kind in LOOKS if counts[kind]] + sorted(set(counts) - set(LOOKS))
    pictures = [encounter_of(event, trails, world, label) for event in worst]
    return Safety(
        world,
        _plans(ground),
        tuple(LegendRow(kind, look_of(kind), counts[kind]) for kind in order),
        len(mine) - len(placed),
        len(drawn),
        all_count,
        tuple(picture for picture in pictures if picture is not None),
        tuple(closeness(mine)),
        tuple(speeds_by_line(vault.crossings(record.camera), camera, world)),
        sum(event.kind == NEAR_MISS for event in mine),
        sum(event.kind == NEAR_MISS and _is_serious(event) for event in mine),
    )


def _is_serious(event: Event) -> bool:
    """As the ranking of places has it: a TTC under 1.5 s, or a DRAC over 3.35 m/s²."""
    said = {measure.name: measure.value for measure in event.measures}
    return Danger(event.kind, event.ground_m or (0.0, 0.0), said.get("ttc_min"), said.get("drac_max"), said.get("pet")).is_serious


def _plans(ground: Ground) -> tuple[Plan, ...]:
    whole = whole_frame(ground)
    plans = [plan_of(ground, whole, "Where it happened")]
    close_up = close_up_frame(ground, whole)
    if close_up is not None:
        frame, share = close_up
        side = f"{frame.span[0]:.0f} × {frame.span[1]:.0f} {ground.world.unit}"
        plans.append(plan_of(ground, frame, f"Close-up: {words.share(round(share * 1000), 1000)} of all events, within {side}"))
    return tuple(plans)
