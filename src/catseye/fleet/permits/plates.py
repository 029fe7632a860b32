"""Number plates and chassis numbers as they are typed into tables: one way to write each, and what a check digit says."""

import re
import unicodedata

_BETWEEN = re.compile(r"[\s\-‐-―−_.·•・]+")
_PLATE = re.compile(r"\w{4,12}")
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")  # ISO 3779: no I, O, Q
_DIGITS = {
    letter: number for letters, number in zip(("AJ", "BKS", "CLT", "DMU", "ENV", "FW", "GPX", "HY", "RZ"), range(1, 10), strict=True) for letter in letters
}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_WITH_CHECK_DIGIT = frozenset("12345L")  # ISO 3780 regions that prescribe it: 49 CFR 565.15 (North America), GB 16735 (China)


def normal_plate(text: str) -> str:
    """A plate without whatever people put between its signs, in capitals and of ordinary width.

    >>> normal_plate("51b-123.45"), normal_plate("鲁Ａ·１２３４５ ")
    ('51B12345', '鲁A12345')
    """
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def is_plate(text: str) -> bool:
    """Whether a normal plate can be one: 4 to 12 letters, digits or signs of writing, a digit among them."""
    return bool(_PLATE.fullmatch(text)) and any(sign.isdigit() for sign in text)


def normal_vin(text: str) -> str:
    """A chassis number in capitals, without spaces and dashes."""
    return normal_plate(text)


def fault_of_vin(vin: str) -> str:
    """What is wrong with a chassis number by ISO 3779 and its check digit; empty when nothing is.

    >>> fault_of_vin("1M8GDM9AXKP042788"), fault_of_vin("1M8GDM9A1KP042788")
    ('', 'check digit 1, computed X')
    """
    if not _VIN.fullmatch(vin):
        return f"{len(vin)} signs" if len(vin) != 17 else "I, O, Q or another sign that no VIN has"
    total = sum((int(sign) if sign.isdigit() else _DIGITS[sign]) * weight for sign, weight in zip(vin, _WEIGHTS, strict=True))
    wanted = "0123456789X"[total % 11]
    return "" if vin[8] == wanted else f"check digit {vin[8]}, computed {wanted}"


def has_check_digit(vin: str) -> bool:
    """Whether the maker's region prescribes one: elsewhere the ninth sign may be anything."""
    return len(vin) == 17 and vin[0] in _WITH_CHECK_DIGIT
