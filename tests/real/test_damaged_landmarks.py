"""Real landmark files, damaged in many ways: each gives a clip or one error, soon."""

import time
from pathlib import Path

import numpy as np
import pytest

from ishara.errors import IsharaError
from ishara.pose.files import read_pose

pytestmark = pytest.mark.real

_MUTANTS_OF_A_FILE = 40
_LONGEST = 20.0  # seconds; a whole file takes milliseconds, and other tests may run beside


def mutant(data: bytes, rng: np.random.Generator) -> bytes:
    """Changed bytes (half of the time in the header), a part left out, twice there, zeroed, or a cut."""
    changed = bytearray(data)
    reach = len(data) if rng.random() < 0.5 else min(len(data), 2000)
    at = int(rng.integers(reach))
    length = int(rng.integers(1, 400))
    match rng.integers(5):
        case 0:
            for place in rng.integers(reach, size=rng.integers(1, 9)):
                changed[place] = int(rng.integers(256))
        case 1:
            del changed[at : at + length]
        case 2:
            changed[at:at] = changed[at : at + length]
        case 3:
            changed[at : at + length] = bytes(len(changed[at : at + length]))
        case _:
            del changed[at:]
    return bytes(changed)


@pytest.mark.parametrize(
    ("files", "clip"),
    [
        ("fingerspelling/original/*.pose", ""),
        ("fingerspelling/ase/*.pose", ""),
        ("fingerspelling/gsg/*.pose", ""),
        ("fingerspelling/swl/*.pose", ""),
        ("bdslw60-sample/U4W1F.npz", ""),
        ("wlasl50-landmarks.npz", "#7"),
    ],
)
def test_a_damaged_file_is_a_clip_or_one_error(data: Path, tmp_path: Path, files: str, clip: str) -> None:
    file = min(data.glob(files))
    whole, path = file.read_bytes(), tmp_path / f"damaged{file.suffix}"
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(_MUTANTS_OF_A_FILE):
        path.write_bytes(mutant(whole, rng))
        began = time.monotonic()
        try:
            pose = read_pose(f"{path}{clip}")
        except IsharaError as error:
            refused += 1
            assert str(error).startswith(str(path))  # noqa: PT017 - a clip is as good an outcome
        else:
            assert np.isfinite(pose.coordinates).all()
        assert time.monotonic() - began < _LONGEST
    assert refused
