"""Pseudonyms: names drawn by chance for people, and finders, by which who comes again is known again without being named."""

import hmac
import re
import secrets
import unicodedata

from catseye.vault.keys import Key

_PSEUDONYM_BYTES = 8
_PSEUDONYM = re.compile(rf"[0-9a-f]{{{2 * _PSEUDONYM_BYTES}}}")


def drawn() -> str:
    """A new one."""
    return secrets.token_hex(_PSEUDONYM_BYTES)


def is_pseudonym(text: str) -> bool:
    """Whether it is of the form that pseudonyms are drawn in: no name is.

    >>> is_pseudonym("6f0c21ab00112233"), is_pseudonym("Nguyen Thi Lan")
    (True, False)
    """
    return _PSEUDONYM.fullmatch(text) is not None


def finder_of(key: Key, document: str) -> str:
    """What stands for the number of a document: HMAC under a key of the vault, so who has the finder alone cannot try all numbers."""
    return hmac.digest(key.secret, plain(document).encode(), "sha256").hex()


def plain(document: str) -> str:
    """A number or plate as it counts, however it was written: capitals, width, signs between and other digits make no second one.

    >>> plain("ab-１２ ٣"), plain("AB123")
    ('AB123', 'AB123')
    """
    letters = (letter for letter in unicodedata.normalize("NFKC", document).upper() if letter.isalnum())
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in letters)
