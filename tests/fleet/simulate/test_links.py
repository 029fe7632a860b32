"""Files and live video of simulated terminals, without a socket."""

from dataclasses import replace

from catseye.core.geo import GeoPoint
from catseye.fleet.file_stream import MAGIC, Piece
from catseye.fleet.frame808 import Frame, Header
from catseye.fleet.jt1078 import MediaFrame, Reassembly, packets_in
from catseye.fleet.message import Body, Message
from catseye.fleet.simulate.attachments import AttachmentLink, files_of
from catseye.fleet.simulate.driving import Moment
from catseye.fleet.simulate.errands import SendAttachments
from catseye.fleet.simulate.kit import crowd
from catseye.fleet.simulate.live import EncodedPicture, LiveVideo
from catseye.fleet.simulate.reports import ident_values
from catseye.fleet.simulate.watch import TOO_CLOSE, Flag, Raised

KIT = crowd(1, 1)[0]
MOMENT = Moment(GeoPoint(21.0, 105.8), 90.0, 60.0, 62.0, 0.0, 58.0, 10.0, 1e6)
RAISED = Raised(TOO_CLOSE, 7, Flag.BEGINS, 2, MOMENT, 1_763_700_000_000_000_000, 1_763_700_000_000_000_000)
ERRAND = SendAttachments(KIT, "127.0.0.1", 1, RAISED, ident_values(KIT, RAISED, has_attachments=True), "0123456789abcdef" * 2)
PICTURE, CLIP = b"\xff\xd8 picture", bytes(range(256)) * 700


def answered(link: AttachmentLink, msg_id: int, values: dict[str, object]) -> bytes:
    body = Body.of(msg_id, KIT.version, values)
    return link.received(bytes(Frame(Header.of(msg_id, KIT.phone, 1, version=KIT.version), bytes(body))))


def acknowledged(link: AttachmentLink, msg_id: int) -> bytes:
    return answered(link, 0x8001, {"ack_serial": 0, "ack_id": f"0x{msg_id:04X}", "result": 0})


def parted(raw: bytes) -> tuple[list[Message], list[Piece]]:
    messages, pieces = [], []
    while raw:
        if raw.startswith(MAGIC):
            piece, raw = Piece.parse(raw)
            pieces.append(piece)
        else:
            end = raw.index(b"~", 1) + 1
            messages.append(Message.parse(raw[:end]))
            raw = raw[end:]
    return messages, pieces


def test_files_are_announced_sent_in_pieces_and_what_is_missing_once_more() -> None:
    files = files_of(ERRAND, PICTURE, CLIP)
    link = AttachmentLink(ERRAND, files)
    (announced,) = parted(link.opened())[0]
    assert [(each["name"], each["size"]) for each in announced.body.values["files"]] == [(each.name, len(each.content)) for each in files]
    assert [each.name for each in files] == [
        f"0{code}_64_6403_{seq}_{ERRAND.alarm_no}.{ext}" for seq, (code, ext) in enumerate([(0, "jpg"), (2, "h264"), (4, "bin")])
    ]
    raw = acknowledged(link, 0x1210)
    for each in files:
        (begin,) = parted(raw)[0]
        assert (begin.header.msg_id, begin.body.values["name"]) == (0x1211, each.name)
        (end,), pieces = parted(acknowledged(link, 0x1211))
        assert b"".join(piece.payload for piece in pieces) == each.content
        assert (end.header.msg_id, end.body.values["size"]) == (0x1212, len(each.content))
        said = {"name": each.name, "type": int(each.type_code)}
        _, again = parted(answered(link, 0x9212, {**said, "result": 1, "missing": [{"offset": 3, "length": 4}]}))
        assert [(piece.offset_bytes, piece.payload) for piece in again] == [(3, each.content[3:7])]
        raw = answered(link, 0x9212, {**said, "result": 0, "missing": []})
    assert link.is_done
    assert raw == b""


def test_after_a_break_only_the_unfinished_files_are_announced_again() -> None:
    files = files_of(ERRAND, PICTURE, CLIP)
    (announced,) = parted(AttachmentLink(ERRAND, files[1:], is_again=True).opened())[0]
    assert (announced.body.values["info_type"], announced.body.values["count"]) == (1, 2)


def test_the_states_of_the_vehicle_are_blocks_with_a_checksum() -> None:
    content = files_of(ERRAND, b"", b"")[0].content
    assert len(content) % 64 == 0
    assert all(sum(content[at : at + 63]) & 0xFF == content[at + 63] for at in range(0, len(content), 64))


def test_live_video_comes_at_the_pace_of_its_clip_and_every_picture_whole() -> None:
    pictures = [EncodedPicture(index % 5 == 0, bytes([index]) * (3000 if index % 5 == 0 else 200)) for index in range(10)]
    video = LiveVideo(pictures, KIT.phone, 1, 10.0)
    raw = video.due(0.0) + video.due(0.95) + video.due(0.96) + video.due(1.45)
    packets, rest, skipped_bytes = packets_in(raw)
    assert (rest, skipped_bytes) == (b"", 0)
    joining, frames = Reassembly(), list[MediaFrame]()
    for packet in packets:
        joining, frame = joining.add(packet)
        frames += [frame] if frame else []
    assert [frame.payload for frame in frames] == [each.payload for each in pictures + pictures[:5]]
    assert [frame.timestamp_ms for frame in frames] == [100 * index for index in range(15)]
    assert joining.lost_count == 0


def test_an_alarm_of_another_moment_has_another_file_of_states() -> None:
    other = replace(ERRAND, raised=replace(RAISED, number=8))
    assert files_of(other, b"", b"")[0].content != files_of(ERRAND, b"", b"")[0].content
