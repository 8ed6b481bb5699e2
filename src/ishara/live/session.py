"""`Session`: one camera (or stream of landmarks), with a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ishara.errors import IsharaError
from ishara.live.eyes import Eyes, LandmarkEyes
from ishara.live.limits import Limits
from ishara.live.mailbox import Mailbox
from ishara.live.metrics import Metrics
from ishara.live.schema import (
    Answer,
    BinaryFrame,
    Committed,
    Guess,
    LandmarkFrame,
    Options,
    Pause,
    Seen,
    Take,
    TakeTold,
    TaughtTold,
    Teach,
    Weight,
    Wrong,
)
from ishara.live.teaching import Takes
from ishara.recognizer import Prediction, Recognizer
from ishara.spotting import Segment

_log = logging.getLogger(__name__)
TOP = 3
_SHOWN = 5

Frame = BinaryFrame | LandmarkFrame
Control = Options | Pause | Take | Teach


@dataclass(frozen=True, eq=False)
class _Arrived:
    """What came, and when (`time.perf_counter`)."""

    what: Frame | Control
    at: float


class Session:
    """Looks at frames in their order on a thread, and answers each.

    Parameters
    ----------
    number
        What it is called in logs.
    recognizer
        Shared by all sessions.
    eyes
        What makes signs of frames; made and closed on the thread.
    tell
        Takes the answers, from the thread.
    teachable
        Whether signs may be taught here.
    """

    def __init__(
        self,
        number: int,
        recognizer: Recognizer,
        eyes: Callable[[], Eyes],
        tell: Callable[[Answer], None],
        *,
        limits: Limits,
        metrics: Metrics,
        input: str,
        teachable: bool,
    ) -> None:
        self.number = number
        self.dropped = 0
        self._recognizer = recognizer
        self._make_eyes = eyes
        self._tell = tell
        self._limits = limits
        self._metrics = metrics
        self._input = input
        self._teachable = teachable
        self._mailbox: Mailbox[_Arrived] = Mailbox(1 if input == "jpeg" else limits.queued_landmarks)
        self._takes = Takes()
        self._signs = 0
        self._logged: set[str] = set()
        self._bad = 0
        self._thread = threading.Thread(target=self._run, name=f"ishara-session-{number}", daemon=True)

    def start(self) -> None:
        """Begin to look at frames."""
        self._thread.start()

    def offer(self, frame: Frame) -> None:
        """A frame that came; when the thread is behind, the oldest that waits makes room for it."""
        if self._mailbox.put_frame(_Arrived(frame, time.perf_counter())):
            self.dropped += 1
            self._metrics.frames.labels(self._input, "dropped").inc()

    def ask(self, control: Control) -> bool:
        """Something that must not be lost; False if too much of it waits."""
        return self._mailbox.put(_Arrived(control, time.perf_counter()))

    def close(self) -> None:
        """End after the frame that is being looked at; what waits is dropped."""
        self._mailbox.close()

    def join(self, seconds: float) -> None:
        """Wait for the thread's end, at most so long."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def wrong(self, code: str, message: str, *, fatal: bool = False) -> None:
        """Tell the client what is wrong, and the log at the first time."""
        if code not in self._logged:
            self._logged.add(code)
            _log.warning("Session %d: %s: %s", self.number, code, message)
        self._tell(Wrong.model_validate({"code": code, "message": message, "fatal": fatal}))

    def _run(self) -> None:
        try:
            eyes = self._make_eyes()
        except IsharaError as error:
            self.wrong("camera", str(error), fatal=True)
            return
        try:
            while (item := self._mailbox.get()) is not None:
                self._handle(eyes, item)
        except Exception:  # noqa: BLE001 - whatever it is
            # One session's fault is not the others': it ends, and they go on.
            _log.exception("Session %d ended by an error of Ishara's own.", self.number)
            self._tell(Wrong(code="internal", message="The server met an error of its own; connect again.", fatal=True))
        finally:
            eyes.close()

    def _handle(self, eyes: Eyes, item: _Arrived) -> None:
        what = item.what
        if isinstance(what, BinaryFrame | LandmarkFrame):
            try:
                self._look(eyes, what, item.at)
            except IsharaError as error:
                self._bad += 1
                self._metrics.frames.labels(self._input, "bad").inc()
                self.wrong("frame", str(error), fatal=self._bad >= self._limits.bad_messages)
            return
        try:
            self._obey(eyes, what, item.at)
        except IsharaError as error:
            self.wrong("teach", str(error))

    def _look(self, eyes: Eyes, frame: Frame, arrived: float) -> None:
        last = eyes.signs.last
        if last is not None and frame.time <= last:
            raise IsharaError(f"The frame's time is {frame.time:g} s, and the one before had {last:g} s.")
        found = eyes.look(frame)
        self._bad = 0
        self._tell_signs(found, arrived)
        seconds = time.perf_counter() - arrived
        self._metrics.frames.labels(self._input, "seen").inc()
        self._metrics.frame_seconds.labels(self._input).observe(seconds)
        self._tell(
            Seen(
                seq=frame.seq,
                time=frame.time,
                points=eyes.points,
                provisional=_guesses(eyes.signs.provisional, TOP),
                milliseconds=round(seconds * 1000, 2),
                dropped=self.dropped,
            )
        )
        if isinstance(eyes, LandmarkEyes) and (eyes.signs.take_seconds or 0) > self._limits.take_seconds:
            self._stop_take(eyes)

    def _obey(self, eyes: Eyes, what: Control, arrived: float) -> None:
        if isinstance(what, Options):
            eyes.signs.left_handed = what.left_handed
        elif isinstance(what, Pause):
            self._tell_signs(eyes.signs.rest(), arrived)
        elif not (self._teachable and isinstance(eyes, LandmarkEyes)):
            raise IsharaError("No sign can be taught to this recogniser here.")
        elif isinstance(what, Take):
            self._take(eyes, what, arrived)
        else:
            taught = self._takes.teach(self._recognizer, what.gloss, what.consent)
            self._metrics.taught.inc()
            _log.info("Session %d: taught a sign from %d takes.", self.number, len(taught.clips))
            self._tell(TaughtTold(gloss=taught.gloss, takes=len(taught.clips), glosses=len(self._recognizer.glosses)))

    def _take(self, eyes: LandmarkEyes, what: Take, arrived: float) -> None:
        if what.action == "start":
            self._tell_signs(eyes.signs.start_take(), arrived)
            self._tell(TakeTold(takes=len(self._takes), recording=True))
        elif what.action == "stop" and eyes.signs.take_seconds is not None:
            self._stop_take(eyes)
        else:
            if what.action == "forget":
                eyes.signs.stop_take()
                self._takes.forget()
            self._tell(TakeTold(takes=len(self._takes), recording=False))

    def _stop_take(self, eyes: LandmarkEyes) -> None:
        seconds = eyes.signs.take_seconds or 0
        try:
            self._takes.add(eyes.signs)
        except IsharaError as error:
            self.wrong("teach", str(error))
        self._tell(TakeTold(takes=len(self._takes), recording=False, seconds=round(seconds, 2)))

    def _tell_signs(self, found: list[Segment], arrived: float) -> None:
        for segment in found:
            self._signs += 1
            self._metrics.signs.inc()
            prediction = segment.prediction
            self._tell(
                Committed(
                    id=self._signs,
                    gloss=segment.gloss,
                    probability=segment.probability,
                    known=prediction.known,
                    start=segment.start,
                    end=segment.end,
                    candidates=_guesses(prediction, _SHOWN) or [],
                    attention=weights(prediction),
                    milliseconds=round((time.perf_counter() - arrived) * 1000, 2),
                )
            )


def weights(prediction: Prediction) -> list[Weight]:
    """A prediction's attention, for a strip."""
    pairs = zip(prediction.times.tolist(), prediction.attention.tolist(), strict=True)
    return [Weight(time=round(when, 3), weight=round(weight, 5)) for when, weight in pairs]


def _guesses(prediction: Prediction | None, count: int) -> list[Guess] | None:
    if prediction is None:
        return None
    return [Guess(gloss=c.gloss, probability=round(c.probability, 4)) for c in prediction.ranked[:count]]
