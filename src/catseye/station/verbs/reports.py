"""`catseye report`: citizens' reports and rewards on the command line. Whoever decides says who they are; the reporter is a pseudonym to all of them."""

import os
import secrets
import stat
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from catseye.cases import report_desk, rewards
from catseye.cases.case import CASE
from catseye.cases.citizen_reports import STATES, Claim, Report, acknowledgement, media_name, refuse_claim, shown
from catseye.cases.duplicates import firsts
from catseye.cases.people import MACHINE, person
from catseye.cases.scheme import adopt, example_schemes, scheme_in_force
from catseye.core.errors import KeyFileError, SiteError, SourceError, StoreError
from catseye.core.geo import GeoPoint
from catseye.core.grant import Grant
from catseye.core.time import NS_PER_MINUTE, Stamp
from catseye.station.outcome import RunOutcome
from catseye.station.site import load_site
from catseye.station.vaults import VAULT, vault_of
from catseye.station.verbs.tables import lines_of_table
from catseye.vault.files import disk_errors, make_folder, whole_file
from catseye.vault.identities import Identities, Identity
from catseye.vault.ledger import Transaction
from catseye.vault.vault import Vault

RUN = "reports"
SALT_BYTES = 32
LOOK_MINUTES_COUNT = 15
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def adopt_scheme(out: Path, source: str, by: str, site: Path | None = None) -> RunOutcome:
    """Put a scheme in force: a file, or the name of one that comes with catseye. Makes the vault where there is none."""
    examples = example_schemes()
    try:
        text = examples[source] if source in examples else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        came = getattr(error, "strerror", None) or "not text"
        raise SourceError(source, came.lower(), "a scheme in TOML, or one of " + ", ".join(sorted(examples))) from error
    if not (out / VAULT).is_dir():
        loaded = load_site(site) if site is not None else None
        url, keys = (loaded.database_url, loaded.keys) if loaded is not None else ("", None)
        Vault.open(make_folder(out) / VAULT, RUN, database_url=url, keys=keys).close()
    with vault_of(out, site) as vault:
        adopted = adopt(vault, text, source, _now(), by)
    scheme = adopted.scheme
    lines = [f"{scheme.id}, version {adopted.number}: {scheme.name}", f"reporters agree to: {scheme.reporter.statement}", scheme.reporter.own_conduct]
    return RunOutcome(0, {"scheme": scheme.id, "version": adopted.number, "offences": sorted(scheme.offence)}, lines)


def make_salt(file: Path) -> RunOutcome:
    """The secret that the lot of second reviews is drawn with."""
    with disk_errors(file):
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise KeyFileError(str(file), "there is a file already", "a name that is free: a salt is never replaced") from error
        with os.fdopen(descriptor, "wb") as written:
            written.write(secrets.token_hex(SALT_BYTES).encode() + b"\n")
            written.flush()
            os.fsync(written.fileno())
    return RunOutcome(0, {"salt": str(file)}, [f"written: {file} (keep it from those who review, and for those who audit)"])


def enrol(
    out: Path, people: Path, keys: Path, source: Path, site: Path | None = None, *, is_change: bool = False, by: str = "", reason: str = ""
) -> RunOutcome:
    """A reporter's pseudonym, for name, document, contact and payout of a TOML file; `-` reads them from stdin, so that no command line holds a name."""
    if is_change != bool(by) or is_change != bool(reason):
        raise SiteError("--change", "not all of --change, --by and --reason", "all three to change what is known of somebody, none to enrol")
    try:
        given = tomllib.loads(sys.stdin.read() if str(source) == "-" else source.read_text("utf-8"))
        identity = Identity(**given)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise SourceError(str(source), "no identity", 'TOML: name = "…", document = "…", contact = "…", payout = "…"') from error
    with vault_of(out, site) as vault:
        identities, now = Identities(people, keys, vault), _now()
        if is_change:
            pseudonym = rewards.change_payee(vault, identities, identity, _grant(by, "changing what is known of a reporter", now), now, reason)
        else:
            pseudonym = identities.enrol(identity, now)
    return RunOutcome(0, {"reporter": pseudonym}, [f"reporter {pseudonym}"])


def forget_reporter(out: Path, people: Path, keys: Path, pseudonym: str, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """Destroy who somebody is; reports, ledger and log keep the pseudonym."""
    with vault_of(out, site) as vault:
        now = _now()
        due = [report.id for report in report_desk.reports(vault) if report.claim.reporter == pseudonym and report.state == "due"]
        if due:
            raise SiteError(f"reporter {pseudonym}", f"a reward is due for {', '.join(due)}", "it paid, lapsed or reversed first")
        Identities(people, keys, vault).forget(pseudonym, _grant(by, "forgetting on request", now), now, reason)
    return RunOutcome(0, {"reporter": pseudonym, "forgotten": True}, [f"reporter {pseudonym}: forgotten"])


def file_report(
    out: Path,
    scheme: str,
    reporter: str,
    offence: str,
    happened: str,
    place: str,
    accuracy_m: float,
    text: str,
    plate: str,
    files: Sequence[Path],
    recipients: Sequence[str],
    detector: str,
    *,
    agrees: bool,
    is_of_age: bool,
    people: Path | None = None,
    people_keys: Path | None = None,
    site: Path | None = None,
) -> RunOutcome:
    """Take a report in; what is printed is what the reporter is told. With `people` the reporter must be enrolled there."""
    if (people is None) != (people_keys is None):
        raise SiteError("--people" if people is None else "--people-keys", "not given", "both, or neither")
    if people is not None and not people.is_dir():
        raise SiteError("--people", f"no folder {people}", "the folder that `report enrol` was given")
    evidence = load_site(site).evidence if site is not None and not recipients else None
    keys = recipients or (evidence.recipients if evidence is not None else ())
    if not keys:
        raise SiteError("--recipient", "nobody who may open the originals", "the authority's public key, age1…, or a site with [evidence] recipients")
    claim = Claim(reporter, offence, _moment(happened), _place(place), accuracy_m, text, agrees, is_of_age, plate)
    with vault_of(out, site) as vault:
        adopted = scheme_in_force(vault, scheme)
        refuse_claim(claim, adopted.scheme, _now())  # before a model is loaded
        if people is not None and people_keys is not None:
            Identities(people, people_keys, vault).refuse_unknown(reporter)
        from catseye.station import report_intake
        from catseye.vision.uploads import StillCopy

        report = report_intake.file_report(vault, adopted, claim, files, keys, StillCopy(detector), _now())
    told = acknowledgement(report.id, report.kind, adopted.scheme)
    routed = [f"passed on to {to}" for to in report.routed_to]
    return RunOutcome(0, _summary(report) | {"told": told, "routed_to": list(report.routed_to)}, [f"report {report.id}", *routed, told])


def list_reports(out: Path, scheme: str, states: Sequence[str], site: Path | None = None) -> RunOutcome:
    """In the order they came, with the first one of each occurrence."""
    if unknown := [state for state in states if state not in STATES]:
        raise SiteError("--state", f"no state {unknown[0]!r}", "one of " + ", ".join(STATES))
    with vault_of(out, site) as vault:
        found = list(report_desk.reports(vault, scheme))
        first: dict[str, str] = {}
        for name in {report.scheme for report in found}:
            first |= firsts([report for report in found if report.scheme == name], scheme_in_force(vault, name).scheme.duplicates)
    wanted = [report for report in found if not states or report.state in states]
    rows = [
        [report.id, report.state, report.kind, report.claim.offence, report.received.iso()[:16], "" if first[report.id] == report.id else first[report.id]]
        for report in wanted
    ]
    lines = lines_of_table(["report", "state", "kind", "what", "received", "same as"], rows, is_terminal=sys.stdout.isatty()) if rows else []
    return RunOutcome(0, {"reports": [_summary(report) | {"same_as": first[report.id]} for report in wanted]}, [*lines, f"{len(wanted)} reports"])


def show_report(out: Path, name: str, site: Path | None = None) -> RunOutcome:
    """All that may be seen of a report by somebody who could still review it."""
    with vault_of(out, site) as vault:
        report = report_desk.find(vault, name)
        alike = report_desk.alike(vault, report.id)
    seen, claim = shown(report), report.claim
    lines = [f"{report.id}: {claim.offence} ({report.kind})", f"state     {report.state}" + (f", same as {report.of}" if report.of else "")]
    lines += [f"reporter  {claim.reporter}", f"happened  {claim.happened.iso()}", f"received  {report.received.iso()}"]
    lines += [f"where     {claim.place.lat_deg:.6f}, {claim.place.lon_deg:.6f} ± {claim.accuracy_m:g} m", f"told      {' '.join(claim.text.split())}"]
    lines += [f"plate     {claim.plate}, as the reporter typed it"] if claim.plate else []
    lines += [f"media {nth}   {each.media_type}, {each.size_bytes} bytes, SHA-256 {each.sha256[:16]}…" for nth, each in enumerate(report.evidence, 1)]
    lines += [f"routed    {to}" for to in report.routed_to]
    lines += [f"alike     {each.report}, {each.apart_s:.0f} s and {each.apart_m:.0f} m away{', surely the same' if each.is_sure else ''}" for each in alike]
    lines += [f"review    {review.finding} by {review.by}: {review.reason}" for review in seen.reviews]
    lines += [f"told      {report.outcome}"] if report.outcome else []
    lines += [f"credited  {report.credit}"] if report.credit else []
    summary = _summary(report) | {
        "plate": claim.plate,
        "alike": [{"report": each.report, "is_sure": each.is_sure, "media_bits_count": each.media_bits_count} for each in alike],
        "reviews": [{"by": review.by, "finding": review.finding, "why": review.reason} for review in seen.reviews],
        "outcome": report.outcome,
        "credit": report.credit,
        "media": [{"media_type": each.media_type, "sha256": each.sha256} for each in report.evidence],
    }
    return RunOutcome(0, summary, lines)


def view_copy(out: Path, name: str, number: int, to: Path, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """A redacted copy, taken out of the vault; the look is logged first."""
    with vault_of(out, site) as vault:
        report, now = report_desk.find(vault, name), _now()
        if not 1 <= number <= len(report.evidence):
            raise SiteError("--media", str(number), f"1 to {len(report.evidence)}")
        evidence = report.evidence[number - 1]
        ref = vault.media.ref(media_name(report.id, evidence.sha256, "copy"))
        if ref.sha256 != evidence.copy_sha256:
            raise StoreError(f"media {ref.name}", f"SHA-256 {ref.sha256[:12]}… is kept", f"SHA-256 {evidence.copy_sha256[:12]}…, as the report says")
        make_folder(to.absolute().parent)
        with vault.media.open(ref, _grant(by, "a citizen's report", now), now, reason) as copy, whole_file(to, secrets.token_hex(4)) as written:
            while chunk := copy.read(1 << 20):
                written.write(chunk)
    return RunOutcome(0, {"report": report.id, "file": str(to), "media_type": ref.media_type, "sha256": ref.sha256}, [f"written: {to} ({ref.media_type})"])


def decide(out: Path, name: str, kind: str, by: str, site: Path | None = None, **facts: Any) -> RunOutcome:
    """One step by a person."""

    def act(vault: Vault, report: Report, now: Stamp) -> Report:
        told = facts | {"case": _case_named(vault, facts["case"])} if facts.get("case") else facts
        return report_desk.decide(vault, report.id, kind, now, by, **told)

    return _take(out, name, site, act)


def mark_duplicate(out: Path, name: str, of: str, by: str, site: Path | None = None) -> RunOutcome:
    """Put it to an earlier one."""
    return _take(out, name, site, lambda vault, report, now: report_desk.mark_duplicate(vault, report.id, report_desk.find(vault, of).id, now, by))


def reopen(out: Path, name: str, by: str, site: Path | None = None) -> RunOutcome:
    """Take a duplicate up again."""
    return _take(out, name, site, lambda vault, report, now: report_desk.reopen(vault, report.id, now, by))


def review(out: Path, name: str, finding: str, reason: str, by: str, salt: Path, site: Path | None = None) -> RunOutcome:
    """What one person found; nothing is said of whether another is asked."""
    secret = _salt(salt)
    with vault_of(out, site) as vault:
        report = report_desk.find(vault, name)
        report_desk.review(vault, report.id, finding, reason, _now(), by, secret)
    return RunOutcome(0, {"report": report.id, "reviewed_by": by}, [f"{report.id}: your review is kept"])


def publish(out: Path, name: str, by: str, site: Path | None = None) -> RunOutcome:
    """Tell the reporter; what is printed is what is told."""
    with vault_of(out, site) as vault:
        report = report_desk.publish(vault, report_desk.find(vault, name).id, _now(), by)
    return RunOutcome(
        0, _summary(report) | {"told": report.outcome, "reporter": report.claim.reporter}, [f"to reporter {report.claim.reporter}:", report.outcome]
    )


def fund(out: Path, scheme: str, amount_minor: int, key: str, by: str, site: Path | None = None) -> RunOutcome:
    """Put money into a scheme's budget."""
    with vault_of(out, site) as vault:
        booked = rewards.fund(vault, scheme_in_force(vault, scheme).scheme, amount_minor, key, _now(), person(by, "fund"))
        account = booked.booking.postings[0].account if booked.booking.postings[0].amount_minor > 0 else booked.booking.postings[1].account
        held_minor = vault.ledger.balance_minor(account, booked.booking.currency)
    lines = [f"transaction {booked.number}: {account} holds {held_minor} {booked.booking.currency} in minor units"]
    return RunOutcome(0, {"transaction": booked.number, "account": account, "balance_minor": held_minor}, lines)


def approve(out: Path, name: str, by: str, site: Path | None = None) -> RunOutcome:
    """Make the reward due, or credit without money."""
    return _take(out, name, site, lambda vault, report, now: rewards.approve(vault, report.id, now, by))


def pay(out: Path, name: str, people: Path, keys: Path, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """Book the reward out, and say to whom it goes: the only verb that shows a name. Exit 1 when it was booked before."""
    with vault_of(out, site) as vault:
        now = _now()
        paid = rewards.pay(vault, Identities(people, keys, vault), report_desk.find(vault, name).id, _grant(by, reason, now), now)
    lines = [f"{paid.amount_minor} {paid.currency} in minor units to {paid.payee.name}, {paid.payee.payout or paid.payee.contact}"]
    since = "nobody wrote down since when" if paid.payout_since is None else f"so since {paid.payout_since.iso()}"
    lines += [since + (f", changed by {paid.payout_by}: make sure that it was asked for" if paid.payout_by else "")]
    lines += [f"booked already at {paid.booked.iso()}: look before you send it twice"] if paid.is_again else []
    summary = {"report": paid.report, "amount_minor": paid.amount_minor, "currency": paid.currency, "payee": paid.payee.name, "payout": paid.payee.payout}
    stands = {"payout_since": paid.payout_since.iso() if paid.payout_since else None, "payout_changed_by": paid.payout_by}
    return RunOutcome(1 if paid.is_again else 0, summary | {"is_again": paid.is_again} | stands, lines)


def reverse(out: Path, name: str, by: str, reason: str, site: Path | None = None) -> RunOutcome:
    """Book a reward back."""
    return _take(out, name, site, lambda vault, report, now: rewards.reverse(vault, report.id, reason, now, by))


def lapse(out: Path, scheme: str, site: Path | None = None) -> RunOutcome:
    """Give back what nobody fetched."""
    with vault_of(out, site) as vault:
        gone = rewards.lapse(vault, scheme_in_force(vault, scheme).scheme, _now(), f"{MACHINE}catseye report lapse")
    return RunOutcome(
        0, {"lapsed": [report.id for report in gone]}, [*(f"{report.id}: {report.reward_minor} lapsed" for report in gone), f"{len(gone)} lapsed"]
    )


def ledger(out: Path, account: str | None, site: Path | None = None) -> RunOutcome:
    """The books, one posting a line."""
    with vault_of(out, site) as vault:
        booked = vault.ledger.transactions(account)
    rows = [
        [str(each.number), each.when.iso()[:16], posting.account, str(posting.amount_minor), each.booking.currency, each.booking.purpose, each.by]
        for each in booked
        for posting in each.booking.postings
        if account in (None, posting.account)
    ]
    headers = ["no", "when", "account", "minor units", "currency", "purpose", "by"]
    return RunOutcome(
        0, {"transactions": [_booked(each) for each in booked]}, lines_of_table(headers, rows, is_terminal=sys.stdout.isatty()) if rows else ["nothing booked"]
    )


def deliveries(out: Path, site: Path | None = None) -> RunOutcome:
    """Whom nobody has told yet of an accident or a hazard; exit 1 while there is one."""
    with vault_of(out, site) as vault:
        waiting = [(report, to) for report in report_desk.reports(vault) for to in report.undelivered_to]
        routes = {report.id: report_desk.scheme_of(vault, report).route[report.kind] for report, _ in waiting}
    said = [
        {
            "report": report.id,
            "to": to,
            "address": routes[report.id].address,
            "offence": report.claim.offence,
            "happened": report.claim.happened.iso(),
            "deg": [report.claim.place.lat_deg, report.claim.place.lon_deg],
            "accuracy_m": report.claim.accuracy_m,
            "text": report.claim.text,
        }
        for report, to in waiting
    ]
    lines = [
        f"{report.id}: {report.claim.offence} at {report.claim.place.lat_deg:.6f}, {report.claim.place.lon_deg:.6f} to {to} ({routes[report.id].address})"
        for report, to in waiting
    ]
    return RunOutcome(1 if said else 0, {"waiting": said}, [*lines, f"{len(said)} to be told"])


def deliver(out: Path, name: str, to: str, by: str, site: Path | None = None) -> RunOutcome:
    """Somebody, or a machine, has told them."""
    return _take(out, name, site, lambda vault, report, now: report_desk.decide(vault, report.id, "delivered", now, by, to=to))


def _case_named(vault: Vault, beginning: str) -> str:
    """The whole name of a case of this vault: two beginnings of one name would be two rewards. The name of a case that lies elsewhere stays as it is."""
    found = [name for name, _ in vault.dossiers.of_kind(CASE) if name.startswith(beginning)]
    if len(found) > 1 and beginning not in found:
        raise SiteError("--case", f"{beginning!r}, as {len(found)} cases begin", "more of its name")
    return found[0] if len(found) == 1 else beginning


def _take(out: Path, name: str, site: Path | None, act: Callable[[Vault, Report, Stamp], Report]) -> RunOutcome:
    with vault_of(out, site) as vault:
        report = act(vault, report_desk.find(vault, name), _now())
    why = f": {report.credit}" if report.credit else f", {report.reward_minor} in minor units" if report.state == "due" else ""
    return RunOutcome(0, _summary(report) | {"credit": report.credit}, [f"{report.id} is {report.state}{why}"])


def _summary(report: Report) -> dict[str, Any]:
    return {
        "report": report.id,
        "state": report.state,
        "scheme": report.scheme,
        "kind": report.kind,
        "offence": report.claim.offence,
        "reporter": report.claim.reporter,
        "happened": report.claim.happened.iso(),
        "received": report.received.iso(),
        "of": report.of,
        "reward_minor": report.reward_minor,
    }


def _booked(booked: Transaction) -> dict[str, Any]:
    postings = [{"account": posting.account, "amount_minor": posting.amount_minor} for posting in booked.booking.postings]
    own = {"number": booked.number, "key": booked.booking.key, "when": booked.when.iso(), "by": booked.by, "reverses": booked.reverses}
    return own | {"currency": booked.booking.currency, "purpose": booked.booking.purpose, "period": booked.booking.period, "postings": postings}


def _now() -> Stamp:
    return Stamp(time.time_ns())


def _grant(by: str, purpose: str, now: Stamp) -> Grant:
    return Grant(person(by, purpose), purpose, now.plus_ns(LOOK_MINUTES_COUNT * NS_PER_MINUTE))


def _moment(text: str) -> Stamp:
    try:
        return Stamp.from_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise SiteError("--at", repr(text), "a moment with its offset, as 2026-09-22T12:00:30+08:00") from error


def _place(text: str) -> GeoPoint:
    try:
        lat_deg, lon_deg = (float(part) for part in text.split(","))
        return GeoPoint(lat_deg, lon_deg)
    except ValueError as error:
        raise SiteError("--place", repr(text), "latitude,longitude in degrees, WGS-84, as 36.6667,117.0") from error


def _salt(file: Path) -> bytes:
    try:
        mode, content = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        raise KeyFileError(str(file), (error.strerror or str(error)).lower(), "the salt that `catseye report salt` makes") from error
    if mode & _OTHERS:
        raise KeyFileError(str(file), f"a salt with mode {stat.S_IMODE(mode):04o}, that others may read", "mode 0600: chmod 600")
    if len(content.strip()) != 2 * SALT_BYTES:
        raise KeyFileError(str(file), f"{len(content.strip())} characters", "the salt that `catseye report salt` makes")
    return content.strip()
