"""JT/T 1078: asking for live and recorded video, and the answers."""

from catseye.fleet.wire import Count, Derived, Entries, Field, Layout, Part, Prefixed, bcd_time, u8, u16, u32, u64

_SERVER: tuple[Part | Field, ...] = (Prefixed("ip"), u16("tcp"), u16("udp"))
_SPAN = (bcd_time("start"), bcd_time("end"))
_ALARM: tuple[Part | Field, ...] = (
    u64("alarm", "bits"),
    Derived("alarm_hi", lambda values: values["alarm"] >> 32),
    Derived("alarm_lo", lambda values: values["alarm"] & 0xFFFFFFFF),
)
_KIND = (u8("media_type", "", "0 both, 1 sound, 2 video, 3 either"), u8("stream", "", "0 any, 1 main, 2 sub"), u8("storage", "", "0 any, 1 main, 2 backup"))
_FACTOR = u8("factor", "", "0 none, 1 ×1, 2 ×2, 3 ×4, 4 ×8, 5 ×16")

ABILITIES_QUERY = Layout("audio and video abilities, asked")
ABILITIES = Layout(
    "audio and video abilities",
    u8("audio_coding"),
    u8("audio_channels"),
    u8("sample_rate", "", "0 8 kHz, 1 22.05, 2 44.1, 3 48"),
    u8("sample_bits"),
    u16("frame_len", "bytes"),
    u8("audio_out"),
    u8("video_coding"),
    u8("max_audio_ch"),
    u8("max_video_ch"),
)
PASSENGERS = Layout("passengers", *_SPAN, u16("on"), u16("off"))
RECORDING = Layout("", u8("channel"), *_SPAN, *_ALARM, *_KIND, u32("size", "bytes"))
RECORDINGS = Layout("list of recordings", u16("ack_serial"), Count("list", "I"), Entries("list", RECORDING))
UPLOADED = Layout("upload finished", u16("ack_serial"), u8("result", "", "0 done, 1 failed"))
LIVE = Layout(
    "send live media",
    *_SERVER,
    u8("channel"),
    u8("data_type", "", "0 sound and video, 1 video, 2 talk both ways, 3 listen, 4 broadcast, 5 pass through"),
    u8("stream", "", "0 main, 1 sub"),
)
LIVE_CONTROL = Layout(
    "control live media",
    u8("channel"),
    u8("command", "", "0 close, 1 switch stream, 2 pause, 3 resume, 4 end talk"),
    u8("close_av", "", "0 both, 1 sound, 2 video"),
    u8("stream", "", "0 main, 1 sub"),
)
LIVE_LOSS = Layout("packets lost", u8("channel"), u8("loss", "%"))
PLAYBACK = Layout(
    "send a recording",
    *_SERVER,
    u8("channel"),
    *_KIND,
    u8("mode", "", "0 normal, 1 fast forward, 2 key frames back, 3 key frames, 4 one frame"),
    _FACTOR,
    *_SPAN,
)
PLAYBACK_CONTROL = Layout("control a recording", u8("channel"), u8("control"), _FACTOR, bcd_time("position"))
RECORDINGS_QUERY = Layout("list recordings", u8("channel", "", "0: all"), *_SPAN, *_ALARM, *_KIND)
UPLOAD = Layout(
    "upload a recording by FTP",
    Prefixed("ip"),
    u16("port"),
    Prefixed("user"),
    Prefixed("password"),
    Prefixed("path"),
    u8("channel"),
    *_SPAN,
    *_ALARM,
    *_KIND,
    u8("condition", "bits", "0 WLAN, 1 LAN, 2 mobile"),
)
UPLOAD_CONTROL = Layout("control an upload", u16("serial"), u8("control", "", "0 pause, 1 resume, 2 cancel"))
