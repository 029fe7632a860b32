"""Bodies of JT/T 809 that are told field by field: logins, and what is said of one vehicle. The others stay hex."""

from catseye.fleet.wire import Count, Entries, Field, Layout, Remaining, Sized, text, u8, u16, u32, u64

_LOGIN = Layout("login", u32("user_id"), text("password", 8), u32("centre"), text("down_ip", 32), u16("down_port"))
_LOGIN_2011 = Layout("login", u32("user_id"), text("password", 8), text("down_ip", 32), u16("down_port"))
_POSITION: tuple[Field, ...] = (
    u8("encrypted"),
    u8("day"),
    u8("month"),
    u16("year"),
    u8("hour"),
    u8("minute"),
    u8("second"),
    u32("lon", "1e-6 deg"),
    u32("lat", "1e-6 deg"),
    u16("speed", "km/h", "by satellite"),
    u16("speed_recorder", "km/h"),
    u32("mileage", "km"),
    u16("direction", "deg"),
    u16("altitude", "m"),
    u32("status", "bits"),
    u32("alarm", "bits"),
)
POSITION = Layout("position of a vehicle", *_POSITION)
VEHICLE = Layout("of a vehicle", text("plate", 21), u8("plate_color"), u16("sub_id"), Sized("data_len", "I", Layout("", Remaining("data"))))
_POSITION_ID = Field("sub_id", "H", type="WORD", only=(0x1202,))
VEHICLE_POSITION = Layout("of a vehicle: position", text("plate", 21), u8("plate_color"), _POSITION_ID, Sized("data_len", "I", POSITION))

_PLAIN: dict[str, tuple[Layout, ...]] = {
    "0x1001": (_LOGIN, _LOGIN_2011),
    "0x1002": (Layout("answer to a login", u8("result"), u32("verify_code")),),
    "0x1003": (Layout("logout", u32("user_id"), text("password", 8)),),
    "0x9001": (Layout("login of the second link", u32("verify_code")),),
    "0x9002": (Layout("answer to a login of the second link", u8("result")),),
    "0x1200": (VEHICLE_POSITION, VEHICLE),
    "0x1400": (VEHICLE,),
    "0x1700": (VEHICLE,),
    "0x1800": (VEHICLE,),
    "0x9200": (VEHICLE,),
    "0x9400": (VEHICLE,),
    "0x9700": (VEHICLE,),
    "0x9800": (VEHICLE,),
    "0x1200/0x1202": (POSITION,),
    "0x1200/0x1203": (Layout("positions of a vehicle", Count("list"), Entries("list", POSITION)),),
}


def _with_time(layout: Layout) -> Layout:
    """As platforms of 2019 send it; no word of the header tells, only that it fits."""
    return Layout(layout.name, u64("utc", "s"), *layout.parts, label="2019")


MESSAGES_809: dict[str, tuple[Layout, ...]] = {name: (*layouts, *map(_with_time, layouts)) for name, layouts in _PLAIN.items()}
