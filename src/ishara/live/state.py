"""`Live`: what all of one server's sessions and uploads share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from ishara.errors import IsharaError
from ishara.live.estimators import Estimators
from ishara.live.eyes import CameraEyes, Eyes, LandmarkEyes, PixelEyes, shown_places
from ishara.live.limits import Limits
from ishara.live.metrics import Metrics
from ishara.live.outbox import Outbox
from ishara.live.schema import Hello, Welcome
from ishara.live.security import Access
from ishara.live.session import Session
from ishara.live.signs import LandmarkSigns
from ishara.pose.skeleton import Skeleton, get_skeleton, is_landmark, skeleton_of
from ishara.recognizer import Recognizer


@dataclass(eq=False)
class Live:
    """A recogniser that is served, and the sessions that are open.

    Parameters
    ----------
    recognizer
        What is served.
    teachable
        Whether signs may be taught to it over the page.
    estimators
        Of a recogniser of landmarks; ``None`` of one of pixels.
    camera_problem
        Why no picture can be looked at, such as that MediaPipe is not installed.
    """

    recognizer: Recognizer
    access: Access
    limits: Limits
    teachable: bool
    estimators: Estimators | None
    camera_problem: str | None = None
    metrics: Metrics = field(default_factory=Metrics)
    sessions: dict[int, Session] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def open(self, hello: Hello, outbox: Outbox) -> tuple[Session, Welcome]:
        """A new session, not yet started, and what its client is told.

        Raises
        ------
        IsharaError
            If the recogniser cannot look at what will come.
        """
        eyes, skeleton, places = self._eyes(hello)
        number = next(self._numbers)
        session = Session(
            number,
            self.recognizer,
            eyes,
            outbox.tell,
            limits=self.limits,
            metrics=self.metrics,
            input=hello.input,
            teachable=self.teachable,
        )
        names = [skeleton.landmarks[place] for place in places] if skeleton else []
        at = {name: place for place, name in enumerate(names)}
        edges = [(at[a], at[b]) for a, b in skeleton.edges if a in at and b in at] if skeleton else []
        self.sessions[number] = session
        self.metrics.sessions.inc()
        return session, Welcome(session=number, landmarks=names, edges=edges)

    def close(self, session: Session) -> None:
        """A session's client has gone."""
        if self.sessions.pop(session.number, None) is not None:
            session.close()
            self.metrics.sessions.dec()

    @property
    def full(self) -> bool:
        """Whether no further session may be opened."""
        return len(self.sessions) >= self.limits.sessions

    def shut_down(self) -> None:
        """End all sessions; their threads have a second each to finish a frame."""
        sessions = list(self.sessions.values())
        for session in sessions:
            self.close(session)
        for session in sessions:
            session.join(1)
        if self.estimators is not None:
            self.estimators.close()

    def _eyes(self, hello: Hello) -> tuple[Callable[[], Eyes], Skeleton | None, list[int]]:
        """What looks at a session's frames, and which landmarks the page may draw."""
        recognizer, pixels = self.recognizer, self.limits.picture_pixels
        if hello.input == "jpeg":
            if self.camera_problem is not None:
                raise IsharaError(self.camera_problem)
            if self.estimators is None:
                return lambda: PixelEyes(recognizer, pixels, left_handed=hello.left_handed), None, []
            estimators = self.estimators
            return (
                lambda: CameraEyes(recognizer, estimators, hello.fps, pixels, left_handed=hello.left_handed),
                estimators.skeleton,
                shown_places(estimators.skeleton),
            )
        if recognizer.config.input == "pixels":
            raise IsharaError("This recogniser looks at pictures, not at landmarks.")
        skeleton = _skeleton(hello)

        def eyes() -> Eyes:
            signs = LandmarkSigns(recognizer, skeleton, hello.fps, left_handed=hello.left_handed)
            return LandmarkEyes(signs, hello.dimensions)

        return eyes, skeleton, list(range(len(skeleton)))


def _skeleton(hello: Hello) -> Skeleton:
    """What the landmarks of a client are; `IsharaError` if nobody knows them."""
    if hello.landmarks is None:
        return get_skeleton(hello.skeleton)
    for name in hello.landmarks:
        if not is_landmark(name):
            raise IsharaError(f"There is no landmark {name!r}; docs/live.md says how they are called.")
    return skeleton_of(hello.landmarks, otherwise="client")
