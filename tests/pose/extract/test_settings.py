"""Settings: what changes them, and how that is said."""

from ishara.pose.estimate import EstimatorOptions
from ishara.pose.extract import settings_of
from ishara.pose.extract.settings import differences, key_of


def test_every_option_counts():
    plain = key_of(settings_of(EstimatorOptions()))
    assert plain == key_of(settings_of(EstimatorOptions()))
    for name, value in {"complexity": 2, "face": True, "refine": True, "stride": 2}.items():
        base = EstimatorOptions(refine=False)
        assert key_of(settings_of(base.model_copy(update={name: value}))) != key_of(settings_of(base))


def test_of_model_files_the_content_counts_and_not_the_place(tmp_path):
    for name, content in (("a", b"1234"), ("b", b"1234"), ("c", b"1235")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pose_landmark_lite.tflite").write_bytes(content)
    (tmp_path / "b" / "notes.txt").write_text("of no account")
    keys = [key_of(settings_of(EstimatorOptions(complexity=0, models=tmp_path / name))) for name in "abc"]
    assert keys[0] == keys[1] != keys[2]


def test_what_changed_is_said():
    before = {"complexity": 1, "face": False, "mediapipe": "0.10.21"}
    assert differences(before, {**before, "complexity": 2}) == "complexity is 2, was 1"
    assert differences({}, {"face": True}) == "face is true, was not set"
