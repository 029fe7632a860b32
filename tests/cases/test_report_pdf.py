"""The police report can be hashed, can be read in any script we promise, and is never lost to what people write."""

import io
import re
from typing import Any

import pytest
from PIL import Image
from tests.cases.factories import HASH, HOA, LAN, MACHINE, MINH, later, opening, red_light

from catseye.cases import transitions
from catseye.cases.account import CustodyLine
from catseye.cases.case import Case, after, begun, case_id
from catseye.cases.errors import CaseError
from catseye.cases.facts import Character
from catseye.cases.lettering import marked
from catseye.cases.report_pdf import report_pdf


def still(width: int = 320, height: int = 180, shade: int = 80, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (shade, shade, shade)).save(file, kind)
    return file.getvalue()


def opened(**other: Any) -> Case:
    begin = opening(**other)
    return begun(case_id(begin.event.id), transitions.opened(begin, MACHINE, later(5)))


def decided(reason: str = "đèn đỏ rõ ràng", authority: str = "Phòng CSGT", **other: Any) -> Case:
    case = opened(**other)
    case = after(case, transitions.suggest_plate(case, "machine:ocr", "51F", "ocr", later(6), (Character("5", 0.5),)))
    case = after(case, transitions.confirm(case, LAN, reason, later(7)))
    case = after(case, transitions.confirm_plate(case, HOA, "51F-123.45", later(8), reason))
    case = after(case, transitions.submit(case, HOA, authority, HASH, HASH, later(9)))
    return after(case, transitions.answer(case, MINH, "accepted", reason, later(10)))


def pages_count(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def test_equal_cases_give_equal_bytes_and_others_do_not() -> None:
    custody = (CustodyLine(LAN, "looked at still m-1", later(6), "review"),)
    one = report_pdf(decided(), (still(), still(shade=90)), custody, "5f:a2")
    assert one == report_pdf(decided(), (still(), still(shade=90)), custody, "5f:a2")
    assert one != report_pdf(decided("another reason"), (still(), still(shade=90)), custody, "5f:a2")
    assert one[:5] == b"%PDF-"
    assert one.count(b"/Subtype /Image") == 2


def test_a_usual_case_is_two_pages() -> None:
    assert pages_count(report_pdf(decided(), (still(), still(shade=90)))) == 2


def test_letters_are_embedded_those_of_the_east_only_where_they_are_used() -> None:
    plain = report_pdf(decided())
    assert plain.count(b"/FontFile2") == 2
    assert report_pdf(decided(place="北京市朝阳区")).count(b"/FontFile2") == 3


def test_every_letter_is_drawn_or_named() -> None:
    assert marked("Thuỳ Đặng ở Ngã tư Ất Ợ, Łódź, Ελλάδα, Київ") == "Thuỳ Đặng ở Ngã tư Ất Ợ, Łódź, Ελλάδα, Київ"
    assert marked("서울 東京 ทาง") == '<font name="CatseyeEast">서울</font> <font name="CatseyeEast">東京</font> [U+0E17][U+0E32][U+0E07]'
    assert marked("e\u0323\u0302") == "ệ"
    assert marked("<b>&") == "&lt;b&gt;&amp;"


@pytest.mark.parametrize("letter", ["w", "ก", "\n", "中", "</para>", "&lt;", "\U0001f6a6", "a b "])
def test_however_much_anybody_writes_there_is_a_report(letter: str) -> None:
    text = (letter * 4000)[:3990] + "end"
    event = red_light(details={"line": text})
    assert pages_count(report_pdf(decided(text, text, event=event, place=text), (still(),), (CustodyLine(LAN, text, later(9), text),), text)) >= 2


@pytest.mark.parametrize(
    "other", [{"place": "", "media": (), "signals": (), "position_deg": None}, {"event": red_light(when=None, trusted=False, measures=(), px=None)}]
)
def test_a_case_that_knows_little_has_its_report(other: dict[str, Any]) -> None:
    assert pages_count(report_pdf(opened(**other))) == 2


@pytest.mark.parametrize("content", [b"", b"not a picture", still()[:-40], b"GIF89a" + bytes(40), still(kind="BMP")])
def test_a_still_that_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(CaseError, match="no picture"):
        report_pdf(opened(), (content,))


def test_a_still_of_too_many_pixels_is_refused_unopened() -> None:
    with pytest.raises(CaseError, match="9000×9000 pixels"):
        report_pdf(opened(), (still(9_000, 9_000),))


def test_a_wide_still_is_shown_small_and_never_stretched() -> None:
    pdf = report_pdf(opened(), (still(3840, 2160), still(600, 1800, kind="JPEG")))
    sizes = {(int(w), int(h)) for h, w in re.findall(rb"/Height (\d+).{0,120}?/Width (\d+)", pdf, re.DOTALL)}
    assert sizes == {(1400, 788), (467, 1400)}


def test_an_overturned_case_says_so() -> None:
    case = decided()
    case = after(case, transitions.file_appeal(case, "An", "amber", later(11)))
    heard = after(case, transitions.hear_appeal(case, "Huy", "overturned", "amber indeed", later(12)))
    upheld = after(case, transitions.hear_appeal(case, "Huy", "upheld", "amber indeed", later(12)))
    assert report_pdf(heard) != report_pdf(upheld)
