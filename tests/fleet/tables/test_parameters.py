"""Parameters of the active-safety extensions: each field where others read it."""

from pathlib import Path
from typing import Any

import pytest
from tests.fleet.vectors import line_of, vectors_of

from catseye.fleet.decode import decoded
from catseye.fleet.frame808 import V2013
from catseye.fleet.message import Body
from catseye.fleet.tables.location import ITEMS
from catseye.fleet.tables.messages import MESSAGES
from catseye.fleet.tables.parameters import PARAMETERS
from catseye.fleet.wire import Layout, Row

THEIRS = {
    "jtt-0046": {
        "speed_gate": "AlarmJudgeSpeedThreshold",
        "volume": "WarningVolume",
        "photo_every": "ActivelyTimePhotoInterval",
        "photo_every_distance": "ActiveDistancePhotographyDistanceInterval",
        "alarms_enabled": "AlarmEnable",
        "obstacle_time": "DistanceThresholdObstacleAlarm",
        "lane_change_window": "FrequentChannelChangeAlarmJudgmentTimePeriod",
        "lane_change_times": "FrequentAlarmJudgmentNumberChannelChange",
        "departure_level_speed": "GradedSpeedThresholdLaneDeviationAlarm",
        "collision_time": "ForwardCollisionWarningTimeThreshold",
        "pedestrian_speed": "PedestrianCollisionAlarmEnablingSpeedThreshold",
        "headway_time": "VehicleDistanceMonitoringAlarmDistanceThreshold",
        "headway_photo_interval": "AlarmPhotoVehicleCloseDistanceInterval",
        "sign_photos": "RoadSignRecognitionPhotographs",
    },
    "jtt-0047": {
        "smoking_window": "TimeIntervalSmokingAlarmJudgment",
        "phone_window": "CallAlarmDetermineTimeInterval",
        "fatigue_video": "VideoRecordingTimeBeforeAndAfterFatigueDrivingAlarm",
        "phone_level_speed": "ClassifiedSpeedThresholdCallAlarm",
        "smoking_photos": "SmokingAlarmPhotographsDriverFaceCharacteristics",
        "distraction_photos": "DistractedDrivingAlarmPhotography",
        "abnormal_video": "VideoRecordingTimeAbnormalDrivingBehavior",
        "driver_check": "DriverIdentificationTrigger",
    },
    "jtt-0048": {
        "pressure_unit": "TyrePressureUnit",
        "normal_pressure": "NormalFetalPressure",
        "imbalance": "ThresholdUnbalancedTirePressure",
        "slow_leak": "SlowLeakageThreshold",
        "high_temperature": "HighTemperatureThreshold",
        "report_every": "TimedReportingInterval",
    },
    "jtt-0060": {
        "distraction_video": "VideoRecordingTimeBeforeAndAfterDistractedDrivingAlarm",
        "abnormal_level_speed": "ClassifiedSpeedThresholdAbnormalDrivingBehavior",
        "covered_level_speed": "ClassifiedSpeedThresholdCameraOcclusion",
        "belt_photos": "PhotographsNotBuckleUp",
        "sunglasses_level_speed": "ClassifiedSpeedThresholdInfraredSunglassesBlockingFailure",
        "hands_off_video": "VideoRecordingTimeDoubleHanderOff",
        "play_photo_interval": "PictureIntervalPlayMobile",
    },
}


@pytest.mark.parametrize("name", THEIRS)
def test_each_threshold_is_where_others_read_it(shared: Path, name: str) -> None:
    vector = next(each for each in vectors_of(shared) if each["id"] == name)
    expected = {key.partition(":")[2]: value for key, value in vector["expected"].items()}
    ((_, told),) = decoded(line_of(vector))["body"]["params"].items()
    assert {ours: told["values"][ours] for ours in THEIRS[name]} == {ours: expected[theirs] for ours, theirs in THEIRS[name].items()}


def every_layout() -> list[Layout]:
    tables: list[Any] = [*(layouts for messages in MESSAGES.values() for layouts in messages.values()), *ITEMS.known.values(), *PARAMETERS.values()]
    return [layout for layouts in tables for layout in layouts]


def test_no_table_gives_one_name_to_two_fields() -> None:
    twice = {layout.name: names for layout in every_layout() if len(set(names := [line.name for line in layout.lines()])) < len(names)}
    assert twice == {}


def test_the_lengths_of_the_standard_are_those_of_the_tables() -> None:
    assert [PARAMETERS[key][0].fixed_bytes for key in (0xF364, 0xF365, 0xF366, 0xF367)] == [56, 49, 36, 2]
    assert [ITEMS.known[key][0].fixed_bytes for key in (0x64, 0x65, 0x67)] == [47, 47, 41]
    assert [ITEMS.known[key][1].fixed_bytes for key in (0x64, 0x65, 0x67)] == [71, 71, 65]


STREAM, OSD = "00 05 0019 0f 00000400", "001f"
CAMERAS = {
    "0x0075": f"{STREAM} {STREAM} {OSD} 01",
    "0x0076": "01 00 01 01 01 00 00 02 03 02 01",
    "0x0077": f"02 01 {STREAM} {STREAM} {OSD} 02 {STREAM} {STREAM} {OSD}",
    "0x0079": "14 05 01",
    "0x007A": "00000041",
    "0x007B": "2d 50",
    "0x007C": "03 05 1f 03 0600 0900 1600 1830 0000 0000 0000 0000",
}


def cameras_body() -> bytes:
    entries = [(int(key, 16), bytes.fromhex(raw)) for key, raw in CAMERAS.items()]
    return bytes([len(entries)]) + b"".join(key.to_bytes(4) + bytes([len(raw)]) + raw for key, raw in entries)


def test_parameters_of_cameras_are_read_field_by_field_and_written_again() -> None:
    body = Body.parse(0x8103, V2013, cameras_body())
    said = {key: value["values"] for key, value in body.values["params"].items()}
    assert (said["0x0075"]["live_resolution"], said["0x0075"]["saved_bit_rate"], said["0x0075"]["osd"], said["0x0075"]["has_sound"]) == (5, 1024, 0x1F, 1)
    assert said["0x0076"]["channels"][1] == {"physical": 2, "logical": 3, "type": 2, "has_gimbal": 1}
    assert [each["logical"] for each in said["0x0077"]["channels"]] == [1, 2]
    assert (said["0x0079"]["threshold"], said["0x007A"]["value"], said["0x007B"]["seats"]) == (20, 0x41, 45)
    assert (said["0x007C"]["wake_2"], said["0x007C"]["sleep_2"]) == ("1600", "1830")
    assert bytes(body) == cameras_body()


def test_each_byte_of_the_cameras_parameters_is_explained_once() -> None:
    rows: list[Row] = []
    Body.parse(0x8103, V2013, cameras_body(), rows)
    assert "".join(row.hex for row in rows) == cameras_body().hex()


@pytest.mark.parametrize("raw", ["01 00 01 01 01 00 00", "00 00 00 00", ""], ids=["short", "long", "nothing"])
def test_a_list_of_channels_that_does_not_fit_stays_hex(raw: str) -> None:
    value = bytes.fromhex(raw)
    said = Body.parse(0x8103, V2013, b"\x01" + (0x76).to_bytes(4) + bytes([len(value)]) + value).values["params"]["0x0076"]
    assert (said["hex"], "values" in said) == (value.hex(), False)
