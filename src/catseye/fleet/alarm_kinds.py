"""What alarms of terminals are called in the house, and which number on the wire means which: tables, one entry a number, dialects as data."""

from enum import StrEnum

from catseye.fleet.dialects import YUE


class AlarmKind(StrEnum):
    """Kinds of events that a terminal reports; docs/reference/events.md says what each means."""

    ABNORMAL = "driver-abnormal"
    AISLE_PEDESTRIAN = "aisle-pedestrian"
    AREA_CROSSED = "area-crossed"
    BELT = "no-seat-belt"
    BLIND_SPOT = "blind-spot"
    CAMERA_COVERED = "camera-covered"
    COLLISION = "collision-reported"
    DANGER = "danger-reported"
    DISTRACTED = "driver-distracted"
    DOOR = "illegal-door"
    DRIVER_CHANGE = "driver-change-seen"
    DRIVING_OVERTIME = "driving-overtime"
    EMERGENCY = "emergency-call"
    FATIGUE = "driver-fatigue"
    FORWARD_COLLISION = "forward-collision-warning"
    FUEL = "fuel-abnormal"
    HANDS_OFF = "hands-off-wheel"
    HEADWAY = "short-headway"
    IGNITION = "illegal-ignition"
    ILLEGAL_DRIVING = "illegal-driving"
    LANE_CHANGES = "frequent-lane-change"
    LANE_DEPARTURE = "lane-departure"
    MOVED = "illegal-move"
    OBSTACLE = "obstacle-warning"
    OVERCROWDED = "overcrowded"
    OVERSPEED = "overspeed"
    PARKING_OVERTIME = "parking-overtime"
    PEDESTRIAN = "pedestrian-warning"
    PHONE = "driver-phone"
    ROLLOVER = "rollover-reported"
    ROUTE_CROSSED = "route-crossed"
    ROUTE_LEFT = "route-left"
    SECTION_TIME = "section-time"
    SIGN_OVERRUN = "sign-overrun"
    SIGN_SEEN = "sign-seen"
    SMOKING = "driver-smoking"
    SNAPSHOT = "terminal-snapshot"
    SOLID_LINE = "solid-line-crossed"
    STOLEN = "vehicle-stolen"
    STORAGE_FAULT = "storage-fault"
    SUNGLASSES = "driver-sunglasses"
    TERMINAL_ALARM = "terminal-alarm"
    TERMINAL_FAULT = "terminal-fault"
    TYRE_BATTERY = "tyre-battery-low"
    TYRE_HIGH = "tyre-pressure-high"
    TYRE_HOT = "tyre-hot"
    TYRE_IMBALANCE = "tyre-imbalance"
    TYRE_LEAK = "tyre-leak"
    TYRE_LOW = "tyre-pressure-low"
    TYRE_PRESSURE = "tyre-pressure"
    TYRE_SENSOR = "tyre-sensor-fault"
    VIDEO_LOSS = "video-loss"


_K = AlarmKind
# T/JSATL 12-2017 4.4; what a user may define there, and what no table says, stays a number: `terminal-alarm`
EVENTS: dict[tuple[int, int], AlarmKind] = {
    (0x64, 0x01): _K.FORWARD_COLLISION,
    (0x64, 0x02): _K.LANE_DEPARTURE,
    (0x64, 0x03): _K.HEADWAY,
    (0x64, 0x04): _K.PEDESTRIAN,
    (0x64, 0x05): _K.LANE_CHANGES,
    (0x64, 0x06): _K.SIGN_OVERRUN,
    (0x64, 0x07): _K.OBSTACLE,
    (0x64, 0x10): _K.SIGN_SEEN,
    (0x64, 0x11): _K.SNAPSHOT,
    (0x65, 0x01): _K.FATIGUE,
    (0x65, 0x02): _K.PHONE,
    (0x65, 0x03): _K.SMOKING,
    (0x65, 0x04): _K.DISTRACTED,
    (0x65, 0x05): _K.ABNORMAL,
    (0x65, 0x10): _K.SNAPSHOT,
    (0x65, 0x11): _K.DRIVER_CHANGE,
    (0x67, 0x01): _K.BLIND_SPOT,
    (0x67, 0x02): _K.BLIND_SPOT,
    (0x67, 0x03): _K.BLIND_SPOT,
}
EVENTS_OF: dict[str, dict[tuple[int, int], AlarmKind]] = {  # what a dialect adds
    YUE.name: {  # T/GDRTA 002-2020
        (0x64, 0x12): _K.SOLID_LINE,
        (0x64, 0x13): _K.AISLE_PEDESTRIAN,
        (0x65, 0x06): _K.CAMERA_COVERED,
        (0x65, 0x08): _K.DRIVING_OVERTIME,
        (0x65, 0x0A): _K.BELT,
        (0x65, 0x0B): _K.SUNGLASSES,
        (0x65, 0x0C): _K.HANDS_OFF,
        (0x65, 0x0D): _K.PHONE,
    },
}
TYRE_BITS: dict[int, AlarmKind] = {  # bit 0 is the periodic report: no alarm
    1: _K.TYRE_HIGH,
    2: _K.TYRE_LOW,
    3: _K.TYRE_HOT,
    4: _K.TYRE_SENSOR,
    5: _K.TYRE_IMBALANCE,
    6: _K.TYRE_LEAK,
    7: _K.TYRE_BATTERY,
}
# bit → kind, level (1 a first sign, 2 the thing itself, 0 without), what is at fault. JT/T 808-2013 table 24; 15 to 17 came with 2019
ALARM_BITS: dict[int, tuple[AlarmKind, int, str]] = {
    0: (_K.EMERGENCY, 2, ""),
    1: (_K.OVERSPEED, 2, ""),
    2: (_K.FATIGUE, 2, ""),
    3: (_K.DANGER, 1, ""),
    4: (_K.TERMINAL_FAULT, 0, "satellite receiver"),
    5: (_K.TERMINAL_FAULT, 0, "satellite antenna cut"),
    6: (_K.TERMINAL_FAULT, 0, "satellite antenna shorted"),
    7: (_K.TERMINAL_FAULT, 0, "supply voltage low"),
    8: (_K.TERMINAL_FAULT, 0, "supply off"),
    9: (_K.TERMINAL_FAULT, 0, "display"),
    10: (_K.TERMINAL_FAULT, 0, "speech"),
    11: (_K.TERMINAL_FAULT, 0, "camera"),
    12: (_K.TERMINAL_FAULT, 0, "card reader"),
    13: (_K.OVERSPEED, 1, ""),
    14: (_K.FATIGUE, 1, ""),
    15: (_K.ILLEGAL_DRIVING, 0, ""),
    16: (_K.TYRE_PRESSURE, 0, ""),
    17: (_K.BLIND_SPOT, 0, ""),
    18: (_K.DRIVING_OVERTIME, 0, ""),
    19: (_K.PARKING_OVERTIME, 0, ""),
    20: (_K.AREA_CROSSED, 0, ""),
    21: (_K.ROUTE_CROSSED, 0, ""),
    22: (_K.SECTION_TIME, 0, ""),
    23: (_K.ROUTE_LEFT, 0, ""),
    24: (_K.TERMINAL_FAULT, 0, "speed sensor"),
    25: (_K.FUEL, 0, ""),
    26: (_K.STOLEN, 0, ""),
    27: (_K.IGNITION, 0, ""),
    28: (_K.MOVED, 0, ""),
    29: (_K.COLLISION, 0, ""),
    30: (_K.ROLLOVER, 0, ""),
    31: (_K.DOOR, 0, ""),
}
SINCE_2019 = 1 << 15 | 1 << 16 | 1 << 17  # reserved before
VIDEO_BITS: dict[int, tuple[AlarmKind, str]] = {  # JT/T 1078-2016 table 14
    0: (_K.VIDEO_LOSS, ""),
    1: (_K.CAMERA_COVERED, ""),
    2: (_K.STORAGE_FAULT, ""),
    3: (_K.TERMINAL_FAULT, "video equipment"),
    4: (_K.OVERCROWDED, ""),
    5: (_K.ABNORMAL, ""),
    6: (_K.STORAGE_FAULT, "space for special recordings"),
}
ABNORMAL_BITS: dict[int, AlarmKind] = {0: _K.FATIGUE, 1: _K.PHONE, 2: _K.SMOKING}  # JT/T 1078-2016 table 15


def kind_of(item: int, event: int, dialect: str) -> AlarmKind:
    """What an event's number means in a dialect; a number without a meaning is an alarm all the same."""
    return EVENTS_OF.get(dialect, {}).get((item, event)) or EVENTS.get((item, event), _K.TERMINAL_ALARM)
