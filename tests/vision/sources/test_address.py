"""A camera's address never gives its secrets away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.errors import SourceError
from catseye.vision.sources.address import parse_address


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_typed_error(text: str) -> None:
    for location in (text, f"rtsp://{text}", f"http://{text}"):
        try:
            assert parse_address(location).host
        except SourceError as fault:
            assert "\n" not in str(fault) or "\n" in location


def test_an_address_is_taken_apart() -> None:
    address = parse_address("rtsps://a%40b:p%3A@cam.example:8322/ch1")
    assert (address.scheme, address.host, address.port) == ("rtsps", "cam.example", 8322)
    assert (address.user, address.password) == ("a@b", "p:")
    assert address.bare_url == "rtsps://cam.example:8322/ch1"
    assert parse_address("rtsp://[::1]/x").port == 554
    assert address.shown == "rtsps://…@cam.example:8322/ch1"
    assert "p%3A" not in repr(address)


@pytest.mark.parametrize("location", ["ftp://host/x", "rtsp:///x", "rtsp://host:99999/x", "http://[::1/x", "rtsp://h:port/x"])
def test_what_cannot_be_called_is_refused(location: str) -> None:
    with pytest.raises(SourceError):
        parse_address(location)
