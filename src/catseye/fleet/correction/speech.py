"""Texts as a terminal can be told them: JT/T 808 writes GBK, which has Chinese, Greek and Cyrillic, but few accented letters."""

from unicodedata import combining, normalize

_PLAIN = str.maketrans({"đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "Æ": "AE", "ı": "i", "¡": "", "¿": ""})


def sayable(text: str) -> str:
    """The text itself where GBK has all its letters, else all of it without marks: half of them would read worse than none.

    >>> sayable("Giữ khoảng cách."), sayable("请保持车距")
    ('Giu khoang cach.', '请保持车距')
    """
    if _is_gbk(text):
        return text
    bare = "".join(each for each in normalize("NFD", text.translate(_PLAIN)) if not combining(each))
    return normalize("NFC", bare).encode("gbk", "ignore").decode("gbk")


def _is_gbk(text: str) -> bool:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
