"""What is said to a driver, and who drives (personal data: nobody stores it as it is)."""

from catseye.fleet.text import encoded_hex, hex_of
from catseye.fleet.wire import Field, Layout, Maybe, Prefixed, Remaining, bcd_time, text, u8

TEXT_2013 = Layout(
    "text to the driver",
    u8("flags", "bits", "0 urgent, 2 display, 3 spoken, 4 advertising screen, 5: 0 navigation, 1 CAN fault code"),
    Remaining("text", "at most 1024 bytes", is_text=True),
)
TEXT_2019 = Layout(
    "text to the driver",
    u8("flags", "bits", "0–1: 1 service, 2 urgent, 3 notice; 2 display, 3 spoken, 5: 0 navigation, 1 CAN fault code"),
    u8("text_type", "", "1 notice, 2 service"),
    Remaining("text", "at most 1024 bytes", is_text=True),
    label="2019",
)


def _expiry(name: str) -> Field:
    return Field(name, "4s", "", "YYYYMMDD", "BCD[4]", hex_of, encoded_hex)


_CARD = (Prefixed("name"), text("certificate", 20), Prefixed("org"), _expiry("expiry"))
_STATE = (u8("state", "", "1 card in, 2 card out", only=(1, 2)), bcd_time("time"))
_RESULT = u8("ic_result", "", "0 read, 1 key or authentication failed, 2 locked, 3 pulled out, 4 checksum")
DRIVER_2011 = Layout("driver identity", Prefixed("name"), text("id_no", 20), text("certificate", 40), Prefixed("org"), label="2011")
DRIVER_2013 = Layout("driver identity", *_STATE, Maybe(Layout("", _RESULT, Maybe(Layout("", *_CARD), "name")), "ic_result"), label="2013")
DRIVER_2019 = Layout("driver identity", *_STATE, Maybe(Layout("", _RESULT, Maybe(Layout("", *_CARD, text("id_no", 20)), "name")), "ic_result"), label="2019")
