"""From the violations of a run to what their cases begin with: here the rules, the site, the calibration and the law of the place meet."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import catseye
from catseye.cases.jurisdiction import Jurisdiction
from catseye.cases.opening import CalibrationReference, Device, Measurement, MediaReference, Opening, SignalState
from catseye.core.certificate import Certificate
from catseye.core.event import Event
from catseye.core.signal import LAMPS, Signal
from catseye.core.time import NS_PER_S
from catseye.station.calibrations import certified
from catseye.station.rule_keys import rule_classes
from catseye.station.signals import signals_of
from catseye.station.site import Camera, Site
from catseye.vault.export import SIGNAL_STATE

LAMPS_SEEN, TIMELINE = "lamps in the picture", "the site's timeline"
MATTERS_BEFORE_NS, MATTERS_AFTER_NS = 60 * NS_PER_S, 10 * NS_PER_S


def violation_kinds() -> frozenset[str]:
    """The kinds of event somebody may have to answer for: those whose rule says so."""
    return frozenset(kind for kind, rule in rule_classes().items() if rule.is_violation)


@dataclass(slots=True)
class Openings:
    """What the cases of one site begin with. `tolerance_kmh` is what the authority takes off a speed before it acts, where there is such a rule."""

    site: Site
    jurisdiction: Jurisdiction
    place: str = ""
    tolerance_kmh: float | None = None
    _certificates: dict[str, CalibrationReference | None] = field(default_factory=dict)

    def of_run(self, run: str, events: Iterable[Event], media: Mapping[str, tuple[MediaReference, ...]] | None = None) -> Iterator[Opening]:
        """The opening of every violation of a run, in its order; `media` by event id, where some is kept already."""
        known = list(events)
        phases = [event for event in known if event.kind == SIGNAL_STATE]
        kinds = violation_kinds()
        for event in known:
            if event.kind in kinds and event.subjects:
                yield self.of_event(run, event, phases, (media or {}).get(event.id, ()))

    def of_event(self, run: str, event: Event, phases: Iterable[Event] = (), media: tuple[MediaReference, ...] = ()) -> Opening:
        """One opening; `phases` are the run's signal-state events. SiteError when the event is of no camera of this site, or its certificate cannot be read."""
        camera = self.site.camera_named(event.camera)
        limit = event.details.get("limit_kmh")
        shown = f"catseye judge points.parquet --site {Path(self.site.name).name} --camera {camera.id} --out replay"
        return Opening(
            event=event,
            run=run,
            site=self.site.id,
            place=self.place or self.site.id,
            law=self.jurisdiction.law_for(event),
            measurement=Measurement(
                calibration=self._certificate(camera),
                limit_kmh=float(limit) if isinstance(limit, int | float) else None,
                tolerance_kmh=self.tolerance_kmh,
                replay=shown,
                version=catseye.__version__,
            ),
            device=Device(camera.id),
            signals=tuple(self._states(camera, event, phases)),
            media=media,
        )

    def _certificate(self, camera: Camera) -> CalibrationReference | None:
        """The site's certificate, or one made of its reference points where it says when they were measured."""
        if camera.id not in self._certificates:
            made = certified(self.site, camera)
            self._certificates[camera.id] = None if made is None else certified_by(self.jurisdiction, made)
        return self._certificates[camera.id]

    def _states(self, camera: Camera, event: Event, phases: Iterable[Event]) -> Iterator[SignalState]:
        """What the event's signal showed a minute before until a little after it."""
        name = event.details.get("signal")
        first, last = event.time_ns - MATTERS_BEFORE_NS, event.end_time_ns + MATTERS_AFTER_NS
        seen = [p for p in phases if p.camera == event.camera and p.details.get("signal") == name]
        spans = [(str(p.details["state"]), p.time_ns, p.end_time_ns) for p in sorted(seen, key=lambda p: p.time_ns)]
        if not spans and name in (timelines := signals_of(self.site, camera, None)):
            yield from states_of(timelines[str(name)], event, TIMELINE)
        for state, begin, end in spans:
            if begin <= last and max(begin, end) >= first:
                yield SignalState(str(name), state, begin, end, LAMPS_SEEN)


def certified_by(jurisdiction: Jurisdiction, certificate: Certificate) -> CalibrationReference:
    """How a case names a certificate: by the hash of its text, with the days that the law of the place gives it."""
    digest = hashlib.sha256(certificate.as_text().encode()).hexdigest()
    return jurisdiction.certificate(digest, f"catseye {certificate.version}", certificate.method, certificate.made_on)


def states_of(signal: Signal, event: Event, source: str = LAMPS_SEEN) -> Iterator[SignalState]:
    """What a signal showed a minute before the event until a little after it."""
    first, last = event.time_ns - MATTERS_BEFORE_NS, event.end_time_ns + MATTERS_AFTER_NS
    ends = [*signal.time_ns.tolist(), last if signal.end_ns is None else signal.end_ns]
    for code, (begin, end) in zip(signal.state.tolist(), pairwise(ends), strict=True):
        if begin <= last and max(begin, end) >= first:
            yield SignalState(signal.id, LAMPS[code].value, begin, end, source)
