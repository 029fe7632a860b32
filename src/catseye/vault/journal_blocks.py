"""Batches of messages as the bytes of one block, and back: columns, packed, so that a search need not read what it does not want."""

import struct
from collections.abc import Iterator, Sequence

import pyarrow as pa

from catseye.core.terminal import Accepted
from catseye.core.time import Stamp

_SIZES = struct.Struct("<III")  # unpacked bytes; records; bytes of their texts
_ROW = struct.Struct("<HHIqd")  # message id, serial, bytes of the body, received in ns of UTC, its doubt in ms
_LINE, _COLUMN = "\n", "\0"
_ZSTD = pa.Codec("zstd", compression_level=1)


def block_of(records: Sequence[Accepted]) -> bytes:
    """One block; ValueError for a record that no wire could have brought."""
    columns = (
        _LINE.join([record.identity for record in records]),
        _LINE.join([record.phone for record in records]),
        _LINE.join([record.version for record in records]),
    )
    joined = _COLUMN.join(columns)
    if joined.count(_LINE) != 3 * (len(records) - 1) or joined.count(_COLUMN) != len(columns) - 1:
        raise ValueError("a record whose identity, phone or version has a line's end or a NUL in it; wanted digits and words")
    texts = joined.encode()
    try:
        rows = [_ROW.pack(each.msg_id, each.serial, len(each.body), each.received.utc_ns, each.received.doubt_ms) for each in records]
    except struct.error as error:
        raise ValueError(f"a record with a number beyond its bounds ({error}); wanted message id and serial of 16 bits") from None
    plain = b"".join((texts, *rows, *[record.body for record in records]))
    packed: bytes = _ZSTD.compress(plain, asbytes=True)
    return _SIZES.pack(len(plain), len(records), len(texts)) + packed


def records_of(block: bytes, identity: str | None = None) -> Iterator[Accepted]:
    """The records of a block in their order; of one terminal alone, where it is named."""
    plain_bytes, count, texts_bytes = _SIZES.unpack_from(block)
    plain: bytes = _ZSTD.decompress(memoryview(block)[_SIZES.size :], plain_bytes, asbytes=True)
    if identity is not None and identity.encode() not in plain[:texts_bytes]:
        return
    identities, phones, versions = (column.split(_LINE) for column in plain[:texts_bytes].decode().split(_COLUMN))
    at = texts_bytes + count * _ROW.size
    rows = _ROW.iter_unpack(plain[texts_bytes:at])
    for name, phone, version, (msg_id, serial, body_bytes, utc_ns, doubt_ms) in zip(identities, phones, versions, rows, strict=True):
        if identity is None or name == identity:
            yield Accepted(name, phone, version, msg_id, serial, Stamp(utc_ns, doubt_ms), plain[at : at + body_bytes])
        at += body_bytes
