"""NAL units: two ways of writing them, one set of units, any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vision.evidence.scenes import stream_of

from catseye.vision.evidence.nal import annex_b, elementary_sha256, length_bytes_of, nal_units, parameter_sets

AVCC = bytes.fromhex("0164001fffe1") + b"\x00\x04\x67\x64\x00\x1f" + b"\x01" + b"\x00\x03\x68\xee\x3c"
UNITS = st.lists(st.binary(min_size=1, max_size=40).map(lambda unit: unit.replace(b"\x00", b"\x01")), min_size=1, max_size=8)


@given(UNITS, st.sampled_from([1, 2, 4]))
def test_units_are_the_same_after_start_codes_and_after_lengths(units: list[bytes], length_bytes: int) -> None:
    after_lengths = b"".join(len(unit).to_bytes(length_bytes, "big") + unit for unit in units)
    assert nal_units(annex_b(units), 0) == nal_units(after_lengths, length_bytes) == units


@given(st.binary(max_size=300), st.sampled_from([0, 1, 2, 3, 4]))
def test_any_bytes_give_units_and_writing_them_again_changes_nothing(payload: bytes, length_bytes: int) -> None:
    units = nal_units(payload, length_bytes)
    assert all(unit and not unit.endswith(b"\x00") for unit in units)
    again = nal_units(annex_b(units), 0)
    assert b"".join(again).replace(b"\x00", b"") in b"".join(units).replace(b"\x00", b"") or length_bytes
    assert nal_units(annex_b(again), 0) == again


@given(st.binary(max_size=200))
def test_any_extradata_gives_parameter_sets_or_none(extradata: bytes) -> None:
    for codec in ("h264", "hevc"):
        assert isinstance(parameter_sets(codec, extradata), bytes)
        assert isinstance(parameter_sets(codec, b"\x01" + extradata), bytes)


def test_an_avcc_record_tells_lengths_and_parameter_sets() -> None:
    assert length_bytes_of("h264", AVCC) == 4
    assert nal_units(parameter_sets("h264", AVCC), 0) == [b"\x67\x64\x00\x1f", b"\x68\xee\x3c"]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_the_elementary_hash_is_one_whichever_way_the_units_were_written(codec: str) -> None:
    _, packets = stream_of(codec, 12)
    payloads = [bytes(packet) for packet in packets]
    record = AVCC if codec == "h264" else b"\x01" + bytes(20) + b"\x03\x00"
    after_lengths = [b"".join(len(unit).to_bytes(4, "big") + unit for unit in nal_units(payload, 0)) for payload in payloads]
    assert elementary_sha256(codec, b"", payloads) == elementary_sha256(codec, record, after_lengths)
    assert elementary_sha256(codec, b"", payloads) != elementary_sha256(codec, b"", payloads[:-1])
