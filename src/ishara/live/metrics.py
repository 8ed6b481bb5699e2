"""What the server counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

# Seconds; a frame at 25 per second has 0.04.
_BUCKETS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 5)


class Metrics:
    """Counters of one server; none knows who signed what."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sessions = Gauge("ishara_live_sessions", "Sessions that are open.", registry=self.registry)
        self.refused = Counter(
            "ishara_live_refused", "Requests and sessions that were turned away.", ["reason"], registry=self.registry
        )
        self.frames = Counter(
            "ishara_live_frames",
            "Frames that came: looked at, dropped for a newer one, or bad.",
            ["input", "outcome"],
            registry=self.registry,
        )
        self.frame_seconds = Histogram(
            "ishara_live_frame_seconds",
            "From a frame's arrival to its answer.",
            ["input"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.signs = Counter("ishara_live_signs", "Signs that were recognised.", registry=self.registry)
        self.taught = Counter("ishara_live_taught", "Signs that were taught.", registry=self.registry)
        self.uploads = Counter("ishara_live_uploads", "Clips uploaded.", ["outcome"], registry=self.registry)

    def text(self) -> bytes:
        """All of them as Prometheus reads them."""
        return generate_latest(self.registry)
