"""What Ishara warns of, for tests to look at (pytest's own log capture is off: see pyproject.toml)."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def warned() -> Iterator[list[str]]:
    """The messages of all warnings that Ishara logs during a test."""
    messages: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    handler, logger = Keep(logging.WARNING), logging.getLogger("ishara")
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)
