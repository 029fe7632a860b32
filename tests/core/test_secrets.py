"""No secret of an address is shown, whatever it is made of; what is no secret stays readable.

Secrets are made of capitals, `Ω` and marks, all else of small letters: not one capital may come through, not even a part of a password.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.secrets import masked, shown_address, spells_out_a_secret

SMALL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=9)
MARKS = "@/?#:&%$!=+*~^|<>(){}[],.;'\"_-\\"
PASSWORD = st.text("ABCXYZΩ" + MARKS, min_size=1, max_size=16).map(lambda text: f"Q{text}")
WORD = st.text("ABCXYZΩ0123456789@/?#:%$!+*~^|<>{}_-\\", min_size=1, max_size=16).map(lambda text: f"{text}Q")  # a query's `&` and `;` end a value
ANY_CASE = st.sampled_from([str.lower, str.upper, str.title])
NAMES = st.sampled_from(["password", "passwd", "pass", "passwort", "pwd", "psw", "pw", "loginpas", "adminpassword", "password1", "secret", "client-secret"]) | (
    st.sampled_from(["token", "access_token", "key", "api_key", "apikey", "auth", "authbasic", "authorization", "sig", "signature", "credentials"])
)
SCHEMES = st.sampled_from(["rtsp", "rtsps", "http", "https"])
SENTENCES = st.sampled_from(["{}", "{}: refused; wanted a camera", 'cannot open "{}": gone', "lost ({})", "see {}, again", "a {}\nb"])
REFERENCES = st.sampled_from(["${env:CAMERA_PASSWORD}", "${file:secrets/camera}"])


def hides(text: str, *readable: str) -> bool:
    """Not a letter of a secret is left, and what may be read can be."""
    return not set(text) & set("QABCXYZΩ") and all(word in text for word in readable)


@given(SENTENCES, SCHEMES, SMALL, PASSWORD, SMALL, SMALL)
def test_whatever_a_password_is_made_of_no_part_of_it_is_shown(sentence: str, scheme: str, user: str, password: str, host: str, path: str) -> None:
    location = f"{scheme}://{user}:{password}@{host}/{path}"
    assert hides(masked(sentence.format(location)), host, path)
    assert hides(shown_address(location), scheme)
    assert spells_out_a_secret(location)


@given(SCHEMES, st.from_regex(r"[0-9]{1,5}[/?#][A-Z@/?#]{1,9}", fullmatch=True), SMALL)
def test_a_password_that_begins_like_a_port_is_not_shown(scheme: str, password: str, host: str) -> None:
    location = f"{scheme}://USER:{password}@{host}/live"
    for shown in (masked(location), shown_address(location)):
        assert not set(shown) & set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@given(SENTENCES, NAMES, ANY_CASE, WORD, SMALL, st.sampled_from(["http://{host}/x?{first}&{name}={word}", "rtsp://{host}:554/{first}&{name}={word}&x=1"]))
def test_no_secret_argument_is_shown(sentence: str, name: str, case: object, word: str, host: str, form: str) -> None:
    location = form.format(host=host, first="channel=1", name=case(name), word=word)  # type: ignore[operator]
    shown = masked(sentence.format(location))
    assert hides(shown.replace(case(name), ""))  # type: ignore[operator]
    assert hides(shown_address(location).replace(case(name), ""), "://")  # type: ignore[operator]
    assert spells_out_a_secret(location)


@given(st.text(max_size=80), st.text(max_size=80))
def test_blotted_out_twice_is_blotted_out_once(one: str, other: str) -> None:
    for text in (one, f"rtsp://{one}@{other}", f"http://{one}/?token={other}", f"{one}://{other}"):
        assert masked(masked(text)) == masked(text)


@given(st.text("abc xyz0189:.,-()/äß…", max_size=60))
def test_a_text_without_an_address_and_without_a_secret_is_left_alone(text: str) -> None:
    assert masked(text) == text
    assert not spells_out_a_secret(text)


@given(SMALL, REFERENCES, SMALL, NAMES)
def test_references_stay_readable(user: str, reference: str, host: str, name: str) -> None:
    for location in (f"rtsp://{user}:{reference}@{host}:554/live", f"http://{host}/x?{name}={reference}&channel=1", f"rtsp://{reference}:{reference}@{host}/1"):
        assert masked(f"cannot open {location}: refused") == f"cannot open {location}: refused"
        assert not spells_out_a_secret(location)


@given(SMALL, PASSWORD, SMALL)
def test_a_reference_beside_a_secret_does_not_cover_it(user: str, password: str, host: str) -> None:
    location = f"rtsp://{user}:{password}${{env:A_B}}@{host}/1"
    assert hides(masked(location.replace("A_B", "a_b")))
    assert spells_out_a_secret(location)


@given(SMALL, SMALL, SMALL, st.text("abcxyz0189/=&@", max_size=12))
def test_where_references_are_looked_up_neither_user_nor_query_is_shown(user: str, password: str, host: str, query: str) -> None:
    shown = shown_address(f"rtsp://{user}{password}UU:{password}PP@{host}/1?QQ{query}")
    assert not set(shown) & set("UPQ")
    assert shown_address(f"http://{host}/user=UU&channel=1") == f"http://{host}/user=…&channel=1"


@given(st.text(max_size=60))
def test_any_text_can_be_shown(text: str) -> None:
    for location in (text, f"rtsp://{text}", f"http://a:b@{text}"):
        assert isinstance(shown_address(location), str)
        whole = "".join(location.split())  # an address has no blanks
        assert not spells_out_a_secret(whole) or masked(whole) != whole or "…" in whole


@pytest.mark.parametrize("text", ["rtsp://camera/stream@main", "rtsp://user@camera/1", "monkey=3 compass=90", "clips/a:b@c.mp4", "keyframe=10, tokens: 3"])
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert masked(text) == text


def test_a_file_is_shown_as_it_is() -> None:
    assert shown_address("clips/token=1/a@b.mp4") == "clips/token=1/a@b.mp4"
