"""Checks of the frame itself and of its header."""

from collections.abc import Iterable

from catseye.fleet.conform.checks import BREAKS, JTT808, SHOULD, UNUSUAL, Check, Fault, Judgement, each_of, fault_of
from catseye.fleet.conform.hearing import Hearing, Said
from catseye.fleet.errors import ChecksumError, EncryptedError, EscapeError, LengthError, WireError


def _marks(heard: Hearing) -> Judgement:
    return each_of(heard.up, lambda said: None if said.raw[:1] == b"~" == said.raw[-1:] and len(said.raw) > 14 else f"{len(said.raw)} bytes that are no frame")


def _framed(heard: Hearing) -> list[Said]:
    return [said for said in heard.up if said.raw[:1] == b"~" == said.raw[-1:] and len(said.raw) > 14]


def _fault(heard: Hearing, kind: type[WireError]) -> Judgement:
    return each_of(_framed(heard), lambda said: str(said.fault) if type(said.fault) is kind else None)


def _reserved(heard: Hearing) -> Judgement:
    good = [said for said in _framed(heard) if said.header is not None and said.fault is None]
    return len(good), [fault_of(said, "bit 15 of the attributes set", 2) for said in good if said.header is not None and said.header.attr >> 15]


def _serials(heard: Hearing) -> Judgement:
    """One more each time on a link; the same one again is the same message sent again, or a part that was asked for."""
    seen_count, faults = 0, []
    for link in heard.links:
        last: int | None = None
        sent: set[tuple[int, int, int]] = set()
        for said in _of_link(heard, link):
            header = said.header
            if header is None:
                continue
            key = (header.serial, header.msg_id, header.index)
            if key in sent:
                continue
            sent.add(key)
            if last is not None:
                seen_count += 1
                if header.serial != last + 1 & 0xFFFF:
                    faults.append(fault_of(said, f"serial {header.serial} after {last}", 10 if header.version != "2019" else 15))
            last = header.serial
    return seen_count, faults


def _of_link(heard: Hearing, link: str) -> Iterable[Said]:
    return (said for said in heard.up if said.link == link and not said.is_whole)


def _phone_constant(heard: Hearing) -> Judgement:
    phones = [said for said in heard.up if said.header is not None and said.fault is None]
    first = phones[0].header.phone if phones and phones[0].header is not None else ""
    return max(0, len(phones) - 1), [
        fault_of(said, f"phone {said.header.phone} after {first}", 4) for said in phones if said.header and said.header.phone != first
    ]


def _phone_digits(heard: Hearing) -> Judgement:
    """One fault for a phone, however often it came."""
    phones = {said.header.phone: said for said in reversed(list(heard.up)) if said.header is not None and said.fault is None}
    return len(phones), [fault_of(said, f"phone {phone}", 4) for phone, said in phones.items() if not phone.isdecimal()]


def _version(heard: Hearing) -> Judgement:
    told = [said.header for said in heard.up if said.header is not None and said.fault is None]
    versions = {header.version for header in told}
    first = next((said for said in heard.up if said.header is not None and said.header in told), None)
    came = "frames with and without the version flag"
    return len(told), [Fault(first.number, came, first.raw, 2)] if len(versions) > 1 and first is not None else []


def _parts(heard: Hearing) -> Judgement:
    """Numbers from 1 to the total, serials one after the other."""
    parts = [said for said in heard.up if said.header is not None and said.fault is None and said.header.is_subpackage and not said.is_whole]
    faults: list[Fault] = []
    first: dict[tuple[str, int], tuple[int, int]] = {}
    for said in parts:
        header = said.header
        assert header is not None
        if not 1 <= header.index <= header.total:
            faults.append(fault_of(said, f"sub-package {header.index} of {header.total}"))
            continue
        begin = (header.serial - header.index + 1 & 0xFFFF, header.total)
        key = (said.link, header.msg_id)
        if header.index > 1 and key in first and begin != first[key] and begin[0] != first[key][0] + first[key][1]:
            faults.append(fault_of(said, f"serial {header.serial}, sub-package {header.index} of {header.total}"))
        else:
            first[key] = begin
    return len(parts), faults


FRAMING = (
    Check("frame-marks", JTT808, "4.4.1, 4.4.2", "every byte between two marks 7e", BREAKS, _marks),
    Check("frame-escape", JTT808, "4.4.2", "7e sent as 7d 02, 7d as 7d 01, in header, body and checksum", BREAKS, lambda heard: _fault(heard, EscapeError)),
    Check("frame-checksum", JTT808, "4.4.4", "the XOR of all bytes before it", BREAKS, lambda heard: _fault(heard, ChecksumError)),
    Check("frame-length", JTT808, "4.4.3", "a body as long as the header says", BREAKS, lambda heard: _fault(heard, LengthError)),
    Check("frame-clear", JTT808, "4.4.3, 7", "bodies in the clear: encrypted ones cannot be judged", UNUSUAL, lambda heard: _fault(heard, EncryptedError)),
    Check("header-reserved", JTT808, "4.4.3", "bit 15 of the attributes zero", SHOULD, _reserved),
    Check("header-version", JTT808, "4.4.3", "one version of the standard in all frames", BREAKS, _version),
    Check("serial-rising", JTT808, "4.4.3", "serials one after the other; the same again only for the same message", BREAKS, _serials),
    Check("phone-constant", JTT808, "4.4.3", "the same phone number in every frame", BREAKS, _phone_constant),
    Check("phone-digits", JTT808, "4.4.3", "the phone number in BCD: decimal digits", BREAKS, _phone_digits),
    Check("parts-numbered", JTT808, "4.4.3", "sub-packages numbered from 1 to their total, with serials one after the other", BREAKS, _parts),
)
