"""When the camera was not to be trusted, as the run that wrote points.parquet tells in the files beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catseye.core.errors import SourceError
from catseye.core.event import NOT_TRUSTED
from catseye.core.time import NS_PER_MS
from catseye.station.rule_keys import rule_classes

_ROUNDED_NS = NS_PER_MS // 2 + 1  # events.jsonl tells times to a millisecond


def doubted_stretches_ns(folder: Path, camera: str) -> tuple[tuple[int, int], ...]:
    """Stretches of the source's clock, ends included; none where no events.jsonl stands beside the points.

    As the rules judged them, so that a replay marks what was marked then. A run that judged no rule tells of none: then what the camera said about itself.
    SourceError where the files beside the points are no run's.
    """
    if not (folder / "events.jsonl").is_file():
        return ()
    try:
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]
        mine = [event for event in events if event["camera"] == camera and not event["trusted"]]
        wanted = [event for event in mine if event["kind"] == NOT_TRUSTED]
        if not wanted and not _judged_rules(folder, camera):
            wanted = [event for event in mine if is_of_camera(event)]
        return tuple((_ns(event["time_s"]) - _ROUNDED_NS, _ns(event["end_time_s"]) + _ROUNDED_NS) for event in wanted)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        came = f"events beside the points that are not whole ({str(fault)[:60]})"
        raise SourceError(str(folder / "events.jsonl"), came, "those of the run that wrote the points, or none") from None


def is_of_camera(event: Mapping[str, Any]) -> bool:
    """Whether an untrusted event is the camera's own doubt, not a rule's finding that it fell upon."""
    return event["kind"] not in rule_classes() and event["kind"] not in ("camera-failed", "resolution-change")


def _judged_rules(folder: Path, camera: str) -> bool:
    if not (folder / "run.json").is_file():
        return False
    said = json.loads((folder / "run.json").read_text("utf-8"))
    return any(each["camera"] == camera and each.get("rules_judged") for each in said["cameras"])


def _ns(time_s: float) -> int:
    return round(float(time_s) * 1000) * NS_PER_MS
