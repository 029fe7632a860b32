"""Letters of the report, all embedded: Latin, Vietnamese, Greek, Cyrillic; Chinese, Japanese, Korean; and code points for what neither font draws."""

import unicodedata
from functools import cache
from html import escape
from importlib import resources
from itertools import groupby

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, STRONG, EAST = "CatseyeSans", "CatseyeSans-Semibold", "CatseyeEast"
_FILES = {PLAIN: "SourceSansPro-Regular.ttf", STRONG: "SourceSansPro-Semibold.ttf", EAST: "DroidSansFallback.ttf"}


@cache
def letters_of(font: str) -> frozenset[int]:
    """The code points a font draws; the first call makes it known to reportlab."""
    with resources.as_file(resources.files("catseye.cases") / "fonts" / _FILES[font]) as path:
        pdfmetrics.registerFont(TTFont(font, str(path)))
    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)


def make_fonts_known() -> None:
    """Before any is drawn with; idempotent."""
    letters_of(PLAIN), letters_of(STRONG)
    for is_bold, is_italic, name in ((0, 0, PLAIN), (1, 0, STRONG), (0, 1, PLAIN), (1, 1, STRONG)):
        addMapping(PLAIN, is_bold, is_italic, name)


def marked(text: str) -> str:
    """The text as a paragraph takes it: escaped, each run in its font; a letter that nobody could read is written as its code point, never lost.

    >>> marked("Đường <7> 北京 ก")
    'Đường &lt;7&gt; <font name="CatseyeEast">北京</font> [U+0E01]'
    """
    runs = groupby(unicodedata.normalize("NFC", text), _font_of)
    return "".join(_run(font, "".join(letters)) for font, letters in runs)


def cut(text: str, most_chars: int) -> str:
    """The text, ended by … where it would take more room than that many letters: one that must be named takes that of eight.

    >>> cut("stop line", 20), cut("stop line", 6), cut("กกก", 20)
    ('stop line', 'stop …', 'กก…')
    """
    room = most_chars
    for at, letter in enumerate(text):
        room -= 1 if _font_of(letter) else 8
        if room < 1 and (room < 0 or at + 1 < len(text)):
            return f"{text[:at]}…"
    return text


def _font_of(letter: str) -> str:
    if letter.isspace() or ord(letter) in letters_of(PLAIN):
        return PLAIN
    return EAST if ord(letter) in letters_of(EAST) else ""


def _run(font: str, letters: str) -> str:
    if font == EAST:
        return f'<font name="{EAST}">{escape(letters)}</font>'
    return escape(letters, quote=False) if font else "".join(f"[U+{ord(letter):04X}]" for letter in letters)
