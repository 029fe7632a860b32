"""Which layouts a message may have: the first that fits to the last byte is meant. That tells versions and dialects apart, with no word about makers."""

from catseye.fleet.frame808 import V2013, V2019
from catseye.fleet.tables import attachments, driver, location, media, parameters, session, video
from catseye.fleet.wire import Layout

Layouts = tuple[Layout, ...]
_BOTH: dict[int, Layouts] = {
    0x0001: (session.ANSWER,),
    0x0002: (session.HEARTBEAT,),
    0x0003: (session.DEREGISTRATION,),
    0x0104: (parameters.PARAMETERS_ANSWER,),
    0x0108: (session.UPGRADED,),
    0x0200: (location.LOCATION,),
    0x0201: (location.LOCATION_REPLY,),
    0x0704: (location.LOCATION_BATCH,),
    0x0800: (media.MEDIA_EVENT,),
    0x0801: (media.MEDIA_2013, media.MEDIA_2011),
    0x0805: (media.SNAPPED,),
    0x0900: (media.PERIPHERAL_STATE, media.PERIPHERAL_NAMES, media.TRANSPARENT),
    0x1003: (video.ABILITIES,),
    0x1005: (video.PASSENGERS,),
    0x1205: (video.RECORDINGS,),
    0x1206: (video.UPLOADED,),
    0x1210: attachments.ATTACHMENT_LISTS,
    0x1211: (attachments.FILE_INFO,),
    0x1212: (attachments.FILE_INFO,),
    0x8001: (session.ANSWER,),
    0x8100: (session.REGISTERED,),
    0x8103: (parameters.SET_PARAMETERS,),
    0x8104: (parameters.QUERY_PARAMETERS,),
    0x8105: (session.CONTROL,),
    0x8106: (parameters.QUERY_SOME_PARAMETERS,),
    0x8201: (session.LOCATION_QUERY,),
    0x8202: (session.FOLLOW,),
    0x8203: (session.ALARM_CONFIRMED,),
    0x8400: (session.CALL_BACK,),
    0x8800: (media.MEDIA_ANSWER,),
    0x8801: (media.SNAP,),
    0x8900: (media.TRANSPARENT,),
    0x9003: (video.ABILITIES_QUERY,),
    0x9101: (video.LIVE,),
    0x9102: (video.LIVE_CONTROL,),
    0x9105: (video.LIVE_LOSS,),
    0x9201: (video.PLAYBACK,),
    0x9202: (video.PLAYBACK_CONTROL,),
    0x9205: (video.RECORDINGS_QUERY,),
    0x9206: (video.UPLOAD,),
    0x9207: (video.UPLOAD_CONTROL,),
    0x9208: attachments.ATTACHMENT_REQUESTS,
    0x9212: (attachments.FILE_ANSWER,),
}
_OF_2013: dict[int, Layouts] = {
    0x0005: (session.RESEND_BYTE, session.RESEND_WORD),
    0x0100: (session.REGISTRATION_2013, session.REGISTRATION_2011),
    0x0102: (session.AUTHENTICATION,),
    0x0702: (driver.DRIVER_2013, driver.DRIVER_2019, driver.DRIVER_2011),
    0x8003: (session.RESEND_BYTE, session.RESEND_WORD),
    0x8300: (driver.TEXT_2013,),
}
_OF_2019: dict[int, Layouts] = {
    0x0005: (session.RESEND_WORD, session.RESEND_BYTE),
    0x0100: (session.REGISTRATION_2019,),
    0x0102: (session.AUTHENTICATION_2019,),
    0x0702: (driver.DRIVER_2019, driver.DRIVER_2013),
    0x8003: (session.RESEND_WORD, session.RESEND_BYTE),
    0x8300: (driver.TEXT_2019,),
}
MESSAGES: dict[str, dict[int, Layouts]] = {V2013: {**_BOTH, **_OF_2013}, V2019: {**_BOTH, **_OF_2019}}
VERSIONS = frozenset(("2011", "2013", "2019"))  # labels that name a version; the others name a dialect
