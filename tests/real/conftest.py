"""Where the real data are; tests that need them skip with this reason where they are not."""

import os
from pathlib import Path

import pytest

_DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    place = Path(os.environ.get("ISHARA_DATA", _DEFAULT))
    if not (place / "README.md").is_file():
        pytest.skip(f"the real data are neither at $ISHARA_DATA nor at {_DEFAULT}")
    return place
