"""`Limits`: how much the live server takes from anybody, and how long it waits for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one server allows; bytes, pixels, seconds and counts, all above 0.

    Parameters
    ----------
    sessions
        Cameras (or streams of landmarks) at one time.
    message_bytes
        A message over the WebSocket; a larger one is answered and dropped, one of twice that ends the connection.
    picture_pixels
        Width times height of a picture over the WebSocket.
    upload_bytes, clip_seconds, clip_pixels
        A clip that is uploaded, and one of its pictures.
    uploads
        Clips that are predicted or wait for it at one time.
    header_seconds
        For a request's head, from its first byte or the opening of the connection.
    hello_seconds
        For the first message of a WebSocket.
    idle_seconds
        Without any message, until a WebSocket is closed.
    body_seconds
        For the whole of an upload to arrive.
    bad_messages
        One after the other, until a WebSocket is closed.
    queued_landmarks
        Frames of landmarks that wait for a session; of pictures only the newest waits.
    unread_messages
        Answers that wait for a client that does not read, until its WebSocket is closed.
    take_seconds
        One take of a sign that is taught.
    """

    sessions: int = 8
    message_bytes: int = 2 * 2**20
    picture_pixels: int = 2560 * 1600
    upload_bytes: int = 64 * 2**20
    clip_seconds: float = 30
    clip_pixels: int = 4096 * 2304
    uploads: int = 4
    header_seconds: float = 10
    hello_seconds: float = 10
    idle_seconds: float = 60
    body_seconds: float = 120
    bad_messages: int = 20
    queued_landmarks: int = 250
    unread_messages: int = 250
    take_seconds: float = 6
