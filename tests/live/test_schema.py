"""The WebSocket's schema: what it takes, what it refuses, and that it quotes no secret."""

import json
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.live.schema import (
    HEAD,
    VERSION,
    Hello,
    json_schema,
    landmarks_of,
    read_binary,
    read_text,
    write_binary,
)


@given(
    st.sampled_from(["jpeg", "landmarks"]),
    st.integers(0, 2**32 - 1),
    st.floats(0, 1e9, allow_nan=False),
    st.binary(min_size=1, max_size=50),
)
def test_a_binary_message_comes_back_as_it_was(kind, seq: int, time: float, payload: bytes) -> None:
    frame = read_binary(write_binary(kind, seq, time, payload))
    assert (frame.kind, frame.seq, frame.time, frame.payload) == (kind, seq, time, payload)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", "has 0 bytes"),
        (b"\xff\xd8\xff\xd9", "has 4 bytes; expected a head of 16"),
        (HEAD.pack(1, VERSION, 0, 1, 0.0), "has 16 bytes"),
        (HEAD.pack(9, VERSION, 0, 1, 0.0) + b"x", "begins with 9, 1; expected 1 .JPEG."),
        (HEAD.pack(1, 2, 0, 1, 0.0) + b"x", "begins with 1, 2"),
        (HEAD.pack(1, VERSION, 0, 1, float("nan")) + b"x", "time is not a number"),
        (HEAD.pack(1, VERSION, 0, 1, -1.0) + b"x", "time is not a number"),
    ],
)
def test_what_is_no_frame_is_refused(message: bytes, expected: str) -> None:
    with pytest.raises(IsharaError, match=expected):
        read_binary(message)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_an_error(data: bytes) -> None:
    with suppress(IsharaError):
        assert read_binary(data).payload == data[HEAD.size :]


@pytest.mark.parametrize(
    "text",
    ["", "hello", "[]", "null", '{"type": "hello"}', '{"type": "stop"}', '{"type": "pause", "more": 1}',
     '{"type": "landmarks", "seq": -1, "time": 0, "points": []}', "[" * 5000],
)  # fmt: skip
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(IsharaError, match="none of version 1 of the schema"):
        read_text(text)


def test_a_refusal_quotes_no_token() -> None:
    for text in (
        '{"type": "hello", "version": "x", "token": "my-secret"}',
        '{"type": "hello", "version": 1, "tokenn": "my-secret"}',
        '{"type": "hello", "token": "my-secret"',
        '{"type": "my-secret"}',
    ):
        with pytest.raises(IsharaError) as caught:
            read_text(text)
        assert "my-secret" not in str(caught.value)
    assert "my-secret" not in repr(read_text('{"type": "hello", "version": 1, "token": "my-secret"}'))


def test_landmarks_come_as_numbers_or_as_lists() -> None:
    points = [[1.0, 2.0, 3.0, 0.5], [4.0, 5.0, 6.0, 0.0]]
    for payload in (points, np.array(points, "<f4").tobytes()):
        coordinates, confidence = landmarks_of(payload, 2, 3)
        np.testing.assert_array_equal(coordinates, [[1, 2, 3], [0, 0, 0]])
        np.testing.assert_array_equal(confidence, [0.5, 0])


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ([[1.0, 2.0, 1.0]], "has 3 numbers; expected 2 × 4"),
        ([[1.0], [2.0, 3.0]], "has 0 numbers"),
        (b"abc", "has 0 numbers"),
        ([[1.0, 2.0, 3.0, 2.0], [0.0] * 4], "confidence is outside 0 to 1"),
        ([[float("nan"), 2.0, 3.0, 1.0], [0.0] * 4], "not finite"),
        ([[1e300, 2.0, 3.0, 1.0], [0.0] * 4], "not finite"),
        ([[1.0, 2.0, 3.0, float("nan")], [0.0] * 4], "confidence is outside"),
    ],
)
def test_what_are_no_landmarks_is_refused(payload, expected: str) -> None:
    with pytest.raises(IsharaError, match=expected):
        landmarks_of(payload, 2, 3)


def test_the_documentation_names_every_message_and_field() -> None:
    text = (Path(__file__).parents[2] / "docs" / "live.md").read_text(encoding="utf-8")
    for side in ("client", "server"):
        for name, model in json_schema()[side]["$defs"].items():
            properties = model["properties"]
            if "type" in properties:
                assert f'"type": "{properties["type"]["const"]}"' in text, name
            for field in properties:
                assert re.search(rf'["`]{field}["`]', text), f"{name}.{field}"
    assert json.dumps(json_schema())
    assert isinstance(read_text('{"type": "hello", "version": 1}'), Hello)
