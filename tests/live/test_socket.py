"""A running server's WebSocket: signs come back, and whatever a client does is its own affair."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.live.outbox import Outbox
from ishara.live.schema import Seen, TakeTold, Wrong, write_binary
from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recognizer import Recognizer
from ishara.spotting import spot

from .conftest import FPS, TOKEN, Client, Puppet, Running, Serve, binary, jpeg

SKELETON = "upper-body-hands"


def sign(gloss: str = "SYN-01") -> Pose:
    """A clip of a sign as a camera would see it, at the session's rate."""
    pose = synthetic_clip(gloss).to(get_skeleton(SKELETON))
    return Pose(pose.coordinates, pose.confidence, FPS, pose.skeleton)


def others(running: Running) -> Iterator[Client]:
    """A session beside the one that is tried: it goes on as if nothing had happened."""
    beside = running.connect()
    assert beside.hello(input="landmarks", skeleton=SKELETON)["type"] == "welcome"
    assert beside.play(sign())
    yield beside
    assert beside.play(sign(), start=100)
    beside.socket.close()


@pytest.fixture
def running(serve: Serve) -> Running:
    return serve(bad_messages=3)


@pytest.fixture
def beside(running: Running) -> Iterator[Client]:
    yield from others(running)


def closed(client: Client) -> int:
    """The code with which the server closes, after all that it still says."""
    with suppress(ConnectionClosed):
        while True:
            client.hear()
    code = client.socket.close_code
    assert code is not None
    return code


def test_the_signs_of_a_stream_are_those_that_spot_finds(running: Running, recognizer: Recognizer) -> None:
    client = running.connect()
    welcome = client.hello(input="landmarks", skeleton=SKELETON)
    assert welcome["landmarks"] == list(get_skeleton(SKELETON).landmarks)
    found = client.play(sign())
    expected = spot(recognizer, sign())
    assert [item["gloss"] for item in found] == [segment.gloss for segment in expected]
    for item, segment in zip(found, expected, strict=True):
        assert (item["start"], item["end"]) == pytest.approx((segment.start, segment.end), abs=1e-3)
        assert item["probability"] == pytest.approx(segment.probability, abs=1e-4)
        assert sum(weight["weight"] for weight in item["attention"]) == pytest.approx(1, abs=1e-2)
        assert item["candidates"][0]["gloss"] == item["gloss"]
    assert found, "the clip holds a sign"


def test_landmarks_as_lists_are_the_same_frames(running: Running) -> None:
    def as_lists(seq: int, time: float, points: NDArray[np.float32]) -> str:
        return json.dumps({"type": "landmarks", "seq": seq, "time": time, "points": points.tolist()})

    found = []
    for encode in (binary, as_lists):
        client = running.connect()
        client.hello(input="landmarks", skeleton=SKELETON)
        found.append([(item["gloss"], item["start"], item["end"]) for item in client.play(sign(), encode=encode)])
    assert found[0] == found[1] != []


def test_a_left_handed_signer_is_seen_mirrored(running: Running) -> None:
    right, left = running.connect(), running.connect()
    right.hello(input="landmarks", skeleton=SKELETON)
    left.hello(input="landmarks", skeleton=SKELETON, left_handed=True)
    as_known, mirrored = right.play(sign()), left.play(sign().mirrored())
    assert as_known[0]["gloss"] == mirrored[0]["gloss"]
    assert as_known[0]["probability"] == pytest.approx(mirrored[0]["probability"], abs=1e-4)


def test_pictures_come_back_as_landmarks_and_signs(running: Running) -> None:
    client = running.connect()
    welcome = client.hello()
    assert "left_hand.index_tip" in welcome["landmarks"]
    assert all(0 <= place < len(welcome["landmarks"]) for edge in welcome["edges"] for place in edge)
    # The puppet's landmarks are those of this clip, whatever the pictures show.
    signs = client.play(sign(), encode=lambda seq, time, _: write_binary("jpeg", seq, time, jpeg()))
    client.socket.send(write_binary("jpeg", 1000, 1000.0, jpeg()))
    answer = client.hear("frame")
    assert (answer["seq"], answer["dropped"]) == (1000, 0)
    assert len(answer["points"]) == len(welcome["landmarks"])
    assert signs


def test_a_pause_does_not_lose_the_clock(running: Running) -> None:
    client = running.connect()
    client.hello(input="landmarks", skeleton=SKELETON)
    first, second = client.play(sign(), start=5), client.play(sign(), start=50)
    assert 5 <= first[0]["start"] < first[0]["end"] <= 50 <= second[0]["start"]
    assert second[0]["id"] == first[-1]["id"] + 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("what is this?", "schema"),
        ('{"type": "hello", "version": 1}', "schema"),
        (b"\x00" * 40, "schema"),
        (write_binary("jpeg", 1, 1.0, b"no picture"), "frame"),
        (write_binary("jpeg", 1, 1.0, jpeg()[:-30]), "frame"),
        (write_binary("jpeg", 1, 1.0, b"PK\x03\x04 a zip bomb"), "frame"),
        (write_binary("landmarks", 1, 1.0, b"1234"), "frame"),
        (json.dumps({"type": "landmarks", "seq": 1, "time": 1, "points": [[1.0] * 4]}), "frame"),
        (json.dumps({"type": "teach", "gloss": "TEA", "consent": "yes"}), "teach"),
    ],
)
def test_a_wrong_message_is_answered_and_the_session_goes_on(
    running: Running, beside: Client, warned: list[str], message: str | bytes, code: str
) -> None:
    client = running.connect()
    client.hello()
    for _ in range(2):
        client.socket.send(message)
        told = client.hear()
        assert (told["type"], told["code"], told["fatal"]) == ("error", code, False), told
    client.socket.send(write_binary("jpeg", 2, 2.0, jpeg()))
    assert client.hear()["type"] == "frame"
    assert len([line for line in warned if f": {code}: " in line]) == 1


def test_who_sends_nothing_but_wrong_messages_is_shown_out(running: Running, beside: Client) -> None:
    for message, code in (("?", "schema"), (write_binary("jpeg", 1, 1.0, b"?"), "frame")):
        client = running.connect()
        client.hello()
        answers = []
        for _ in range(3):
            client.socket.send(message)
            answers.append(client.hear())
        assert [(answer["code"], answer["fatal"]) for answer in answers] == [(code, False), (code, False), (code, True)]
        assert closed(client) == 4400


def test_time_does_not_run_backwards(running: Running) -> None:
    client = running.connect()
    client.hello()
    client.socket.send(write_binary("jpeg", 1, 5.0, jpeg()))
    assert client.hear()["type"] == "frame"
    client.socket.send(write_binary("jpeg", 2, 5.0, jpeg()))
    assert "the one before had 5 s" in client.hear()["message"]


def test_a_giant_message_is_answered_and_a_monstrous_one_ends_the_connection(serve: Serve) -> None:
    running = serve(message_bytes=10_000)
    (guard,) = [others(running)]
    next(guard)
    client = running.connect()
    client.hello()
    client.socket.send(write_binary("jpeg", 1, 1.0, bytes(12_000)))
    assert "has 12,016 bytes; at most 10,000" in client.hear()["message"]
    client.socket.send(bytes(30_000))
    assert closed(client) == 1009
    assert next(guard, None) is None


def test_a_picture_that_claims_to_be_huge_is_refused(serve: Serve) -> None:
    client = serve(picture_pixels=1000).connect()
    client.hello()
    client.socket.send(write_binary("jpeg", 1, 1.0, jpeg(64, 48)))
    assert "64×48 pixels; at most 1,000" in client.hear()["message"]


@pytest.mark.parametrize(
    ("hello", "code", "closes"),
    [
        ("hello", "schema", 4400),
        ('{"type": "pause"}', "schema", 4400),
        ('{"type": "hello", "version": 7}', "schema", 4400),
        (b"\x01\x01", "schema", 4400),
        ('{"type": "hello", "version": 1, "input": "landmarks", "skeleton": "octopus"}', "model", 1011),
        ('{"type": "hello", "version": 1, "input": "landmarks", "landmarks": ["left_fin"]}', "model", 1011),
        ('{"type": "hello", "version": 1, "input": "landmarks", "landmarks": ["nose", "nose"]}', "model", 1011),
    ],
)
def test_who_does_not_say_hello_is_not_let_in(
    running: Running, beside: Client, hello: str | bytes, code: str, closes: int
) -> None:
    client = running.connect()
    client.socket.send(hello)
    assert client.hear()["code"] == code
    assert closed(client) == closes
    assert len(running.live.sessions) == 1


def test_a_token_is_asked_for_and_never_logged(serve: Serve, warned: list[str]) -> None:
    running = serve(token=TOKEN)
    for given in ({}, {"token": "wrong-but-as-long-as-it"}):
        client = running.connect()
        assert client.hello(**given)["code"] == "token"
        assert closed(client) == 4401
    client = running.connect(additional_headers={"Authorization": "Bearer wrong"})
    assert client.hear()["code"] == "token"
    assert running.connect().hello(token=TOKEN)["type"] == "welcome"
    header = {"Authorization": f"Bearer {TOKEN}"}
    assert running.connect(additional_headers=header).hello()["type"] == "welcome"
    assert len(warned) == 3
    assert TOKEN not in " ".join(warned)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_sites_page_is_not_let_in(running: Running, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        running.connect(origin=origin)
    assert refused.value.response.status_code == 403
    assert running.connect(origin=f"http://127.0.0.1:{running.port}").hello()["type"] == "welcome"


def test_only_so_many_sessions_are_open_and_a_place_is_free_again(serve: Serve) -> None:
    running = serve(sessions=1)
    first = running.connect()
    assert first.hello()["type"] == "welcome"
    second = running.connect()
    assert second.hello()["code"] == "full"
    assert closed(second) == 1013
    first.socket.close()
    while running.connect().hello()["type"] != "welcome":
        pass


def test_who_says_nothing_is_not_waited_for(serve: Serve) -> None:
    running = serve(hello_seconds=0.1, idle_seconds=0.2)
    silent = running.connect()
    assert silent.hear()["code"] == "timeout"
    assert closed(silent) == 4408
    idle = running.connect()
    idle.hello()
    assert idle.hear()["code"] == "timeout"
    assert closed(idle) == 4408


def test_who_vanishes_in_the_middle_of_a_frame_leaves_nothing_behind(running: Running, beside: Client) -> None:
    client = running.connect()
    client.hello()
    raw: socket.socket = client.socket.socket
    # The head of a binary frame of 60,000 bytes, a few of them, and the line is cut.
    raw.sendall(b"\x82\xfe\xea\x60" + b"mask" + b"\x00" * 500)
    raw.close()
    session = running.live.sessions.get(2)
    if session is not None:
        session.join(10)
    other = running.connect()
    assert other.hello()["type"] == "welcome"


def test_who_does_not_read_is_given_up() -> None:
    async def overflow() -> list[object]:
        outbox = Outbox(3)
        for number in range(5):
            outbox.tell(Seen(seq=number, time=number, points=None, provisional=None, milliseconds=1, dropped=0))
        outbox.tell(TakeTold(takes=0, recording=False))
        newest = await outbox.next()
        await outbox.next()
        for _ in range(10):
            outbox.tell(TakeTold(takes=0, recording=False))
        return [newest, await outbox.next()]

    newest, last = asyncio.run(overflow())
    assert isinstance(newest, Seen)
    assert newest.seq == 4
    assert isinstance(last, Wrong)
    assert (last.code, last.fatal) == ("unread", True)


def test_an_error_of_our_own_ends_one_session_alone(
    running: Running, beside: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = running.connect()
    client.hello()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("ishara.live.jpeg.JpegDecoder.rgb", fail)
        client.socket.send(write_binary("jpeg", 1, 1.0, jpeg()))
        told = client.hear()
    assert (told["code"], told["fatal"]) == ("internal", True)
    assert closed(client) == 1011


def test_a_server_that_is_slower_than_the_camera_drops_all_but_the_newest(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = threading.Event(), threading.Event()
    look = Puppet.look

    def slowly(puppet: Puppet, picture: NDArray[np.uint8]) -> tuple[Array, Array]:
        began.set()
        assert go_on.wait(20)
        return look(puppet, picture)

    monkeypatch.setattr(Puppet, "look", slowly)
    client = running.connect()
    client.hello()
    client.socket.send(write_binary("jpeg", 0, 0.0, jpeg()))
    assert began.wait(20)
    for number in range(1, 10):
        client.socket.send(write_binary("jpeg", number, number / FPS, jpeg()))
    # An answer to this one comes from the server's loop, after it has taken all of them.
    client.say(type="hello", version=1)
    assert client.hear()["code"] == "schema"
    go_on.set()
    # Of answers that wait only the newest is sent: the first frame's may have been given up for the last one's.
    answer = client.hear("frame")
    if answer["seq"] == 0:
        answer = client.hear("frame")
    assert (answer["seq"], answer["dropped"]) == (9, 8)
