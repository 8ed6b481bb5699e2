"""The parts of the live server by themselves: what waits, what is even in time, what a picture is, who is let in."""

import threading
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.errors import IsharaError
from ishara.live.jpeg import JpegDecoder, picture_size
from ishara.live.mailbox import Mailbox
from ishara.live.security import Access, bearer, is_loopback
from ishara.live.steady import Steady

from .conftest import TOKEN, jpeg


def test_of_pictures_only_the_newest_waits() -> None:
    mailbox: Mailbox[int] = Mailbox(1)
    dropped = [mailbox.put_frame(number) for number in range(5)]
    assert dropped == [0, 1, 1, 1, 1]
    assert mailbox.get() == 4


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5))
def test_frames_and_orders_keep_their_order_and_no_order_is_lost(kinds: list[bool], most: int) -> None:
    mailbox: Mailbox[tuple[bool, int]] = Mailbox(most)
    for number, is_frame in enumerate(kinds):
        if is_frame:
            mailbox.put_frame((True, number))
        else:
            assert mailbox.put((False, number))
    orders = [number for number, is_frame in enumerate(kinds) if not is_frame]
    frames = [number for number, is_frame in enumerate(kinds) if is_frame][-most:]
    found = [mailbox.get() for _ in range(len(orders) + len(frames))]
    assert [item[1] for item in found if item] == sorted(orders + frames)


def test_a_mailbox_takes_no_more_orders_than_it_can_hold() -> None:
    mailbox: Mailbox[int] = Mailbox(1)
    taken = [mailbox.put(number) for number in range(1000)]
    assert 0 < sum(taken) < 100


def test_closing_a_mailbox_wakes_who_waits() -> None:
    mailbox: Mailbox[int] = Mailbox(1)
    found: list[int | None] = [7]
    thread = threading.Thread(target=lambda: found.append(mailbox.get()))
    thread.start()
    mailbox.close()
    thread.join(5)
    assert found == [7, None]
    assert mailbox.put_frame(1) == 0
    assert mailbox.get() is None


def test_a_steady_stream_passes_as_it_is() -> None:
    pose = synthetic_clip("SYN-01")
    steady = Steady(pose.skeleton, pose.fps)
    found = []
    for number in range(len(pose)):
        # A hair's breadth off, as clocks are.
        time = 100 + number / pose.fps + (-1) ** number * 1e-4
        found += steady.push(pose.coordinates[number], pose.confidence[number], time)
    assert len(found) == len(pose)
    np.testing.assert_array_equal(np.stack([frame[0] for frame in found]), pose.coordinates)


@given(st.lists(st.floats(0.005, 0.3), min_size=1, max_size=30))
def test_whatever_comes_is_evenly_spaced_and_between_what_came(steps: list[float]) -> None:
    skeleton = synthetic_clip("SYN-01").skeleton
    steady = Steady(skeleton, 25)
    found = []
    for time in np.cumsum([1.0, *steps]).tolist():
        # Everything moves evenly: at each time, all coordinates are the time.
        found += steady.push(np.full((len(skeleton), 2), time, np.float32), np.ones(len(skeleton), np.float32), time)
    times = np.array([frame[2] for frame in found])
    np.testing.assert_allclose(np.diff(times), 0.04, atol=1e-9)
    np.testing.assert_allclose([frame[0][0, 0] for frame in found], times, atol=0.05 * 0.04 + 1e-4)
    assert len(found) == int((sum(steps)) * 25 + 0.05 + 1e-9) + 1


def test_a_picture_is_decoded() -> None:
    picture = JpegDecoder(10_000).rgb(jpeg(64, 48))
    assert picture.shape == (48, 64, 3)
    assert picture[0].mean() < picture[-1].mean()
    assert picture_size(jpeg(64, 48)) == (64, 48)


def _claiming(width: int, height: int) -> bytes:
    """A small file that says that it is a huge picture."""
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "not a JPEG"),
        (b"GIF89a", "not a JPEG"),
        (b"PK\x03\x04" * 9, "not a JPEG"),
        (b"\xff\xd8" + b"\xff" * 100, "without a size"),
        (b"\xff\xd8\xff\xd9", "without a size"),
        (jpeg()[:-20], "cut off"),
        (jpeg()[: len(jpeg()) // 2], "without a size"),
        (_claiming(60_000, 60_000), "60000×60000 pixels; at most 10,000"),
        (jpeg()[:200] + b"\xff\xd9", "without a size|damaged"),
    ],
)
def test_what_is_no_whole_picture_is_refused_before_it_costs_anything(data: bytes, expected: str) -> None:
    decoder = JpegDecoder(10_000)
    with pytest.raises(IsharaError, match=expected):
        decoder.rgb(data)
    assert decoder.rgb(jpeg()).shape == (48, 64, 3)


@given(st.binary(max_size=300))
def test_any_bytes_after_a_jpegs_beginning_are_a_size_or_an_error(data: bytes) -> None:
    with suppress(IsharaError):
        assert len(picture_size(b"\xff\xd8" + data)) == 2


@pytest.mark.parametrize(
    ("host", "header", "let_in"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "localhost:8000", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("127.0.0.1", "[::1]:8000", True),
        ("127.0.0.1", "evil.example:8000", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "192.168.1.5:8000", False),
        ("127.0.0.1", "proxy.example", True),
        ("127.0.0.1", None, False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "localhost:port", False),
        ("127.0.0.1", "localhost/path", False),
        ("127.0.0.1", "me@localhost", False),
        ("0.0.0.0", "192.168.1.5:8000", True),
        ("0.0.0.0", "127.0.0.1:8000", True),
        ("0.0.0.0", "evil.example", False),
        ("192.168.1.5", "192.168.1.5:8000", True),
        ("192.168.1.5", "192.168.1.6:8000", False),
        ("192.168.1.5", "localhost", False),
    ],
)
def test_a_server_answers_to_its_own_names_alone(host: str, header: str | None, let_in: bool) -> None:
    assert Access(host, SecretStr(TOKEN), ("proxy.example",)).knows_host(header) is let_in


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        (None, True),
        ("http://localhost:8000", True),
        ("https://localhost:8000", True),
        ("http://localhost:9000", False),
        ("http://evil.example", False),
        ("null", False),
        ("file://", False),
        ("http://[", False),
    ],
)
def test_only_the_servers_own_page_may_speak(origin: str | None, let_in: bool) -> None:
    assert Access().knows_origin(origin, "localhost:8000") is let_in


def test_a_token_is_needed_where_others_can_reach_the_server() -> None:
    for host in ("0.0.0.0", "192.168.1.5", "::", "example.org"):
        with pytest.raises(IsharaError, match="so a token is needed: --token"):
            Access(host)
    with pytest.raises(IsharaError, match="has 5 characters; expected at least 12"):
        Access("0.0.0.0", SecretStr("short"))
    assert is_loopback("127.0.0.9")
    assert is_loopback("::1")
    access = Access("0.0.0.0", SecretStr(TOKEN))
    assert access.admits(TOKEN)
    assert not any(access.admits(wrong) for wrong in (None, "", TOKEN[:-1], TOKEN + "x", "\ud800", "é"))
    assert TOKEN not in repr(access)


def test_a_token_is_read_from_a_header() -> None:
    assert bearer(f"Bearer {TOKEN}") == TOKEN
    assert bearer(f"bearer  {TOKEN}") == TOKEN
    assert [bearer(header) for header in (None, "", "Bearer", "Bearer ", f"Basic {TOKEN}")] == [None] * 5
