"""Dialects of the active-safety extensions are data: how long an alarm's identification is, and what of it is the terminal's id."""

from dataclasses import dataclass

from catseye.fleet.wire import Layout, bcd_time, octets, text, u8


@dataclass(frozen=True, slots=True)
class Dialect:
    """Lengths in bytes. `sender_bytes_count`: the terminal's id before the identification in 0x1210; 0 where that is left out."""

    name: str
    terminal_bytes_count: int
    ident_bytes_count: int
    sender_bytes_count: int

    def ident(self) -> Layout:
        """Alarm identification: terminal, time, number, attachments; the rest is reserved."""
        reserved_bytes_count = self.ident_bytes_count - self.terminal_bytes_count - 8
        fields = (text("terminal_id", self.terminal_bytes_count), bcd_time("time"), u8("seq"), u8("attach_count"))
        return Layout("alarm identification", *fields, *([octets("reserved", reserved_bytes_count)] if reserved_bytes_count else []), label=self.name)


# T/JSATL 12-2017, T/GDRTA 002-2020; of the others only the lengths are known (fact sheet, section 4)
SU = Dialect("su", 7, 16, 7)
YUE = Dialect("yue", 30, 40, 30)
HEILONGJIANG = Dialect("heilongjiang", 30, 38, 0)
HUNAN = Dialect("hunan", 7, 32, 7)
SICHUAN = Dialect("sichuan", 30, 39, 30)
DIALECTS = (SU, YUE, HEILONGJIANG, HUNAN, SICHUAN)
