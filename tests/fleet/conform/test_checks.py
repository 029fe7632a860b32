"""What a report shows of a fault."""

from catseye.fleet.conform.checks import fault_of
from catseye.fleet.conform.hearing import Said
from catseye.fleet.frame808 import Frame, Header


def said(msg_id: int, body: bytes) -> Said:
    header = Header.of(msg_id, "13800138000", 1)
    return Said(1, True, "a", bytes(Frame(header, body)), None, header)


def test_a_report_for_a_maker_shows_no_bytes_of_who_drives() -> None:
    assert b"Nguyen" in fault_of(said(0x0200, b"Nguyen"), "a fault").data
    of_a_driver = fault_of(said(0x0702, b"Nguyen Van A 790012345678"), "a fault").data
    assert of_a_driver.startswith(b"\x7e\x07\x02")
    assert b"N" not in of_a_driver
