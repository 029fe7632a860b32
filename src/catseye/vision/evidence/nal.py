"""NAL units of H.264 and H.265: the pieces a video packet is made of. Any bytes are taken: what is damaged stays a unit, nothing is thrown away.

Cameras send them after start codes (Annex B), files after their lengths (ISO 14496-15). What both have in common, and what the hash of the elementary
stream is made of, are the units themselves.
"""

import hashlib
from collections.abc import Iterable, Iterator

NAL_CODECS = frozenset({"h264", "hevc"})
START_CODE = b"\x00\x00\x00\x01"
_SHORT_START_CODE = b"\x00\x00\x01"


def length_bytes_of(codec: str, extradata: bytes) -> int:
    r"""How many bytes tell the length of each unit, by the stream's avcC or hvcC record; 0: units follow start codes.

    >>> length_bytes_of("h264", b"\x01\x64\x00\x1f\xff\xe1"), length_bytes_of("h264", b"\x00\x00\x00\x01\x67")
    (4, 0)
    """
    at = {"h264": 4, "hevc": 21}.get(codec)
    if at is None or len(extradata) <= at or extradata[0] != 1:  # the record's own version; Annex B begins with zeros
        return 0
    return (extradata[at] & 3) + 1


def nal_units(payload: bytes, length_bytes: int) -> list[bytes]:
    """The units of one packet in order, without start codes, lengths and the zeros after them (a unit never ends in one, H.264 7.4.1)."""
    pieces = _after_lengths(payload, length_bytes) if length_bytes else _after_start_codes(payload)
    return [unit for piece in pieces if (unit := piece.rstrip(b"\x00"))]


def _after_start_codes(payload: bytes) -> Iterator[bytes]:
    """What lies before the first start code is a unit too: somebody sent it."""
    begin = 0
    while (end := payload.find(_SHORT_START_CODE, begin)) >= 0:
        yield payload[begin:end]
        begin = end + len(_SHORT_START_CODE)
    yield payload[begin:]


def _after_lengths(payload: bytes, length_bytes: int) -> Iterator[bytes]:
    """A length that reaches beyond the packet takes what there is."""
    begin = 0
    while begin < len(payload):
        size = int.from_bytes(payload[begin : begin + length_bytes], "big")
        yield payload[begin + length_bytes : begin + length_bytes + size]
        begin += length_bytes + size


def annex_b(units: Iterable[bytes]) -> bytes:
    """The units, each after a start code of four bytes."""
    return b"".join(START_CODE + unit for unit in units)


def parameter_sets(codec: str, extradata: bytes) -> bytes:
    """What the stream's extradata holds, after start codes: SPS, PPS, VPS and SEI. Extradata that already is Annex B comes back in that form."""
    if not length_bytes_of(codec, extradata):
        return annex_b(nal_units(extradata, 0))
    return annex_b(unit for unit in (_of_hvcc(extradata) if codec == "hevc" else _of_avcc(extradata)) if unit)


def _of_avcc(record: bytes) -> Iterator[bytes]:
    """ISO 14496-15, 5.3.3.1: a count of five bits, the sequence sets, a count, the picture sets."""
    at = 5
    for mask in (0x1F, 0xFF):
        count = record[at] & mask if at < len(record) else 0
        at += 1
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            yield record[at + 2 : at + 2 + size]
            at += 2 + size


def _of_hvcc(record: bytes) -> Iterator[bytes]:
    """ISO 14496-15, 8.3.3.1: arrays of units of one type each."""
    at = 23
    for _ in range(record[22] if len(record) > 22 else 0):
        count = int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            if at >= len(record):
                return
            size = int.from_bytes(record[at : at + 2], "big")
            yield record[at + 2 : at + 2 + size]
            at += 2 + size


def elementary_sha256(codec: str, extradata: bytes, payloads: Iterable[bytes]) -> str:
    """SHA-256 of what the camera encoded, in decoding order: every NAL unit after a start code of four bytes, or whole packets where there are none.

    The same whether it is taken from the camera's packets or from the clip cut of them.
    """
    digest = hashlib.sha256()
    length_bytes = length_bytes_of(codec, extradata)
    for payload in payloads:
        digest.update(annex_b(nal_units(payload, length_bytes)) if codec in NAL_CODECS else payload)
    return digest.hexdigest()
