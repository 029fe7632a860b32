"""The numbered checks of a package. CHECKS is the one table of them: code, output and docs/design/evidence.md follow it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from catseye.cases.package import layout
from catseye.cases.package.bag import Bag, FoundFault, NotReached
from catseye.cases.package.errors import CONTAINER, Fault
from catseye.cases.package.facts import CONFIRMED, AppealFacts, CalibrationFacts, Copy, DeviceFacts, LegalBasis, Original, custody_lines
from catseye.cases.package.manifest import Manifest, bag_manifest
from catseye.cases.people import is_among
from catseye.core.packets import Packet, PacketList, differences
from catseye.core.time import Stamp
from catseye.vault.authority import AuthorityError, Certified, certificate_of, signer_faults
from catseye.vault.heads import SignedHead
from catseye.vault.leaves import Head
from catseye.vault.log_proofs import LogProof
from catseye.vault.merkle import holds_leaf
from catseye.vault.signing import is_signed, key_name

PASSED, FAILED, NOT_ASKED, NOT_REACHED = "passed", "failed", "not asked", "not reached"
SEALED_BEGIN = b"age-encryption.org/v1\n"
SIGNATURE_BYTES = 64

Faults: TypeAlias = Iterator[Fault]


@dataclass(frozen=True, slots=True)
class OpenedClip:
    """A sealed original that the authority opened: the hash of the clip, and its packets as demuxed, never decoded."""

    shown: str
    sha256: str
    packets: Sequence[Packet]


@dataclass(frozen=True, slots=True)
class Replay:
    """The house's own judge, handed over by `station`: `run` takes a folder with the package's `data/measurement` and `data/signal`, and the event.

    It returns why the event does not follow from the points, or None when it does, number for number. Holds for one `version` of catseye.
    """

    version: str
    run: Callable[[Path, Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a package is held against: the authority's root, and whatever else the asker has. `witness` are heads that others kept, by their names."""

    root: Certified
    witness: Mapping[str, SignedHead] = field(default_factory=dict)
    proofs: Sequence[LogProof] = ()
    opened: OpenedClip | None = None
    replay: Replay | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what passing it proves, and the code that looks."""

    number: int
    title: str
    proves: str
    look: Callable[[Bag, Asked], Faults]


@dataclass(frozen=True, slots=True)
class Checked:
    """How one check came out; `note` says why it was not made."""

    number: int
    title: str
    state: str
    faults: tuple[Fault, ...] = ()
    note: str = ""


def checked(check: Check, bag: Bag, asked: Asked) -> Checked:
    """Make one check."""
    try:
        faults = tuple(check.look(bag, asked))
    except FoundFault as found:
        faults = (found.fault,)
    except NotReached as why:
        return Checked(check.number, check.title, NOT_REACHED, (), str(why))
    except NotAsked as why:
        return Checked(check.number, check.title, NOT_ASKED, (), str(why))
    return Checked(check.number, check.title, FAILED if faults else PASSED, faults)


class NotAsked(Exception):  # noqa: N818 - as NotReached
    """Nobody gave what this check would need."""


# --- what came is what was signed ---


def _manifest(bag: Bag, asked: Asked) -> Faults:
    del asked
    manifest = bag.parsed(layout.MANIFEST, Manifest.parse)
    listed = {file.path for file in manifest.files}
    there = set(bag.measured) - layout.UNLISTED
    yield from (Fault(path, "in the manifest, and not in the package") for path in sorted(listed - there))
    yield from (Fault(path, "in the package, and not in the manifest") for path in sorted(there - listed))
    yield from (Fault(path, "missing") for path in sorted(layout.UNLISTED - set(bag.measured)))


def _hashes(bag: Bag, asked: Asked) -> Faults:
    del asked
    for file in bag.manifest.files:
        found = bag.measured.get(file.path)
        if found is None:
            continue  # check 2 names it
        if found.size_bytes != file.size_bytes:
            yield Fault(file.path, f"{found.size_bytes} bytes; the manifest says {file.size_bytes}")
        elif found.sha256 != file.sha256:
            yield Fault(file.path, f"SHA-256 {found.sha256}; the manifest says {file.sha256}")


def _bag(bag: Bag, asked: Asked) -> Faults:
    del asked
    if bag.bytes_of(layout.BAG) != layout.BAG_TEXT:
        yield Fault(layout.BAG, "not what BagIt 1.0 says in UTF-8")
    wanted = bag_manifest([(path, found.sha256) for path, found in bag.measured.items()])
    said = bag.bytes_of(layout.BAG_MANIFEST)
    if said != wanted:
        wrong = sorted(set(said.split(b"\n")) ^ set(wanted.split(b"\n")))
        named = sorted({line[66:].decode("utf-8", "replace") for line in wrong if line[66:]})
        yield Fault(layout.BAG_MANIFEST, f"does not list what is there: {', '.join(named[:5]) or 'other order, or another way to write it'}")


# --- who signed, and when ---


def _signature(bag: Bag, asked: Asked) -> Faults:
    del asked
    signer, signature = _signer_of(bag), bag.bytes_of(layout.SIGNATURE)
    if len(signature) != SIGNATURE_BYTES:
        yield Fault(layout.SIGNATURE, f"{len(signature)} bytes; an Ed25519 signature has {SIGNATURE_BYTES}")
    elif not is_signed(signer.key, bag.bytes_of(layout.MANIFEST), signature):
        yield Fault(layout.SIGNATURE, "the key of signer.pem did not sign this manifest.json")
    if bag.manifest.key != key_name(signer.key):
        yield Fault(layout.MANIFEST, f"names key {bag.manifest.key}; signer.pem is of {key_name(signer.key)}")


def _signer(bag: Bag, asked: Asked) -> Faults:
    signed = bag.signed
    if signed is None:
        raise FoundFault(Fault(layout.SEAL, "missing"))
    yield from (Fault(layout.SIGNER, why) for why in signer_faults(_signer_of(bag), asked.root, signed))


def _inclusion(bag: Bag, asked: Asked) -> Faults:
    del asked
    seal = bag.seal
    leaf = seal.leaf(bag.manifest.case, sha256(bag.bytes_of(layout.MANIFEST)).hexdigest())
    head = seal.sealed.head.head
    if not holds_leaf(leaf, seal.sealed.seq, head.size_count, seal.sealed.inclusion, head.root):
        yield Fault(layout.SEAL, f"entry {seal.sealed.seq} of the log of {head.size_count} is not this manifest: the path does not lead to the head")


def _head(bag: Bag, asked: Asked) -> Faults:
    del asked
    head, key = bag.seal.sealed.head, _signer_of(bag).key
    if not head.is_by(key):
        yield Fault(layout.SEAL, "the head of the log is not signed by the key of signer.pem")
    if head.utc_ns < bag.manifest.when.utc_ns:
        yield Fault(layout.SEAL, f"the head was signed {_iso(head)}, before it happened, {bag.manifest.when.iso()}")


def _witness(bag: Bag, asked: Asked) -> Faults:
    if not asked.witness:
        raise NotAsked("no head that an outside witness kept (--witness HEAD.json)")
    ours, key = bag.seal.sealed.head, _signer_of(bag).key
    proofs = (*asked.proofs, *bag.seal.sealed.proofs)
    for shown, kept in asked.witness.items():
        if not kept.is_by(key):
            yield Fault(shown, "not signed by the key of signer.pem: of another log, or changed")
            continue
        older, newer = sorted((kept, ours), key=lambda head: head.head.size_count)
        if older.head.size_count == newer.head.size_count:
            if older.head.root != newer.head.root:
                yield Fault(layout.SEAL, f"the log of {ours.head.size_count} entries is not the one of {shown}: it was forked")
        elif older.utc_ns > newer.utc_ns:
            counts = f"{older.head.size_count} entries at {_iso(older)}, after {newer.head.size_count} at {_iso(newer)}"
            yield Fault(layout.SEAL, f"against {shown} the log had {counts}: it was rolled back")
        else:
            yield from _continued(shown, older.head, newer.head, proofs)


def _continued(shown: str, older: Head, newer: Head, proofs: Sequence[LogProof]) -> Faults:
    told = [proof for proof in proofs if (proof.old_count, proof.new_count) == (older.size_count, newer.size_count)]
    sizes = f"{older.size_count} to {newer.size_count} entries"
    was = f"the log of {newer.size_count} entries does not begin with that of {older.size_count} ({shown})"
    if not told and older.size_count:
        ask = f"`catseye log prove OUT --old {older.size_count} --new {newer.size_count}`, given as --log-proof"
        yield Fault(layout.SEAL, f"no proof that the log grew from {sizes}, against {shown}; wanted what the site writes with {ask}")
    elif told and not any(proof.shows(older, newer) for proof in told):
        yield Fault(layout.SEAL, f"{was}: it was forked or rolled back")


# --- what it says holds together ---


def _contents(bag: Bag, asked: Asked) -> Faults:
    del asked
    manifest, case, event = bag.manifest, bag.case, bag.event
    for file in manifest.files:
        if layout.role_of(file.path) != file.role:
            yield Fault(file.path, f"listed as {file.role}; wanted {layout.role_of(file.path) or 'nothing at this place'}")
    yield from (Fault(path, "missing") for path in layout.missing_from(list(bag.measured), kind=event.kind, needs_calibration=event.needs_calibration))
    told = {"case": manifest.case, "event": manifest.event, "camera": manifest.camera, "when": manifest.when.iso()}
    said = {"case": case.case, "event": case.event, "camera": case.camera, "when": case.when.iso()}
    yield from (Fault(layout.CASE, f"{name} {said[name]}; the manifest says {told[name]}") for name in told if said[name] != told[name])
    if event.event != case.event:
        yield Fault(layout.EVENT, f"event {event.event}; the case is of {case.event}")
    if event.when is not None and event.when.iso() != case.when.iso():
        yield Fault(layout.EVENT, f"happened {event.when.iso()}; the case says {case.when.iso()}")
    if event.said.get("trusted") is not True:
        yield Fault(layout.EVENT, "the camera said not to believe it (trusted is not true): it may be looked at, never submitted")
    device = bag.parsed(layout.DEVICE, DeviceFacts.parse)
    for path, camera in ((layout.EVENT, event.camera), (layout.DEVICE, device.camera)):
        if camera != case.camera:
            yield Fault(path, f"of camera {camera}; the case is of {case.camera}")


def _media(bag: Bag, asked: Asked) -> Faults:
    del asked
    manifest, camera = bag.manifest, bag.case.camera
    originals = {path: media for path, media in manifest.media_of("original").items() if isinstance(media, Original)}
    inside = {media.sha256 for media in originals.values()}
    for file in manifest.files:
        wanted = {"original": Original, "redacted": Copy, "still": Copy}.get(file.role)
        if wanted is not None and not isinstance(file.media, wanted):
            yield Fault(file.path, "the manifest does not tell what it was made of")
        elif file.media is not None and file.media.camera != camera:
            yield Fault(file.path, f"of camera {file.media.camera}; the case is of {camera}")
        if isinstance(file.media, Copy) and file.media.derived_from not in inside:
            yield Fault(file.path, f"made of {file.media.derived_from}, which is none of the sealed originals")
        if file.sha256 in inside:
            yield Fault(file.path, "is a sealed original itself, in the clear")
        if file.role in ("original", "plate-crop") and not bag.begins(file.path).startswith(SEALED_BEGIN):
            yield Fault(file.path, "not sealed: it does not begin as age does")
    listed = [media.packets for media in originals.values() if media.packets is not None]
    for path, media in originals.items():
        if media.media_type.startswith("video/") and media.packets is None:
            yield Fault(path, "a clip without a packet list")
    for file in manifest.files:
        if file.role == "packets" and file.path not in listed:
            yield Fault(file.path, "the packet list of nothing")
    for path in listed:
        packets = bag.parsed(path, PacketList.from_json)
        if not packets.gops:
            yield Fault(path, "not one packet in it")
        yield from (Fault(path, f"group {number} does not follow from its packets and the group before") for number in packets.broken_links())


def _calibration(bag: Bag, asked: Asked) -> Faults:
    del asked
    case, event = bag.case, bag.event
    if layout.CALIBRATION not in bag.measured:
        if event.needs_calibration:
            yield Fault(layout.CALIBRATION, "missing, and the event says something in metres")
        return
    calibration = bag.parsed(layout.CALIBRATION, CalibrationFacts.parse)
    if calibration.camera != case.camera:
        yield Fault(layout.CALIBRATION, f"of camera {calibration.camera}; the case is of {case.camera}")
    if not calibration.holds_at(case.when):
        span = f"{calibration.since.iso()} to {calibration.until.iso()}"
        yield Fault(layout.CALIBRATION, f"holds from {span}; it happened {case.when.iso()}")


def _custody(bag: Bag, asked: Asked) -> Faults:
    del asked
    lines = bag.parsed(layout.CUSTODY, custody_lines)
    if not lines:
        yield Fault(layout.CUSTODY, "nobody ever opened, exported or looked at anything; wanted one line at least")
    signed = bag.signed
    if lines and signed is not None and lines[-1].when.utc_ns > signed.utc_ns:
        yield Fault(layout.CUSTODY, f"line {len(lines)}: {lines[-1].when.iso()}, after the package was signed, {signed.iso()}")


def _review(bag: Bag, asked: Asked) -> Faults:
    del asked
    review, legal, when = bag.review, bag.parsed(layout.LEGAL_BASIS, LegalBasis.parse), bag.case.when
    if not review.decisions:
        yield Fault(layout.REVIEW, "no person decided anything")
    elif review.decisions[-1].decision != CONFIRMED:
        yield Fault(layout.REVIEW, f"{review.decisions[-1].who} had the last word: {review.decisions[-1].decision}")
    limits = [limit for limit in (review.submitted, bag.signed) if limit is not None]
    for decision in review.decisions:
        if decision.when.utc_ns < when.utc_ns:
            yield Fault(layout.REVIEW, f"{decision.who} decided {decision.when.iso()}, before it happened, {when.iso()}")
        if limits and decision.when.utc_ns > min(limits).utc_ns:
            yield Fault(layout.REVIEW, f"{decision.who} decided {decision.when.iso()}, after it was submitted or signed, {min(limits).iso()}")
    people: list[str] = []
    for decision in review.decisions:  # whatever was confirmed before a dismissal fell with it
        if decision.decision != CONFIRMED:
            people = []
        elif not is_among(decision.who, tuple(people)):
            people.append(decision.who)
    if legal.two_people and len(people) < 2:
        yield Fault(layout.REVIEW, f"confirmed by {', '.join(people) or 'nobody'}; the legal basis wants two people")


def _appeal(bag: Bag, asked: Asked) -> Faults:
    del asked
    appeal = bag.parsed(layout.APPEAL, AppealFacts.parse)
    if appeal.reviewer is not None and is_among(appeal.reviewer, tuple(decision.who for decision in bag.review.decisions)):
        yield Fault(layout.APPEAL, f"heard by {appeal.reviewer}, who decided the case before")
    yield from (Fault(layout.APPEAL, f"shows {path}, which is not in the package") for path in appeal.evidence_shown if path not in bag.measured)


# --- what only some can look at ---


def _opened(bag: Bag, asked: Asked) -> Faults:
    if asked.opened is None:
        raise NotAsked("no original that the authority opened (--opened FILE)")
    opened = asked.opened
    lists: dict[str, tuple[Original, PacketList]] = {}
    for path, media in bag.manifest.media_of("original").items():
        if isinstance(media, Original) and media.packets is not None:
            lists[path] = media, bag.parsed(media.packets, PacketList.from_json)
    if not lists:
        raise FoundFault(Fault(CONTAINER, "no sealed clip to hold an opened one against"))
    if not opened.packets:
        yield Fault(next(iter(lists)), f"{opened.shown}: not one packet can be read out of it: cut short, or no clip")
        return
    there = {packet.sha256 for packet in opened.packets}
    path = next((path for path, (media, _) in lists.items() if media.sha256 == opened.sha256), "")
    path = path or max(lists, key=lambda each: len(there & {packet.sha256 for packet in lists[each][1].packets}))
    media, packets = lists[path]
    told = differences(packets, opened.packets)
    yield from (Fault(path, f"{opened.shown}: {what}") for what in told)
    if opened.sha256 != media.sha256 and not told:
        hashes = f"SHA-256 {opened.sha256}, sealed was {media.sha256}"
        yield Fault(path, f"{opened.shown}: every packet is the original's, and the file around them is not: {hashes}")


def _signer_of(bag: Bag) -> Certified:
    return bag.parsed(layout.SIGNER, _certified)


def _certified(data: bytes) -> Certified:
    try:
        return certificate_of(data, layout.SIGNER)
    except AuthorityError as error:
        raise ValueError(error.came) from None


def _iso(head: SignedHead) -> str:
    return Stamp(head.utc_ns).iso()


def _nothing(bag: Bag, asked: Asked) -> Faults:
    """Looked at while the package is read, or once all else is right: see verify.py."""
    del bag, asked
    return iter(())


CONTAINER_CHECK = Check(1, "the container", "the zip is the one canonical writing of its files: nothing hidden in it, before it, after it", _nothing)
REPLAY_CHECK = Check(17, "the measurement, replayed", "the event follows from the track's points under the site's rules, number for number", _nothing)

CHECKS = (
    Check(2, "the list of files", "nothing was added, left out or renamed since the manifest was signed", _manifest),
    Check(3, "every file's hash", "every byte of every file is as it was when the manifest was signed", _hashes),
    Check(4, "the list for sha256sum", "who checks with unzip and sha256sum alone sees the same", _bag),
    Check(5, "the signature", "whoever holds the signer's key vouched for this manifest", _signature),
    Check(6, "the signer", "the authority vouched for the signer, at the time of signing", _signer),
    Check(7, "the entry in the log", "the manifest was in the site's log when its head was signed", _inclusion),
    Check(8, "the head of the log", "the signer vouched for the whole log up to there, after the event", _head),
    Check(9, "the witness", "the log is the one an outsider saw: not forked, not rolled back", _witness),
    Check(10, "the contents", "all that a case needs is there, and of one case, event and camera", _contents),
    Check(11, "the media", "copies were made of the sealed originals, which nobody here can open; the packet list is whole", _media),
    Check(12, "the calibration", "what is said in metres was measured by a calibration that held at the time", _calibration),
    Check(13, "the custody", "who looked and why is told without a gap", _custody),
    Check(14, "the human decision", "people confirmed it before it left the house; two where the law wants two", _review),
    Check(15, "the appeal", "nobody heard an appeal against himself", _appeal),
    Check(16, "the opened original", "the clip is the one that was sealed, packet by packet", _opened),
)
ALL = (CONTAINER_CHECK, *CHECKS, REPLAY_CHECK)
OF_THE_CASE = tuple(check for check in CHECKS if 10 <= check.number <= 15)
