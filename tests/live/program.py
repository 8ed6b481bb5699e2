"""`ishara live` as a program of its own: started, asked and ended as from a terminal."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def live_program(command: Sequence[object], folder: Path) -> Iterator[str]:
    """Run `ishara live` on any free port, in a folder; the address that it tells, without a slash at the end."""
    words = [*map(str, command), "--port", "0"]
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "ISHARA_TOKEN")}
    complaints = folder / "live-errors.txt"
    with complaints.open("w") as errors, subprocess.Popen(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
    ) as program:  # fmt: skip
        try:
            assert program.stdout is not None
            greeting = program.stdout.readline()
            found = re.search(r"https?://\S+:\d+", greeting)
            assert found is not None, greeting + complaints.read_text()
            yield found[0]
            program.send_signal(signal.SIGINT)
            assert (program.wait(30), program.stdout.read()) == (0, "Stopped.\n"), complaints.read_text()
        finally:
            program.kill()
