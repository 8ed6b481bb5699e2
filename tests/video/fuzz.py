"""Read damaged copies of videos, in a process of its own, so that a crash or a hang shows.

    python tests/video/fuzz.py BACKEND SEED COUNT FOLDER VIDEO...

Prints how many ended in frames and how many in an `IsharaError` that names the file. Anything else ends the program
with code 1; the copy at fault is left in the folder.
"""

import json
import random
import sys
from collections import Counter
from pathlib import Path

from ishara.errors import IsharaError
from ishara.video import read_video

# Headers are at the beginning, indices often at the end.
_HEADER = 400
_SMALLEST = 8
_NUMBERS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0")


def mutant(data: bytes, rng: random.Random) -> bytes:
    """A damaged copy: bits turned, numbers overwritten, bytes left out or put in, the end cut off."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 3, 10, 40))):
        if len(out) < _SMALLEST:
            break
        near = rng.randrange(min(len(out), _HEADER))
        at = rng.choice((rng.randrange(len(out)), near, len(out) - 1 - near))
        kind = rng.randrange(21)
        if kind < 5:
            out[at] ^= 1 << rng.randrange(8)
        elif kind < 10:
            out[at : at + 4] = rng.choice(_NUMBERS)
        elif kind < 15:
            del out[at : at + rng.randrange(1, 50)]
        elif kind < 20:
            out[at:at] = rng.randbytes(rng.randrange(1, 30))
        else:
            del out[at + 1 :]
    return bytes(out)


def main(backend: str, seed: str, count: str, folder: str, *videos: str) -> None:
    rng = random.Random(seed)
    ends = Counter(frames=0, errors=0)
    path = Path(folder) / "mutant"
    for number in range(int(count)):
        path.write_bytes(mutant(Path(videos[number % len(videos)]).read_bytes(), rng))
        try:
            frames = read_video(path, rng.choice(("all", 8)), short_side=rng.choice((None, 32)), backend=backend)
            assert len(frames.rgb) == len(frames.times) > 0
            ends["frames"] += 1
        except IsharaError as error:
            if str(path) not in str(error):
                raise
            ends["errors"] += 1
    sys.stdout.write(json.dumps(ends))


if __name__ == "__main__":
    main(*sys.argv[1:])
