"""Signing messages: found in either codec and either form, counted, never taken for verified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vision.evidence.scenes import ONVIF, SIGNED_VIDEO, sei, stream_of

from catseye.vision.evidence.nal import annex_b
from catseye.vision.evidence.signing import Signing, sei_messages, signing_of

AVCC = b"\x01\x64\x00\x1f\xff\xe1"


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize(("uuid", "scheme"), [(ONVIF, "ONVIF media signing"), (SIGNED_VIDEO, "Signed Video")])
def test_signing_messages_are_counted_and_said_to_be_unverified(codec: str, uuid: bytes, scheme: str) -> None:
    _, packets = stream_of(codec, 12)
    payloads = [annex_b([sei(codec, uuid)]) + bytes(packet) if index % 5 == 0 else bytes(packet) for index, packet in enumerate(packets)]
    found = signing_of(codec, b"", payloads)
    assert (found.status, found.messages) == ("present, not verified", {scheme: 3})
    assert found.seis_count >= 3


def test_messages_after_lengths_are_found_too() -> None:
    unit = sei("h264", ONVIF)
    payload = len(unit).to_bytes(4, "big") + unit
    assert signing_of("h264", AVCC, [payload]).messages == {"ONVIF media signing": 1}


def test_several_messages_in_one_unit_are_each_seen() -> None:
    both = sei("h264", ONVIF)[:-1] + sei("h264", SIGNED_VIDEO)[1:]
    assert [kind for kind, _ in sei_messages("h264", both)] == [5, 5]
    assert signing_of("h264", b"", [annex_b([both])]).messages == {"ONVIF media signing": 1, "Signed Video": 1}


def test_other_user_data_is_no_signature() -> None:
    assert signing_of("h264", b"", [annex_b([sei("h264", bytes(range(16)))])]) == Signing("unsigned", {}, 1)


def test_the_uuid_within_a_picture_is_no_signature() -> None:
    assert signing_of("h264", b"", [annex_b([b"\x65" + ONVIF])]).status == "unsigned"


def test_motion_jpeg_has_no_such_messages() -> None:
    assert signing_of("mjpeg", b"", [annex_b([sei("h264", ONVIF)])]) == Signing("unsigned")


@given(st.lists(st.binary(max_size=200), max_size=4), st.sampled_from(["h264", "hevc"]), st.sampled_from([b"", AVCC, b"\x01" + bytes(21)]))
def test_any_bytes_are_answered(payloads: list[bytes], codec: str, extradata: bytes) -> None:
    found = signing_of(codec, extradata, payloads)
    assert (found.status == "unsigned") == (not found.messages)


@given(st.binary(max_size=300), st.sampled_from(["h264", "hevc"]))
def test_any_body_of_a_signature_is_found_whatever_it_holds(body: bytes, codec: str) -> None:
    assert signing_of(codec, b"", [annex_b([sei(codec, ONVIF, body)])]).messages == {"ONVIF media signing": 1}
