"""Teaching a sign at the page: takes are landmarks, and what is wrong with them is told."""

from pathlib import Path

import numpy as np
import pytest

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recognizer import Recognizer

from .conftest import FPS, Client, Serve, binary

SKELETON = "upper-body-hands"
CONSENT = "I am the person who signs, and agree."


def take_of(gloss: str, take: int) -> Pose:
    pose = synthetic_clip(gloss, 1, take).to(get_skeleton(SKELETON))
    return Pose(pose.coordinates, pose.confidence, FPS, pose.skeleton)


def record(client: Client, pose: Pose, start: float) -> dict[str, object]:
    client.say(type="take", action="start")
    assert client.hear("take")["recording"]
    for number, (points, sure) in enumerate(zip(pose.coordinates, pose.confidence, strict=True)):
        client.socket.send(binary(number, start + number / FPS, np.column_stack([points, sure])))
        answer = client.hear("frame")
        assert answer["provisional"] is None
    client.say(type="take", action="stop")
    return client.hear()


def test_three_takes_make_a_sign(serve: Serve, recognizer: Recognizer) -> None:
    client = serve().connect()
    client.hello(input="landmarks", skeleton=SKELETON)
    for number in range(3):
        told = record(client, take_of("SYN-09", number + 1), 10.0 * number)
        assert (told["type"], told["takes"], told["recording"]) == ("take", number + 1, False)
        assert told["seconds"] == pytest.approx(len(take_of("SYN-09", number + 1)) / FPS, abs=0.05)
    client.say(type="teach", gloss="TEA", consent=CONSENT)
    told = client.hear()
    assert (told["type"], told["gloss"], told["takes"]) == ("taught", "TEA", 3), told
    assert told["glosses"] == len(recognizer.labels) + 1
    # Whoever loads the folder knows it.
    assert "TEA" in Recognizer.load(recognizer.folder).glosses
    assert list(Path(recognizer.folder).glob("*.mp4")) == []


def test_a_take_without_hands_or_without_time_is_none(serve: Serve) -> None:
    client = serve().connect()
    client.hello(input="landmarks", skeleton=SKELETON)
    told = record(client, take_of("SYN-02", 1).frames(slice(0, 2)), 0.0)
    assert (told["code"], told["fatal"]) == ("teach", False)
    assert "too short" in str(told["message"])
    assert client.hear("take")["takes"] == 0
    pose = take_of("SYN-02", 1)
    hands = [place for place, name in enumerate(pose.skeleton.landmarks) if "_hand." in name]
    confidence = pose.confidence.copy()
    confidence[:, hands] = 0
    told = record(client, pose.replace(pose.coordinates, confidence), 50.0)
    assert "No hand was seen" in str(told["message"])


def test_a_take_ends_by_itself_and_can_be_thrown_away(serve: Serve) -> None:
    client = serve(take_seconds=0.5).connect()
    client.hello(input="landmarks", skeleton=SKELETON)
    pose = take_of("SYN-02", 1)
    client.say(type="take", action="start")
    client.hear("take")
    for number in range(16):
        client.socket.send(
            binary(number, number / FPS, np.column_stack([pose.coordinates[number], pose.confidence[number]]))
        )
    assert client.hear("take")["takes"] == 1
    client.say(type="take", action="forget")
    assert client.hear("take")["takes"] == 0
    client.say(type="teach", gloss="TEA", consent=CONSENT)
    assert "no clips to teach TEA" in client.hear("error")["message"]


@pytest.mark.parametrize("gloss", ["SYN-01", " ", "a\nb"])
def test_a_gloss_that_cannot_be_taught_is_refused_and_the_takes_stay(serve: Serve, gloss: str) -> None:
    client = serve().connect()
    client.hello(input="landmarks", skeleton=SKELETON)
    record(client, take_of("SYN-02", 1), 0.0)
    client.say(type="teach", gloss=gloss, consent=CONSENT)
    assert client.hear()["code"] == "teach"
    client.say(type="teach", gloss="TEA", consent=CONSENT)
    assert client.hear()["takes"] == 1


def test_where_nobody_may_teach_nobody_can(serve: Serve, recognizer: Recognizer) -> None:
    running = serve(read_only=True)
    assert not running.live.teachable
    client = running.connect()
    client.hello(input="landmarks", skeleton=SKELETON)
    client.say(type="take", action="start")
    assert "No sign can be taught" in client.hear()["message"]
    assert recognizer.glosses == recognizer.labels
