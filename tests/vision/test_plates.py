"""Plates are read of violators alone; what is not sure, or of a country no model reads, goes to an operator."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.number_plates import chinese_plate, latin_plate, rear_of_a_car
from tests.vision.evidence.scenes import STEP_NS, ring_of, stream_of, violation_at

from catseye.core.arrays import Floats, Pixels
from catseye.core.errors import ModelError
from catseye.core.event import Event
from catseye.core.finding import Violation
from catseye.core.time import NS_PER_S
from catseye.core.track import Track
from catseye.vision import models as manifest
from catseye.vision.detect.detector import open_detector
from catseye.vision.detect.network import open_network
from catseye.vision.detect.selftest import drawn_picture, fingerprint
from catseye.vision.evidence import EvidenceError
from catseye.vision.plates import PlateError, PlateReading, Settings, Way, networks, prove, read, seal_crops
from catseye.vision.plates.networks import SYMBOLS, TEXT_CN, decoded
from catseye.vision.plates.sockets import Character
from catseye.vision.plates.vote import voted
from catseye.vision.ring import PacketRing

FRAMES_COUNT = 30
CAR, CAR_BOX = rear_of_a_car(chinese_plate())
SIZE_PX = (CAR.shape[1], CAR.shape[0])


class Finder:
    """Finds plates where it was told they are, in shares of the vehicle's box; remembers the pictures it was given."""

    name, sha256 = "told", "0" * 64

    def __init__(self, *shares: Sequence[float], score: float = 0.9) -> None:
        self.shares, self.score, self.given = shares, score, list[Pixels]()

    def find(self, rgb: Pixels) -> tuple[Floats, Floats]:
        self.given.append(rgb)
        scale = np.array([rgb.shape[1], rgb.shape[0]] * 2, np.float32)
        return np.array(self.shares, np.float32).reshape(-1, 4) * scale, np.full(len(self.shares), self.score, np.float32)


class Reader:
    """Says what it is told, frame after frame."""

    name, sha256, country = "told", "1" * 64, "CN"

    def __init__(self, *said: Sequence[tuple[str, float]]) -> None:
        self.said, self.asked_count = said, 0

    def characters(self, violation: Violation, rgb: Pixels) -> tuple[Character, ...]:
        assert isinstance(violation, Violation)
        self.asked_count += 1
        return tuple(Character(symbol, sure) for symbol, sure in self.said[(self.asked_count - 1) % len(self.said)])

    def is_well_formed(self, symbols: tuple[str, ...]) -> bool:
        return len(symbols) == 7


PLATE_SHARE = (0.32, 0.55, 0.68, 0.8)
SURE = [(symbol, 0.99) for symbol in "京A12345"]


def ring_with(picture: np.ndarray, camera: str = "cam-1") -> PacketRing:
    """Three seconds of a vehicle that creeps to the right."""
    shown = [np.ascontiguousarray(np.roll(picture, 2 * index, axis=1)) for index in range(FRAMES_COUNT)]
    return ring_of(*stream_of("h264", size_px=picture.shape[1::-1], shown=shown), camera=camera)


def way_of(box: Sequence[float], size_px: tuple[int, int] = SIZE_PX, track: str = "7") -> Way:
    steps = np.arange(FRAMES_COUNT)
    box_px = np.array(box, np.float32) + np.column_stack([2 * steps, 0 * steps, 2 * steps, 0 * steps]).astype(np.float32)
    return Way(track, steps * STEP_NS, box_px, size_px)


@pytest.fixture(scope="module")
def street() -> PacketRing:
    return ring_with(CAR)


def reading_of(street: PacketRing, reader: Reader | None = None, finder: Finder | None = None, *, country: str = "CN") -> PlateReading:
    given = [reader or Reader(SURE)]
    return read(violation_at(1.5), street, way_of(CAR_BOX), country=country, finder=finder or Finder(PLATE_SHARE), readers=given)


def test_frames_that_agree_give_the_text(street: PacketRing) -> None:
    found = reading_of(street)
    assert (found.text, found.needs_operator, found.why) == ("京A12345", False, "")
    assert len(found.frames) == 12
    assert all(frame.text == "京A12345" for frame in found.frames)
    assert found.characters[0] == Character("京", pytest.approx(0.99))
    assert found.read_by == {"told": "1" * 64}
    assert (found.violation, found.track) == (violation_at(1.5).event.id, "7")


def test_what_a_case_may_know_is_plain_json_without_a_picture(street: PacketRing) -> None:
    found = reading_of(street)
    facts = json.loads(json.dumps(found.facts))
    assert facts["text"] == "京A12345"
    assert facts["frames"][0]["characters"][1] == {"symbol": "A", "confidence_ratio": 0.99}
    assert facts["frames"][0]["crop_sha256"] == found.frames[0].crop_sha256
    assert "crop" not in facts["frames"][0]


def test_one_character_that_frames_dispute_goes_to_an_operator(street: PacketRing) -> None:
    other = [*SURE[:3], ("7", 0.99), *SURE[4:]]
    found = reading_of(street, Reader(SURE, SURE, other))
    assert found.text is None
    assert found.needs_operator
    assert found.why == "character 4 (2) is sure to 0.66; wanted 0.90"
    assert "".join(character.symbol for character in found.characters) == "京A12345"


def test_a_weak_character_goes_to_an_operator(street: PacketRing) -> None:
    found = reading_of(street, Reader([*SURE[:6], ("8", 0.7)]))
    assert (found.text, found.why) == (None, "character 7 (8) is sure to 0.70; wanted 0.90")


def test_frames_that_count_characters_differently_are_no_majority(street: PacketRing) -> None:
    found = reading_of(street, Reader(SURE, SURE[:6]))
    assert found.text is None
    assert found.why == "6 of 12 frames agree on how many characters there are; wanted 3 and more than half"


def test_a_text_no_plate_has_is_none(street: PacketRing) -> None:
    assert reading_of(street, Reader(SURE[:5])).why == "京A123 is no plate of 'CN'"


def test_a_country_no_model_reads_goes_to_an_operator_and_nothing_is_read(street: PacketRing) -> None:
    reader = Reader(SURE)
    found = reading_of(street, reader, country="VN")
    assert (found.text, found.needs_operator, found.why) == (None, True, "no model reads plates of 'VN'")
    assert reader.asked_count == 0
    assert len(found.frames) == 12
    assert all(frame.crop and frame.plate_px for frame in found.frames)


def test_two_plates_in_one_box_are_nobodys(street: PacketRing) -> None:
    reader = Reader(SURE)
    found = reading_of(street, reader, Finder(PLATE_SHARE, (0.0, 0.1, 0.2, 0.2)))
    assert (found.text, reader.asked_count) == (None, 0)
    assert found.why == "two plates in the vehicle's box: nobody knows whose is whose"


def test_one_plate_found_twice_is_one(street: PacketRing) -> None:
    assert reading_of(street, None, Finder(PLATE_SHARE, (0.3, 0.54, 0.7, 0.82))).text == "京A12345"


@pytest.mark.parametrize("finder", [Finder(), Finder(PLATE_SHARE, score=0.1), Finder((0.5, 0.5, 0.5, 0.5))])
def test_a_plate_that_is_not_found_goes_to_an_operator(finder: Finder, street: PacketRing) -> None:
    found = reading_of(street, None, finder)
    assert (found.text, found.needs_operator, found.why) == (None, True, "no plate was found in the vehicle's box")


def test_only_the_violators_box_is_looked_at(street: PacketRing) -> None:
    finder = Finder(PLATE_SHARE)
    found = reading_of(street, None, finder)
    wide, tall = CAR_BOX[2] - CAR_BOX[0], CAR_BOX[3] - CAR_BOX[1]
    assert {picture.shape for picture in finder.given} == {(tall, wide, 3)}
    for frame in found.frames:
        shift = 2 * frame.time_ns // STEP_NS
        assert frame.vehicle_px == (CAR_BOX[0] + shift, CAR_BOX[1], CAR_BOX[2] + shift, CAR_BOX[3])
        assert frame.vehicle_px[0] <= frame.plate_px[0] < frame.plate_px[2] <= frame.vehicle_px[2]


def test_boxes_of_a_smaller_stream_are_scaled_to_the_main_one(street: PacketRing) -> None:
    way = way_of(CAR_BOX)
    half = Way("7", way.time_ns, way.box_px / 2, (SIZE_PX[0] // 2, SIZE_PX[1] // 2))
    found = read(violation_at(1.5), street, half, country="CN", finder=Finder(PLATE_SHARE), readers=[Reader(SURE)])
    assert found.frames[0].vehicle_px[1] == CAR_BOX[1]


def test_points_on_the_ground_will_do_where_no_boxes_are_kept(street: PacketRing) -> None:
    steps = np.arange(FRAMES_COUNT)
    middle = np.column_stack([320 + 2 * steps, np.full(FRAMES_COUNT, 350)]).astype(np.float32)
    way = Way.around(Track("cam-1", "7", "car", steps * STEP_NS, middle), SIZE_PX, 150.0)
    assert way.box_px[0].tolist() == [170.0, 50.0, 470.0, 387.5]


def test_a_vehicle_that_is_too_far_away_goes_to_an_operator(street: PacketRing) -> None:
    found = read(violation_at(1.5), street, way_of((10, 10, 40, 40)), country="CN", finder=Finder(PLATE_SHARE), readers=[Reader(SURE)])
    assert (found.text, found.frames, found.why) == (None, (), "the vehicle is nowhere large enough in the clip")


def test_crops_leave_memory_sealed_and_only_the_authority_sees_the_plate(street: PacketRing, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    found = reading_of(street)
    sealed = seal_crops(found, tmp_path, "plate", [str(identity.to_public())])
    assert [media.sha256 for media in sealed] == [frame.crop_sha256 for frame in found.frames]
    png = pyrage.decrypt(sealed[0].path.read_bytes(), [identity])
    assert png == found.frames[0].crop
    assert cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR).shape == (CAR_BOX[3] - CAR_BOX[1], CAR_BOX[2] - CAR_BOX[0], 3)
    assert "crop=" not in repr(found)


# What nobody may do.


@pytest.mark.parametrize("given", [None, violation_at(1.5).event, "violation", object()])
def test_without_a_violation_no_plate_is_read(given: object, street: PacketRing) -> None:
    finder, reader = Finder(PLATE_SHARE), Reader(SURE)
    with pytest.raises(PlateError, match="wanted a Violation: plates of vehicles that did nothing are never read"):
        read(given, street, way_of(CAR_BOX), country="CN", finder=finder, readers=[reader])  # type: ignore[arg-type]  # the fault under test
    assert (finder.given, reader.asked_count) == ([], 0)


def test_something_that_only_looks_like_a_violation_is_none(street: PacketRing) -> None:
    class Pretended(Violation):
        pass

    with pytest.raises(PlateError):
        read(Pretended(violation_at(1.5).event), street, way_of(CAR_BOX), country="CN", finder=Finder(), readers=[])


def test_the_way_of_somebody_else_is_refused(street: PacketRing) -> None:
    finder = Finder(PLATE_SHARE)
    with pytest.raises(PlateError, match="the way of track 8; wanted that of 7, who did it"):
        read(violation_at(1.5), street, way_of(CAR_BOX, track="8"), country="CN", finder=finder, readers=[Reader(SURE)])
    assert finder.given == []


def test_video_of_another_camera_is_refused() -> None:
    with pytest.raises(EvidenceError, match="video of camera 'cam-2'"):
        read(violation_at(1.5), ring_with(CAR, "cam-2"), way_of(CAR_BOX), country="CN", finder=Finder(), readers=[])


def test_long_before_or_after_the_violation_nothing_is_looked_at(street: PacketRing) -> None:
    """The vehicle may drive on lawfully for as long as it likes."""
    finder = Finder(PLATE_SHARE)
    found = read(violation_at(0.0), street, way_of(CAR_BOX), country="CN", settings=Settings(around_s=0.5), finder=finder, readers=[Reader(SURE)])
    assert max(frame.time_ns for frame in found.frames) <= 0.5 * NS_PER_S


@pytest.mark.parametrize("holes", [{"sure_ratio": 0.5}, {"least_votes_count": 1}, {"around_s": 600.0}, {"frames_count": 2}])
def test_no_setting_makes_the_reader_believe_anything(holes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="wanted around_s"):
        Settings(**holes)  # type: ignore[arg-type]  # of several types


@pytest.mark.parametrize(
    ("time_ns", "box_px"), [([], np.empty((0, 4))), ([0, 1], np.zeros((1, 4))), ([1, 1], np.zeros((2, 4))), ([0], np.full((1, 4), np.nan))]
)
def test_a_way_that_is_none_is_refused(time_ns: list[int], box_px: np.ndarray) -> None:
    with pytest.raises(PlateError, match="way of track 7"):
        Way("7", np.array(time_ns, np.int64), box_px.astype(np.float32), (640, 480))


# Voting and decoding.

READINGS = st.lists(
    st.lists(st.tuples(st.sampled_from("京AB12"), st.floats(0.01, 1.0)), max_size=5).map(lambda row: tuple(Character(*each) for each in row)), max_size=8
)


@given(READINGS)
def test_a_vote_never_says_more_than_its_voters(readings: list[tuple[Character, ...]]) -> None:
    characters, votes_count = voted(readings)
    assert votes_count <= sum(bool(reading) for reading in readings)
    for place, character in enumerate(characters):
        same = [reading[place] for reading in readings if len(reading) == len(characters)]
        assert character.confidence_ratio <= max(each.confidence_ratio for each in same if each.symbol == character.symbol) + 1e-9
        assert character.symbol in {each.symbol for each in same}


def test_runs_are_one_symbol_and_blanks_part_them() -> None:
    steps = np.full((6, 71), 0.001)
    for step, (symbol, sure) in enumerate([(11, 0.8), (11, 0.9), (70, 0.9), (11, 0.7), (70, 0.9), (44, 0.6)]):
        steps[step, symbol] = sure
    assert decoded(steps) == (Character("京", 0.9), Character("京", 0.7), Character("A", 0.6))


def test_the_alphabet_is_the_networks() -> None:
    assert len(SYMBOLS) == len(set(SYMBOLS)) == 70
    assert (SYMBOLS[11], SYMBOLS[43], SYMBOLS[44], SYMBOLS[69]) == ("京", "警", "A", "Z")


# The real networks.


@pytest.fixture
def reader(models: Path, monkeypatch: pytest.MonkeyPatch) -> networks.ChinesePlates:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    pytest.importorskip("openvino")
    return networks.opened()[1][0]


@pytest.mark.parametrize("text", ["A88B72", "F20571"])
def test_a_chinese_plate_is_read(text: str, reader: networks.ChinesePlates) -> None:
    found = reader.characters(violation_at(1.5), chinese_plate(text))
    assert "".join(character.symbol for character in found) == f"京{text}"
    assert min(character.confidence_ratio for character in found) > 0.9


def test_the_reading_network_itself_asks_for_the_violation(reader: networks.ChinesePlates) -> None:
    with pytest.raises(PlateError, match="wanted a Violation"):
        reader.characters(None, chinese_plate())  # type: ignore[arg-type]  # the fault under test


def test_a_latin_plate_is_no_chinese_one_and_goes_to_an_operator(reader: networks.ChinesePlates) -> None:
    picture, box = rear_of_a_car(latin_plate(), car_px=400)
    found = read(violation_at(1.5), ring_with(picture), way_of(box), country="CN", finder=Finder(PLATE_SHARE), readers=[reader])
    assert (found.text, found.needs_operator) == (None, True)
    assert found.why


def real_car_with_our_plate(folder: Path, name: str) -> tuple[PacketRing, Way, int]:
    """The finder knows photographs: we hang our plate over the real one. The ring, the whole picture as the car's box, the plate's left edge."""
    left, top, wide, tall = map(int, (folder / f"{name}.txt").read_text("utf-8").split("\t")[1:5])
    photograph = cv2.cvtColor(cv2.imread(str(folder / f"{name}.jpg")), cv2.COLOR_BGR2RGB)
    photograph[top : top + tall, left : left + wide] = cv2.resize(chinese_plate("A88B72"), (wide, tall), interpolation=cv2.INTER_AREA)
    height, width = photograph.shape[0] // 2 * 2, photograph.shape[1] // 2 * 2
    way = Way("7", np.array([0, 3 * NS_PER_S]), np.array([[0, 0, width, height]] * 2, np.float32), (width, height))
    shown = [np.ascontiguousarray(photograph[:height, :width])] * FRAMES_COUNT
    return ring_of(*stream_of("h264", size_px=(width, height), shown=shown)), way, left


def test_a_plate_of_ours_on_a_real_car_is_found_and_read(shared: Path, reader: networks.ChinesePlates) -> None:
    ring, way, left_px = real_car_with_our_plate(shared / "plates", "test_024")
    found = read(violation_at(1.5), ring, way, country="CN")
    assert (found.text, found.why) == ("京A88B72", "")
    assert set(found.read_by) == {"plate-0106-int8", TEXT_CN}
    assert found.frames[0].plate_px[0] == pytest.approx(left_px, abs=10)


def test_a_real_bystander_behind_the_violator_is_not_read(shared: Path, reader: networks.ChinesePlates) -> None:
    """In this picture a second car stands behind the first, its plate well to be seen."""
    ring, way, _ = real_car_with_our_plate(shared / "plates", "test_008")
    found = read(violation_at(1.5), ring, way, country="CN")
    assert found.why == "two plates in the vehicle's box: nobody knows whose is whose"
    assert all(frame.characters == () for frame in found.frames)


def test_real_latin_plates_are_never_taken_for_chinese_ones(shared: Path, reader: networks.ChinesePlates) -> None:
    """40 close-ups: whatever the network makes of each, seen in twelve frames alike, is refused."""
    taken = []
    for label in sorted((shared / "plates").glob("*.txt")):
        name, *box, _ = label.read_text("utf-8").split("\t")
        left, top, wide, tall = map(int, box)
        photograph = cv2.cvtColor(cv2.imread(str(shared / "plates" / name)), cv2.COLOR_BGR2RGB)
        seen = reader.characters(violation_at(1.5), np.ascontiguousarray(photograph[top : top + tall, left : left + wide]))
        is_sure = bool(seen) and min(character.confidence_ratio for character in seen) >= Settings().sure_ratio
        taken += [name] if is_sure and reader.is_well_formed(tuple(character.symbol for character in seen)) else []
    assert taken == []


def test_what_reads_plates_opens_as_nothing_else(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    with pytest.raises(ModelError, match="finds no road users"):
        open_detector(TEXT_CN)
    with pytest.raises(ModelError, match="cannot read it as an SSD detector"):
        open_network(TEXT_CN)
    assert TEXT_CN not in manifest.detectors()


def test_the_self_test_is_a_plain_reference_implementations(models: Path, reader: networks.ChinesePlates) -> None:
    """The graph as published, float pictures made outside: nothing of ours but the drawing."""
    import openvino

    network = openvino.Core().read_model(models / f"{TEXT_CN}.xml")
    decoder = next(op for op in network.get_ops() if op.get_type_name() == "CTCGreedyDecoder")
    network.add_outputs([decoder.input_value(0)])
    small = cv2.resize(drawn_picture(94), (94, 24), interpolation=cv2.INTER_AREA)[:, :, ::-1].astype(np.float32)
    answer = (
        openvino.Core()
        .compile_model(network, "CPU")
        .create_infer_request()
        .infer({"data": small.transpose(2, 0, 1)[None], "seq_ind": np.ones((88, 1), np.float32)})
    )
    assert fingerprint(np.array(answer[1], np.float32).reshape(88, 71)) == pytest.approx(reader.model.fingerprint, abs=0.05)
    prove()


def test_without_its_weights_the_reader_says_what_to_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, street: PacketRing) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="models pull plate-0106-int8"):
        read(violation_at(1.5), street, way_of(CAR_BOX), country="CN")


def test_an_event_without_anybody_is_no_violation() -> None:
    with pytest.raises(ValueError, match="nobody did it"):
        Violation(Event("red-light", "cam-1", 0, 0))
