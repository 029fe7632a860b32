"""One colour a kind of road user, the same in every picture and chart: told apart by people with any colour vision (after Okabe and Ito 2008)."""

from catseye.core.road_user import ROAD_USERS, RoadUser

DRAWN_ORDER = (
    RoadUser.CAR,
    RoadUser.TRUCK,
    RoadUser.BUS,
    RoadUser.MOTORCYCLIST,
    RoadUser.CYCLIST,
    RoadUser.PEDESTRIAN,
    RoadUser.UNKNOWN,
)
"""From the bottom of a stack to its top, and in legends."""

ON_PAPER = {
    RoadUser.CAR: "#0f6cb0",
    RoadUser.TRUCK: "#5fb6e6",
    RoadUser.BUS: "#c8500b",
    RoadUser.MOTORCYCLIST: "#eaa21a",
    RoadUser.CYCLIST: "#0a9370",
    RoadUser.PEDESTRIAN: "#c46b9f",
    RoadUser.UNKNOWN: "#5a626c",
}

ON_DARK = {
    RoadUser.CAR: "#4aa3f0",
    RoadUser.TRUCK: "#a6dcff",
    RoadUser.BUS: "#f0722e",
    RoadUser.MOTORCYCLIST: "#ffc14d",
    RoadUser.CYCLIST: "#2fc79d",
    RoadUser.PEDESTRIAN: "#f29bcb",
    RoadUser.UNKNOWN: "#838c97",
}
"""For dark pages and for drawing over pictures."""

PLURAL = {
    RoadUser.CAR: "cars",
    RoadUser.TRUCK: "trucks",
    RoadUser.BUS: "buses",
    RoadUser.MOTORCYCLIST: "motorcyclists",
    RoadUser.CYCLIST: "cyclists",
    RoadUser.PEDESTRIAN: "pedestrians",
    RoadUser.UNKNOWN: "of unknown kind",
}


def rgb_of(colour: str) -> tuple[int, int, int]:
    """Red, green, blue of a colour as the web writes it.

    >>> rgb_of("#ffc14d")
    (255, 193, 77)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


RGB_BY_CODE = tuple(rgb_of(ON_DARK[kind]) for kind in ROAD_USERS)
"""Colours over pictures, by the code of the kind."""

DOUBT_BANDS: tuple[tuple[float, str], ...] = ((0.25, "#2c6fb0"), (0.5, "#74b6d6"), (1.0, "#dfeeb4"), (2.0, "#fdc070"), (5.0, "#d9432f"))
"""Speed doubt in km/h, up to which a colour stands for it: from blue to red by way of yellow, which people with any colour vision tell apart (after Brewer)."""
