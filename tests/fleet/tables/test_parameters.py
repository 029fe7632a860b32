"""Parameters of the active-safety extensions: each field where others read it."""

from pathlib import Path
from typing import Any

import pytest
from tests.fleet.vectors import line_of, vectors_of

from catseye.fleet.decode import decoded
from catseye.fleet.tables.location import ITEMS
from catseye.fleet.tables.messages import MESSAGES
from catseye.fleet.tables.parameters import PARAMETERS
from catseye.fleet.wire import Layout

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
