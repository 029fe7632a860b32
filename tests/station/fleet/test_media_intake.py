"""Media of terminals in a real vault: sealed and copied before anybody is told, heads filled, sound refused, nothing twice."""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pyrage
import pytest
from tests.fleet.attachments.terminals import ALARM, EXPECTED, NOON, PHOTO, announced, begins, ends, pieces, said
from tests.support.terminal_video import pictures
from tests.vision.files import jpeg, scene

from catseye.core.grant import Grant
from catseye.core.terminal import Accepted
from catseye.core.time import NS_PER_S
from catseye.fleet.attachments.server import AttachmentServer
from catseye.fleet.frame808 import V2013, frames_in
from catseye.fleet.listening import LocalDoors
from catseye.fleet.media_keeper import Attachment, MediaRefusedError, key_of
from catseye.fleet.message import Body
from catseye.station.fleet.media_intake import MediaIntake
from catseye.vault.kept_for import UNCONFIRMED
from catseye.vault.vault import Vault
from catseye.vision.redact import FILL_RGB
from catseye.vision.region_adders import drawn_face
from catseye.vision.uploads import StillCopy

IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY.to_public())
GRANT = Grant("Binh", "review", NOON.plus_ns(9 * NS_PER_S))
STREET = jpeg(scene(1, 640, 480))
DSM = "00_65_6501_0_" + ALARM + ".jpg"
BLOCK = bytes(range(63)) + bytes([sum(range(63)) & 0xFF])


@pytest.fixture(scope="module")
def stills(models: Path) -> StillCopy:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATSEYE_MODELS", str(models.resolve()))
        return StillCopy()


@pytest.fixture
def intake(tmp_path: Path, models: Path, stills: StillCopy, monkeypatch: pytest.MonkeyPatch) -> MediaIntake:
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))
    return MediaIntake(lambda: Vault.open(tmp_path / "vault"), [KEY], stills, lambda alarm_no, now: EXPECTED if alarm_no == ALARM else None)


@pytest.fixture
def take(intake: MediaIntake) -> Callable[..., None]:
    def taken(name: str, content: bytes, kind: int = 0, keeper: MediaIntake = intake) -> None:
        keeper.take(EXPECTED, Attachment(key_of(name), name, kind, len(content)), BytesIO(content), NOON)

    return taken


def kept(intake: MediaIntake) -> dict[str, bytes]:
    with intake.open_vault() as vault:
        found = {}
        for ref in vault.media.refs("terminal/"):
            assert ref.retention == UNCONFIRMED
            with vault.media.open(ref, GRANT, NOON, "to look") as file:
                found[ref.name] = file.read()
        assert vault.log_faults() == []
        assert [*vault.media.staging().iterdir()] == []
    return found


def copy_rgb(intake: MediaIntake) -> np.ndarray:
    content = next(content for name, content in kept(intake).items() if name.endswith("/copy"))
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def solid_ratio(rgb: np.ndarray) -> float:
    return float((np.abs(rgb.astype(int) - FILL_RGB).max(axis=2) < 12).mean())


def test_a_photo_is_sealed_and_copied_under_a_name_that_no_terminal_chose(intake: MediaIntake, take: Callable[..., None]) -> None:
    take("../../x", STREET)
    base = f"terminal/13800138000/event-1/{key_of('../../x')}"
    found = kept(intake)
    assert set(found) == {f"{base}/original", f"{base}/copy"}
    assert pyrage.decrypt(found[f"{base}/original"], [IDENTITY]) == STREET
    assert solid_ratio(copy_rgb(intake)) < 0.9


def test_the_same_again_is_no_fault_and_another_is_never_put_in_its_place(intake: MediaIntake, take: Callable[..., None]) -> None:
    take(PHOTO, STREET)
    before = kept(intake)
    take(PHOTO, STREET)
    with pytest.raises(MediaRefusedError, match="another file under the same name"):
        take(PHOTO, jpeg(scene(2, 640, 480)))
    assert kept(intake) == before


def test_what_a_killed_process_left_half_done_is_finished(intake: MediaIntake, take: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    from catseye.vault.media import Media

    with monkeypatch.context() as patch:
        patch.setattr(Media, "keep_sealed", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take(PHOTO, STREET)
    assert [name.rpartition("/")[2] for name in kept(intake)] == ["copy"]
    take(PHOTO, STREET)
    assert [name.rpartition("/")[2] for name in kept(intake)] == ["copy", "original"]


def test_a_driver_s_head_is_filled(intake: MediaIntake, take: Callable[..., None]) -> None:
    cab = scene(1, 640, 480)
    cab[100:420, 160:480] = drawn_face()
    take(DSM, jpeg(cab))
    shown = copy_rgb(intake)
    assert solid_ratio(shown[200:330, 270:370]) == 1
    assert solid_ratio(shown) < 0.9


def test_a_picture_of_a_driver_in_which_no_head_was_found_is_filled_whole(intake: MediaIntake, take: Callable[..., None]) -> None:
    take(DSM, STREET)
    assert solid_ratio(copy_rgb(intake)) == 1


def test_what_was_asked_for_of_a_driver_is_of_a_driver_whatever_it_is_called(intake: MediaIntake) -> None:
    intake.take(replace(EXPECTED, is_in_cabin=True), Attachment(key_of(PHOTO), PHOTO, 0, len(STREET)), BytesIO(STREET), NOON)
    assert solid_ratio(copy_rgb(intake)) == 1


def test_real_video_without_a_container_is_taken(intake: MediaIntake, take: Callable[..., None], shared: Path) -> None:
    content = b"".join(raw for _, raw in pictures(shared / "jtt" / "terminal-video.h264", 50))
    take("02_64_6401_0_a.h264", content, 2)
    found = kept(intake)
    assert [name.rpartition("/")[2] for name in found] == ["copy", "original"]
    assert b"ftyp" in next(iter(found.values()))[:16]
    assert pyrage.decrypt([*found.values()][1], [IDENTITY]) == content


@pytest.mark.parametrize(
    ("name", "content", "kind", "why"),
    [
        ("01_64_6401_0_a.wav", b"RIFF\x24\0\0\0WAVEfmt ", 1, "sound"),
        ("00_64_6401_0_a.jpg", b"RIFF\x24\0\0\0WAVEfmt " + bytes(80), 0, "sound"),
        ("a.jpg", b"<html>" + bytes(80), 0, "begins with"),
        ("a.jpg", STREET[:-200], 0, "without its end"),
        ("a.jpg", STREET + b"PK", 0, "behind the end"),
        ("a.h264", bytes.fromhex("00000001674d0014") + bytes(80), 2, "cut"),
        ("a.bin", BLOCK + b"x", 4, "65 bytes"),
        ("a.bin", BLOCK[:-1] + b"x", 4, "sums wrong"),
    ],
    ids=["wav", "hidden wav", "html", "cut", "more", "no video", "half block", "sums"],
)
def test_what_cannot_be_redacted_is_refused(intake: MediaIntake, take: Callable[..., None], name: str, content: bytes, kind: int, why: str) -> None:
    with pytest.raises(MediaRefusedError, match=why):
        take(name, content, kind)
    assert kept(intake) == {}


def test_sound_that_an_open_case_wants_is_sealed_alone(intake: MediaIntake, take: Callable[..., None]) -> None:
    sound = b"RIFF\x24\0\0\0WAVEfmt " + bytes(200)
    take("a.wav", sound, 1, replace(intake, wants_sound=lambda expected: expected.event == "event-1"))
    found = kept(intake)
    assert [name.rpartition("/")[2] for name in found] == ["original"]
    assert pyrage.decrypt(next(iter(found.values())), [IDENTITY]) == sound


def test_a_record_of_states_is_sealed_alone(intake: MediaIntake, take: Callable[..., None]) -> None:
    take("a.bin", BLOCK * 20, 4)
    take("a.bin", BLOCK * 20, 4)
    assert [pyrage.decrypt(content, [IDENTITY]) for content in kept(intake).values()] == [BLOCK * 20]


def test_without_an_authority_no_media_are_taken(intake: MediaIntake, take: Callable[..., None]) -> None:
    with pytest.raises(MediaRefusedError, match=r"\[evidence\]\.recipients"):
        take(PHOTO, STREET, 0, replace(intake, recipients=()))
    assert kept(intake) == {}


def test_what_is_over_is_not_expected(intake: MediaIntake) -> None:
    assert intake.expected(ALARM, NOON) == EXPECTED
    assert intake.expected(ALARM, EXPECTED.until) is None
    assert intake.expected("f" * 32, NOON) is None


@pytest.mark.parametrize(("channel", "is_solid"), [(64, False), (1, True), (65, True)])
def test_a_picture_without_an_alarm_is_of_the_cab_unless_its_camera_looks_at_the_road(intake: MediaIntake, channel: int, is_solid: bool) -> None:
    raw = bytes.fromhex(f"000000070000{0:02x}{channel:02x}" + "00" * 22 + "260922120000") + STREET
    accepted = Accepted("13800138000", "013800138000", V2013, 0x0801, 41, NOON, raw)
    intake.take_picture(accepted, Body.parse(0x0801, V2013, raw))
    intake.take_picture(accepted, Body.parse(0x0801, V2013, raw))
    assert len(kept(intake)) == 2
    assert (solid_ratio(copy_rgb(intake)) == 1) == is_solid


def test_from_the_socket_to_the_vault(intake: MediaIntake) -> None:
    async def run() -> list[int]:
        with ThreadPoolExecutor(1) as worker:
            server = AttachmentServer(intake, LocalDoors(), worker, lambda: NOON)
            reader, writer = await asyncio.open_connection("127.0.0.1", await server.start())
            parts = pieces(PHOTO, STREET, 4096)
            random.Random(2).shuffle(parts)
            writer.write(announced((PHOTO, len(STREET))) + begins(PHOTO, len(STREET)) + b"".join(parts[1:]) + ends(PHOTO, len(STREET)))
            writer.write(parts[0] + ends(PHOTO, len(STREET)))
            raw = b""
            while len(frames_in(raw)[0]) < 4:
                raw += await asyncio.wait_for(reader.read(4096), 30)
            writer.close()
            await server.close()
            return [values["result"] for _, values in said(raw)]

    assert asyncio.run(run()) == [0, 0, 1, 0]
    original = next(content for name, content in kept(intake).items() if name.endswith("/original"))
    assert pyrage.decrypt(original, [IDENTITY]) == STREET
