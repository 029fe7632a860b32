import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.vault.factories import events_at

from catseye.core.errors import SourceError
from catseye.vault.heads import SignedHead, read_signed_head, sign_head, signed_head_of
from catseye.vault.leaves import Head
from catseye.vault.vault import Vault

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
SIGNED = sign_head(Head(7, bytes(range(32))), 1_700_000_000_000_000_000, KEY)


def test_a_signed_head_comes_back_as_it_was() -> None:
    back = signed_head_of(SIGNED.to_json(), "a head")
    assert back == SIGNED
    assert back.is_by(KEY.public_key())
    assert not back.is_by(OTHER.public_key())


@pytest.mark.parametrize(
    "forged",
    [
        replace(SIGNED, head=Head(8, SIGNED.head.root)),
        replace(SIGNED, head=Head(7, bytes(32))),
        replace(SIGNED, utc_ns=SIGNED.utc_ns + 1),
        replace(SIGNED, signature=bytes(64)),
        replace(sign_head(SIGNED.head, SIGNED.utc_ns, OTHER), key=SIGNED.key),
    ],
)
def test_a_head_of_which_anything_was_changed_is_not_by_its_key(forged: SignedHead) -> None:
    assert not signed_head_of(forged.to_json(), "a head").is_by(KEY.public_key())


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(json.dumps))
def test_any_text_is_a_head_or_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="wanted a signed head as `catseye log head` writes it"):
        signed_head_of(text, "a text")


def test_a_head_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        read_signed_head(tmp_path / "head.json")
    (tmp_path / "head.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="not text"):
        read_signed_head(tmp_path / "head.json")


def test_what_was_signed_is_kept_and_held_against_the_log(vault: Vault) -> None:
    vault.keep_events(events_at(1, 2))
    first = vault.sign_head(1, KEY)
    vault.keep_events(events_at(3))
    vault.sign_head(2, KEY)
    assert vault.log_faults() == []
    assert vault.log_fault_against(first.head) is None
    assert vault.log_fault_against(Head(9, bytes(32))) == "the log has 3 entries and had 9: it was rolled back or cut"
    assert str(vault.log_fault_against(Head(2, bytes(32)))).endswith("the log was forked or changed")
