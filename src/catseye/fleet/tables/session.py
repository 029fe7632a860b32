"""Registration, authentication, answers, re-requests: JT/T 808, chapters 8.1 to 8.10."""

from catseye.fleet.errors import ValueMismatchError
from catseye.fleet.wire import Count, Field, Layout, Numbers, Prefixed, Remaining, text, u8, u16, u32


def _msg_id(value: str) -> int:
    try:
        return int(value, 16)
    except ValueError:
        raise ValueMismatchError("ack_id", f"'{value}'", "a message id such as 0x0200") from None


_ACK_ID = Field("ack_id", "H", "", "the message that is answered", "WORD", "0x{:04X}".format, _msg_id)
_COLOUR = u8("plate_color", "", "0 no plate: `plate` holds the VIN; 1 blue, 2 yellow, 3 black, 4 white, 9 other")
_PLACE = (u16("province"), u16("city"))

_RESULT = u8("result", "", "0 done, 1 failed, 2 bad message, 3 not supported; 0x8001 only: 4 alarm handled")
_FIRST = u16("orig_serial", "", "serial of the first one")
ANSWER = Layout("general answer", u16("ack_serial"), _ACK_ID, _RESULT)
HEARTBEAT = Layout("heartbeat")
DEREGISTRATION = Layout("deregistration")
REGISTRATION_2011 = Layout(
    "registration", *_PLACE, text("maker", 5), text("model", 8), text("terminal_id", 7), _COLOUR, Remaining("plate", is_text=True), label="2011"
)
REGISTRATION_2013 = Layout(
    "registration", *_PLACE, text("maker", 5), text("model", 20), text("terminal_id", 7), _COLOUR, Remaining("plate", is_text=True), label="2013"
)
REGISTRATION_2019 = Layout(
    "registration", *_PLACE, text("maker", 11), text("model", 30), text("terminal_id", 30), _COLOUR, Remaining("plate", is_text=True), label="2019"
)
REGISTERED = Layout(
    "answer to a registration",
    u16("ack_serial"),
    u8("result", "", "0 done, 1 vehicle registered already, 2 no such vehicle, 3 terminal registered already, 4 no such terminal"),
    Remaining("token", "only with result 0", is_text=True),
)
AUTHENTICATION = Layout("authentication", Remaining("token", is_text=True))
AUTHENTICATION_2019 = Layout("authentication", Prefixed("token"), text("imei", 15), text("software", 20), label="2019")
RESEND_BYTE = Layout("request to send sub-packages again", _FIRST, Count("ids", "B"), Numbers("ids", "H"), label="2013")
RESEND_WORD = Layout("request to send sub-packages again", _FIRST, Count("ids", "H"), Numbers("ids", "H"), label="2019")
UPGRADED = Layout("result of an upgrade", u8("type"), u8("result", "", "0 done, 1 failed, 2 cancelled"))
CONTROL = Layout("terminal control", u8("command", "", "4 reset, …"), Remaining("parameters", is_text=True))
LOCATION_QUERY = Layout("location query")
FOLLOW = Layout("follow for a while", u16("interval", "s", "0: stop"), u32("validity", "s"))
ALARM_CONFIRMED = Layout("alarm confirmed by a person", u16("serial", "", "0: of all"), u32("alarm_bits", "bits"))
CALL_BACK = Layout("call back", u8("flag", "", "0 call, 1 listen"), Remaining("number", is_text=True))
