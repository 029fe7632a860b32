"""Tables of permits as authorities write them: encodings, headings, dates, plates; every doubt is told, no bytes break it."""

import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.properties import examples

from catseye.core.errors import CatseyeError
from catseye.fleet.permits.errors import PermitFileError
from catseye.fleet.permits.plates import fault_of_vin
from catseye.fleet.permits.reading import Reading, date_of, read_permits

HEAD = "plate,plate colour,vin,operator,permit,scope,valid from,valid until,area,state,terminal"
FINE = "51B-123.45,yellow,1M8GDM9AXKP042788,Minh Long,P-1,passenger,2026-01-01,2026-12-31,,,13800138000"
ZH = (
    "车牌号码,车牌颜色,业户名称,道路运输证号,经营范围,有效期起,有效期止,终端手机号\n"
    "鲁A·12345,黄色,济南长途客运公司,370100001,班线客运,2026年1月1日,2026年12月31日,013800138000\n"
)
VI = (
    "Biển số;Số khung;Đơn vị vận tải;Số phù hiệu;Loại hình;Từ ngày;Đến ngày;Tuyến\n"
    "51B-123.45;;Công ty Minh Long;PH-1;Vận tải hành khách;01/02/2026;31/12/2026;\n"
)


def read(text: str | bytes) -> Reading:
    return read_permits(io.BytesIO(text.encode() if isinstance(text, str) else text))


def read_rows(*rows: str) -> Reading:
    return read("\n".join((HEAD, *rows)))


def windows_1258(text: str) -> bytes:
    """As Vietnamese Windows writes it: letters with their hats, tones as marks behind them."""
    import unicodedata

    out = bytearray()
    for sign in unicodedata.normalize("NFC", text):
        try:
            out += sign.encode("cp1258")
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", sign)
            tone = next(mark for mark in parts if mark in "\u0300\u0301\u0303\u0309\u0323")
            out += (unicodedata.normalize("NFC", parts.replace(tone, "")) + tone).encode("cp1258")
    return bytes(out)


def test_a_row_is_a_vehicle_an_operator_and_a_permit() -> None:
    (row,) = read_rows(FINE).rows
    permit = row.permit
    assert (permit.vehicle.plate, permit.vehicle.plate_colour, permit.vehicle.vin) == ("51B12345", 2, "1M8GDM9AXKP042788")
    assert (permit.operator.name, permit.number, permit.scope, permit.state) == ("Minh Long", "P-1", "passenger", "in-force")
    assert (permit.valid_from, permit.valid_until, permit.terminal, row.line) == (date(2026, 1, 1), date(2026, 12, 31), "13800138000", 2)
    assert read_rows(FINE).conflicts == ()


@pytest.mark.parametrize(
    ("raw", "encoding", "plate", "operator"),
    [
        (ZH.encode(), "UTF-8", "鲁A12345", "济南长途客运公司"),
        (ZH.encode("utf-8-sig"), "UTF-8 with BOM", "鲁A12345", "济南长途客运公司"),
        (ZH.encode("gbk"), "GBK", "鲁A12345", "济南长途客运公司"),
        (ZH.encode("utf-16"), "UTF-16", "鲁A12345", "济南长途客运公司"),
        (VI.encode(), "UTF-8", "51B12345", "Công ty Minh Long"),
        (windows_1258(VI), "Windows-1258", "51B12345", "Công ty Minh Long"),
    ],
    ids=["zh-utf8", "zh-bom", "zh-gbk", "zh-utf16", "vi-utf8", "vi-1258"],
)
def test_the_encoding_is_found_and_told(raw: bytes, encoding: str, plate: str, operator: str) -> None:
    reading = read(raw)
    assert (reading.encoding, reading.conflicts) == (encoding, ())
    assert (reading.rows[0].permit.vehicle.plate, reading.rows[0].permit.operator.name) == (plate, operator)
    assert reading.rows[0].permit.scope == "passenger"


@pytest.mark.parametrize("text", ["2026-01-31", "2026/1/31", "20260131", "31/01/2026", "31.1.2026", "2026年1月31日", "2026-01-31 00:00:00"])
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert date_of(text) == date(2026, 1, 31)


def told(*rows: str) -> list[tuple[str, int, bool]]:
    return [(each.kind, each.line, each.is_refused) for each in read_rows(*rows).conflicts]


@pytest.mark.parametrize(
    ("row", "kind", "is_refused"),
    [
        (FINE.replace("2026-12-31", "2025-12-31"), "dates-reversed", True),
        (FINE.replace("2026-12-31", "soon"), "date-unreadable", True),
        (FINE.replace("2026-12-31", "9999-12-31"), "row-unreadable", True),
        (FINE.replace("51B-123.45", "?"), "plate-unreadable", True),
        (FINE.replace("P-1", ""), "cell-missing", True),
        (FINE.replace("1M8GDM9AXKP042788", "1M8GDM9A1KP042788"), "vin-check-digit", True),
        (FINE.replace("1M8GDM9AXKP042788", "WVWZZZ1JZ3W386752"), "vin-check-digit", False),
        (FINE.replace("1M8GDM9AXKP042788", "12345"), "vin-unusual", False),
        (FINE.replace("passenger", "flying"), "scope-unknown", False),
        (FINE.replace("yellow", "plaid"), "colour-unknown", False),
        (FINE.replace(",,,138", ",,maybe,138"), "state-unknown", True),
        (FINE.replace(",,,138", ",polygon: 1 2; 3 4,,138"), "area-unreadable", True),
        (FINE.replace("13800138000", "!!"), "terminal-unreadable", False),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_with_its_line_and_stops_nothing_else(row: str, kind: str, is_refused: bool) -> None:
    other = FINE.replace("51B-123.45", "51B-999.99").replace("P-1", "P-2").replace("1M8GDM9AXKP042788", "").replace("13800138000", "")
    assert told(row, other) == [(kind, 2, is_refused)]
    assert len(read_rows(row, other).rows) == 2 - is_refused


def test_a_check_digit_is_that_of_the_standard() -> None:
    assert fault_of_vin("11111111111111111") == "" == fault_of_vin("1M8GDM9AXKP042788")
    assert fault_of_vin("LSVAA49J132047371") == ""
    assert fault_of_vin("LSVAA49J132047372").startswith("check digit")


def test_a_permit_twice_is_taken_once_when_it_says_the_same_and_else_not_at_all() -> None:
    assert told(FINE, FINE) == [("duplicate-row", 3, False)]
    assert len(read_rows(FINE, FINE).rows) == 1
    other = FINE.replace("passenger", "goods")
    assert told(FINE, other) == [("duplicate-row", 2, True), ("duplicate-row", 3, True)]
    assert read_rows(FINE, other).rows == ()


def test_dates_of_a_file_that_turns_them_round_are_refused() -> None:
    american = FINE.replace("2026-12-31", "12/31/2026")
    either = FINE.replace("2026-12-31", "03/04/2026").replace("P-1", "P-2")
    same = FINE.replace("2026-12-31", "05/05/2026").replace("P-1", "P-3")
    assert told(american, either, same) == [("date-unreadable", 2, True), ("date-order", 3, True)]
    assert [row.line for row in read_rows(american, either, same).rows] == [4]


def test_columns_about_the_maker_of_a_terminal_are_left_out_and_others_ignored() -> None:
    reading = read(HEAD + ",Terminal Maker,终端型号,seats\n" + FINE + ",Acme,X1,45\n")
    assert (reading.left_out, reading.ignored) == (("Terminal Maker", "终端型号"), ("seats",))
    assert "Acme" not in str(reading.rows)


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xff\xfe\x00", b"plate\n1", b"\x80\x81\xff" * 9, b'"' + HEAD.encode()])
def test_what_is_no_table_of_permits_is_refused(raw: bytes) -> None:
    with pytest.raises(PermitFileError):
        read(raw)


CELLS = st.lists(st.text(max_size=12) | st.sampled_from(FINE.split(",")), min_size=1, max_size=12)


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=200) | st.lists(CELLS, max_size=5).map(lambda rows: "\n".join([HEAD, *map(",".join, rows)]).encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused_by_a_typed_error(raw: bytes) -> None:
    try:
        reading = read(raw)
    except CatseyeError:
        return
    assert len({row.permit.key for row in reading.rows}) == len(reading.rows)
