"""Pictures of a case, out of the vault: each look takes a grant, is written down before the first byte, and stands in the case's custody."""

from catseye.cases.account import CustodyLine
from catseye.cases.case import Case
from catseye.cases.errors import CaseError
from catseye.cases.opening import MediaReference
from catseye.core.errors import SiteError
from catseye.core.grant import Grant
from catseye.core.time import NS_PER_MINUTE, Stamp
from catseye.vault.drawers import ForgottenError
from catseye.vault.vault import Vault

LOOK_NS = NS_PER_MINUTE  # the command line looks at once
STILLS_COUNT = 2


def bytes_of(vault: Vault, case: Case, media: MediaReference, by: str, why: str, now: Stamp) -> bytes:
    """What is kept; a sealed original stays the authority's: its ciphertext. ForgottenError, GrantError; CaseError: not what the case says."""
    grant, ref = Grant(by, f"case {case.id}", now.plus_ns(LOOK_NS)), vault.media.ref(media.ref)
    if ref.sha256 != media.sha256:
        raise CaseError(f"{case.where}, {media.role} {media.ref}", f"SHA-256 {ref.sha256[:12]}… is kept", f"SHA-256 {media.sha256[:12]}…, as the case says")
    with vault.media.open(ref, grant, now, why) as file:
        return file.read()


def stills_of(vault: Vault, case: Case, by: str, why: str, now: Stamp) -> tuple[list[bytes], list[str]]:
    """The first redacted stills for a report, and a sentence for each that was forgotten."""
    found: list[bytes] = []
    gone: list[str] = []
    for media in [each for each in case.media if each.role == "still"][:STILLS_COUNT]:
        try:
            found.append(bytes_of(vault, case, media, by, why, now))
        except ForgottenError as fault:
            gone.append(str(fault))
    return found, gone


def custody_of(vault: Vault, case: Case) -> tuple[CustodyLine, ...]:
    """Every look at the case's media and at what their redaction logs say, in order of time."""
    lines = [
        CustodyLine(look.who, f"looked at {media.role} {media.ref}", look.when, look.why)
        for media in case.media
        for look in vault.looks(subject=f"media/{media.ref}")
    ]
    lines += [
        CustodyLine(look.who, f"looked at the redaction log of {media.ref}", look.when, look.why)
        for media in case.media
        for look in vault.media.looks_at_log(media.ref)
    ]
    return tuple(sorted(lines, key=lambda line: (line.when.utc_ns, line.what)))


def media_named(case: Case, name: str) -> MediaReference:
    """The case's picture of that name; SiteError with all names it has."""
    for media in case.media:
        if media.ref == name:
            return media
    known = ", ".join(each.ref for each in case.media)
    raise SiteError("--picture", repr(name), f"one of {known}" if known else f"a case with pictures: {case.id} has none")
