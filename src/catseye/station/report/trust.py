"""What of a camera's count is not to be trusted, and why: each finding says what was found and what it does to the count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catseye.core.event import NOT_TRUSTED, Event
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.line import LineRecord
from catseye.station.report.tally import Tally
from catseye.station.report.words import counted, listed, share, span
from catseye.station.site import Site

LOOK, NOTE, FINE = "look", "note", "fine"
SLOW_FPS = 4.0
SMALL_PX = 480
SHORT_S = 900.0
DENSE_PER_S = 4.0
MOTION = "motion"

_MEANINGS = {
    "source-gap": ("No picture for a while", "Whoever passed meanwhile is not counted, and tracks were cut."),
    "frames-dropped": ("Frames were dropped", "The machine was too slow, or the network. Fast road users may have been missed."),
    "clock-restart": ("The source's clock restarted", "Times go on by arrival or by the usual interval; counts hold, speeds across the restart do not."),
    "clock-missing": ("The source has no timestamps", "Times follow its nominal rate: counts hold, times may run fast or slow."),
    "resolution-change": ("The picture changed its size", "It was scaled to the first size, so that the lines stay where they were drawn."),
    "source-damaged": ("Part of the source is damaged", "What could not be decoded was not seen."),
    "pictures-failed": ("No pictures from here on", "Redaction failed, so no picture was kept or shown. The count went on."),
    "camera-failed": ("The camera failed", "Nothing was counted after that."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a reader must know. `level`: look (the count may be wrong), note (how to read it), fine (checked, nothing found)."""

    level: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one camera's run."""

    site: Site
    record: LineRecord
    tally: Tally
    events: Sequence[Event]
    has_still: bool


def gaps_s(events: Sequence[Event]) -> list[tuple[float, float]]:
    """Spans without pictures, seconds of the source's clock."""
    return [(event.time_ns / NS_PER_S, event.end_time_ns / NS_PER_S) for event in events if event.kind == "source-gap"]


def blind_s(events: Sequence[Event]) -> float:
    """How long there were no pictures."""
    return sum(end_s - begin_s for begin_s, end_s in gaps_s(events))


def findings(seen: Seen) -> list[Finding]:
    """Everything to be said, the gravest first."""
    asked = _JUDGED if seen.record.trajectories else _QUESTIONS if seen.record.frames_decoded_count else _WITHOUT_A_FRAME
    said = [finding for ask in asked for finding in ask(seen)]
    return sorted(said, key=lambda finding: (LOOK, NOTE, FINE).index(finding.level))


def _whole(seen: Seen) -> list[Finding]:
    record = seen.record
    if not record.stopped:
        return [Finding(FINE, "Watched to its end", f"{span(record.duration_s)} of video, {counted(record.frames_decoded_count, 'frame')}.")]
    if any(event.kind == "camera-failed" for event in seen.events):
        return []
    of = f" of {span(record.expected_s)}" if record.expected_s else ""
    return [Finding(LOOK, "A partial run", f"It ended after {span(record.duration_s)}{of}: {record.stopped}. What had crossed until then is counted.")]


def _judged_whole(seen: Seen) -> list[Finding]:
    record = seen.record
    users = counted(record.road_users_count, "road user")
    return [Finding(FINE, "Judged to its end", f"{span(record.duration_s)} of trajectories in {record.trajectories}, {users}. No picture was seen.")]


def _notices(seen: Seen) -> list[Finding]:
    told = []
    for kind, (title, meaning) in _MEANINGS.items():
        events = [event for event in seen.events if event.kind == kind]
        if not events:
            continue
        details = listed(list(dict.fromkeys(str(event.details.get("detail", "")) for event in events if event.details.get("detail"))), 2)
        length = f", {span(blind_s(events))} in all" if kind == "source-gap" else ""
        told.append(Finding(LOOK, title + (f" ({len(events)} times{length})" if len(events) > 1 else ""), f"{details.rstrip('.')}. {meaning}".lstrip(". ")))
    if seen.record.frames_decoded_count and not {"source-gap", "frames-dropped", "source-damaged", "clock-restart"} & {event.kind for event in seen.events}:
        told.append(Finding(FINE, "The source ran evenly", "No gap, no dropped frame, no jump of its clock."))
    return told


def _doubts(seen: Seen) -> list[Finding]:
    events = {str(event.details.get("detail")) for event in seen.events}
    doubts = [text for text in seen.record.doubts if not any(detail and detail in text for detail in events)]
    return [Finding(LOOK, "Needs a look", _sentence(text)) for text in doubts] + [
        Finding(NOTE, "As it was set up", _sentence(text)) for text in seen.record.notes
    ]


def _untrusted(seen: Seen) -> list[Finding]:
    events = [event for event in seen.events if not event.trusted and event.kind not in (*_MEANINGS, NOT_TRUSTED)]
    kinds = listed(sorted({event.kind for event in events}))
    return [Finding(LOOK, counted(len(events), "event") + " not trusted", f"Marked so in events.jsonl: {kinds}.")] if events else []


def _rules(seen: Seen) -> list[Finding]:
    why = seen.record.rules_not_judged
    text = "; ".join(f"{name}: {reason}" for name, reason in why.items()) + ". No violation listed does not mean that there was none."
    return [Finding(LOOK, f"{counted(len(why), 'rule')} not judged", text)] if why else []


def _kinds(seen: Seen) -> list[Finding]:
    unknown_count, all_count = seen.tally.of_kind(RoadUser.UNKNOWN), seen.tally.total_count
    if seen.record.detector == MOTION:
        text = "This detector sees that something moves, not what it is: there are no kinds, and road users close together may count as one."
        return [Finding(LOOK, "Counted by movement alone", text)]
    if not unknown_count:
        return []
    text = f"{share(unknown_count, all_count)} of all crossings ({unknown_count} of {all_count}) moved like a road user and were never recognised as one kind."
    return [Finding(LOOK if unknown_count > 0.1 * all_count else NOTE, "Of unknown kind", text)]


def _witness(seen: Seen) -> list[Finding]:
    blind, looks = seen.record.blind_looks_count, seen.record.frames_analysed_count
    text = f"In {share(blind, looks)} of looks ({blind:,}) the network saw nothing where something moved; there movement alone was the witness."
    is_said = blind and seen.record.detector != MOTION
    return [Finding(LOOK if blind > 0.2 * looks else NOTE, "The network was blind at times", text)] if is_said else []


def _pace(seen: Seen) -> list[Finding]:
    record = seen.record
    looks_count = record.frames_analysed_count + record.frames_idle_count
    if record.duration_s < 1:
        return []
    fps = looks_count / record.duration_s
    rest = f"; in {share(record.frames_idle_count, looks_count)} of them nothing moved, and the network rested" if record.frames_idle_count else ""
    if fps < SLOW_FPS:
        text = f"{fps:.1f} looks a second{rest}. Under {SLOW_FPS:g}, fast road users may be missed or taken for two."
        return [Finding(LOOK, "Few looks a second", text)]
    return [Finding(FINE, "Looked at often enough", f"{fps:.1f} looks a second{rest}.")]


def _crowd(seen: Seen) -> list[Finding]:
    record = seen.record
    rate = record.road_users_count / record.duration_s if record.duration_s >= 1 else 0.0
    text = f"{rate:.1f} new road users a second. Where they hide one another, tracks break and begin anew: counts of such scenes are unproven."
    return [Finding(LOOK, "Dense traffic", text)] if rate >= DENSE_PER_S else []


def _picture(seen: Seen) -> list[Finding]:
    record = seen.record
    said = []
    if 0 < record.width_px < SMALL_PX:
        text = f"{record.width_px}×{record.height_px} pixels: road users far away are a few pixels large, and their kind is a guess."
        said.append(Finding(NOTE, "A small picture", text))
    if not seen.has_still:
        why = (
            "with movement alone a background is shown, and it takes ten seconds of video to know one"
            if record.detector == MOTION
            else "none became safe to show"
        )
        said.append(Finding(NOTE, "No still", f"No picture of the scene is kept: {why}."))
    return said


def _reach(seen: Seen) -> list[Finding]:
    said = _short(seen)
    if any(camera.id == seen.record.camera and camera.calibration is not None for camera in seen.site.cameras):
        return said
    return [*said, Finding(NOTE, "No speeds", "Speeds need a calibrated camera; this report holds counts only.")]


def _short(seen: Seen) -> list[Finding]:
    said = []
    if seen.record.duration_s < SHORT_S:
        text = "A short time says little about an hour: traffic engineers count 15 minutes or more."
        said.append(Finding(NOTE, f"Only {span(seen.record.duration_s)}", text))
    if seen.record.start is None:
        zero = "the zero of their own clock" if seen.record.trajectories else "its first frame"
        of = "the trajectories" if seen.record.trajectories else "the clip"
        said.append(Finding(NOTE, "No time of day", f"Nothing says when {of} began (a start in the site file would): times count from {zero}."))
    return said


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


_QUESTIONS: tuple[Callable[[Seen], list[Finding]], ...] = (
    _whole,
    _notices,
    _doubts,
    _untrusted,
    _rules,
    _kinds,
    _witness,
    _pace,
    _crowd,
    _picture,
    _reach,
)
_JUDGED: tuple[Callable[[Seen], list[Finding]], ...] = (_judged_whole, _doubts, _untrusted, _rules, _kinds, _short)
_WITHOUT_A_FRAME: tuple[Callable[[Seen], list[Finding]], ...] = (_whole, _notices, _doubts, _rules)
