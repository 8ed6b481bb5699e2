"""What holds for every test: few threads, no network, no pop-ups, and the same examples on every machine."""

import os

# Before NumPy, torch or matplotlib are imported: they read these once.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"
# Rich and Typer lay text out for the terminal: messages are compared unbroken and without colours.
os.environ["COLUMNS"] = "200"
os.environ["NO_COLOR"] = "1"
os.environ.pop("FORCE_COLOR", None)

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ishara.recipe import Recipe

# A shell makes what it starts in the background deaf to Ctrl-C, and the programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure, so no deadline; a found counter-example must be found again by whoever looks.
settings.register_profile(
    "ishara", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ishara")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic corpus: 3 signs, 4 signers (2 to train on), 3 takes."""
    from ishara.clips.corpora.synthetic import generate

    folder = tmp_path_factory.mktemp("synthetic")
    generate(folder, glosses=3, signers=4, takes=3)
    return folder


@pytest.fixture(scope="session")
def tiny_recipe(corpus: Path) -> Recipe:
    """A recipe that trains on `corpus` in seconds, with everything switched on that a resumed run must restore."""
    return Recipe.from_dict(
        {
            "name": "tiny",
            "data": {"corpus": "synthetic", "root": str(corpus)},
            "split": {"by": "official"},
            "pose": {"skeleton": "upper-body-hands", "max_frames": 24},
            "augment": "default",
            "model": {"name": "spoter", "options": {"d_model": 24, "heads": 2, "layers": 2, "feedforward": 32}},
            "train": {"max_epochs": 3, "batch_size": 8, "ema": 0.9, "keep": "last"},
        }
    )


@pytest.fixture(scope="session")
def tiny_run(tiny_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run folder of `tiny_recipe`."""
    from ishara.training import fit, split_clips

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    fit(tiny_recipe, split_clips(tiny_recipe), folder)
    return folder


@pytest.fixture
def ishara(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The command line in this process: from words to exit code, standard output and standard error."""
    from ishara.cli import main

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ishara", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0 if code is None else 1), out, err

    return run


@pytest.fixture
def warned() -> Iterator[list[str]]:
    """The messages of all warnings that Ishara logs during a test; pytest's own capture is off (see pyproject.toml)."""
    messages: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    handler, logger = Keep(logging.WARNING), logging.getLogger("ishara")
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)
