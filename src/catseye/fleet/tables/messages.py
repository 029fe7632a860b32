"""Which layouts a message may have: the first that fits to the last byte is meant. That tells versions and dialects apart, with no word about makers."""

from catseye.fleet.frame808 import V2013, V2019
from catseye.fleet.tables.location import LOCATION, LOCATION_BATCH, LOCATION_REPLY
from catseye.fleet.wire import Layout

Layouts = tuple[Layout, ...]
_BOTH: dict[int, Layouts] = {
    0x0200: (LOCATION,),
    0x0201: (LOCATION_REPLY,),
    0x0704: (LOCATION_BATCH,),
}
_OF_2013: dict[int, Layouts] = {}
_OF_2019: dict[int, Layouts] = {}
MESSAGES: dict[str, dict[int, Layouts]] = {V2013: {**_BOTH, **_OF_2013}, V2019: {**_BOTH, **_OF_2019}}
