"""Alarms as people say them."""

_SAID = {
    "short-headway": "Too close to the vehicle ahead",
    "forward-collision-warning": "About to hit the vehicle ahead",
    "pedestrian-warning": "About to hit somebody on foot",
    "obstacle-warning": "About to hit something",
    "lane-departure": "Out of the lane without a sign",
    "frequent-lane-change": "One lane change after another",
    "solid-line-crossed": "Over a solid line",
    "aisle-pedestrian": "Somebody in the aisle",
    "sign-overrun": "Over what a sign allows",
    "blind-spot": "Somebody in the blind spot",
    "overspeed": "Over the limit",
    "driver-fatigue": "Driver looks tired",
    "driver-phone": "Phone in the hand",
    "driver-smoking": "Smoking",
    "driver-distracted": "Eyes not on the road",
    "driver-abnormal": "No driver to be seen",
    "driver-sunglasses": "Glasses the camera cannot see through",
    "hands-off-wheel": "No hand on the wheel",
    "no-seat-belt": "No seat belt",
    "driving-overtime": "Too long at the wheel",
    "parking-overtime": "Too long in one place",
    "illegal-driving": "Driving when not allowed",
    "emergency-call": "Emergency button",
    "danger-reported": "Danger ahead",
    "collision-reported": "Collision",
    "rollover-reported": "About to roll over",
    "overcrowded": "Too many people on board",
    "terminal-fault": "Fault of the terminal",
    "video-loss": "A camera gives no picture",
    "camera-covered": "A camera is covered",
    "storage-fault": "Recordings cannot be kept",
    "terminal-alarm": "An alarm no table explains",
    "no-valid-permit": "No valid permit",
    "outside-permit-scope": "Outside what the permit covers",
    "two-vehicles-one-plate": "Two vehicles under one plate",
    "terminal-silent": "Terminal fell silent while driving",
    "position-implausible": "Positions that cannot be",
    "terminal-clock-off": "Terminal's clock is off",
}
_STEPS = {
    "warning-sent": "warned",
    "warning-acknowledged": "acknowledged by the terminal",
    "warning-refused": "refused by the terminal",
    "warning-unanswered": "not answered",
    "driver-corrected": "corrected",
    "warning-without-effect": "without effect",
    "correction-unknown": "nobody can say what came of it",
    "manager-notice": "brought to a person",
    "limit-ordered": "speed limit ordered",
    "limit-restored": "usual limit restored",
}


def said_of(kind: str) -> str:
    """A kind of event in words.

    >>> said_of("driver-phone"), said_of("tyre-hot")
    ('Phone in the hand', 'Tyre hot')
    """
    return _SAID.get(kind) or kind.replace("-", " ").capitalize()


def step_said(kind: str) -> str:
    """What followed an alarm, in words."""
    return _STEPS.get(kind, kind.replace("-", " "))
