"""From a terminal's alarm to what its case begins with: its pictures, the law of the place, the plate as enrolled. Only a person opens one."""

import catseye
from catseye.cases import transitions
from catseye.cases.case import Case, case_id
from catseye.cases.desk import CaseDesk
from catseye.cases.errors import CaseError
from catseye.cases.jurisdiction import Jurisdiction
from catseye.cases.opening import Device, Measurement, MediaReference, MediaRole, Opening
from catseye.core.event import Event
from catseye.core.time import Stamp
from catseye.vault.drawers import ForgottenError
from catseye.vault.media import REDACTED, MediaRef
from catseye.vault.vault import Vault

MACHINE = "machine:catseye fleet case"
STATE_TYPE = "application/octet-stream"
_THEIR_WORD = "what a vehicle's terminal reported: catseye saw nothing of it but the pictures that the terminal sent"


def open_alarm_case(vault: Vault, alarm: Event, site: str, law: Jurisdiction, by: str, reason: str, now: Stamp) -> tuple[Case, list[str]]:
    """The case of an alarm, with all that is kept of it now, and what could not be added; the same alarm is always the same case.

    Called again it adds pictures that came since, as long as nobody decided. CaseError: `by` is no person.
    """
    desk, notes = CaseDesk(vault), list[str]()
    media = alarm_media(vault, alarm)
    case = desk.open(opening_of(alarm, vault.run, site, law, media, reason), by, now)
    if missing := tuple(each for each in media if each not in case.media):
        try:
            case = desk.take(case, transitions.attach(case, MACHINE, missing, now))
        except CaseError as fault:
            notes.append(f"{len(missing)} pictures that came since are not added: {fault}")
    plate = next((each.plate for each in vault.terminals.enrolments() if each.identity == alarm.subjects[0]), "")
    if plate and not any(each.what.about == "plate" for each in case.suggested):
        try:
            case = desk.take(case, transitions.suggest_plate(case, MACHINE, plate, "the plate its terminal was enrolled with", now))
        except CaseError as fault:  # people went on meanwhile: they need no suggestion any more
            notes.append(f"the enrolled plate is not suggested: {fault}")
    return case, notes


def opening_of(alarm: Event, run: str, site: str, law: Jurisdiction, media: tuple[MediaReference, ...], reason: str) -> Opening:
    """What the case begins with."""
    lat, lon = alarm.details.get("lat_deg"), alarm.details.get("lon_deg")
    is_placed = isinstance(lat, int | float) and isinstance(lon, int | float)
    return Opening(
        event=alarm,
        run=run,
        site=site,
        place=f"{lat:.5f}, {lon:.5f}" if is_placed else "not told",
        law=law.law_for(alarm),
        measurement=Measurement(version=catseye.__version__),
        device=Device(alarm.camera, notes=(_THEIR_WORD,)),
        media=media,
        position_deg=(float(lat), float(lon)) if isinstance(lat, int | float) and isinstance(lon, int | float) else None,
        reason=" ".join(reason.split()),
    )


def alarm_media(vault: Vault, alarm: Event) -> tuple[MediaReference, ...]:
    """All that its terminal sent of it and that is still kept: redacted copies, and sealed originals that only the authority opens."""
    refs = vault.media.refs(f"terminal/{alarm.subjects[0]}/{alarm.id}/")
    return tuple(MediaReference(_role_of(ref), ref.name, ref.media_type, ref.sha256, ref.size_bytes) for ref in refs)


def _role_of(ref: MediaRef) -> MediaRole:
    if ref.kind == REDACTED:
        return "still" if ref.media_type.startswith("image/") else "clip"
    return "log" if ref.media_type == STATE_TYPE else "original"


def has_open_case(vault: Vault, alarm: str) -> bool:
    """Whether somebody works on a case of this alarm: then sound that its terminal sends is wanted too."""
    try:
        return not CaseDesk(vault).case(case_id(alarm)).is_over
    except (CaseError, ForgottenError):  # none was opened, or its time was over
        return False
