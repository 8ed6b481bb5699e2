"""Exported programs: PyTorch alone runs them, for clips of any number and length, and gets what the model gives."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ishara.errors import IsharaError
from ishara.export.forms import export_form
from ishara.export.parity import probes, run_torch
from ishara.export.program import export_program, run_program
from ishara.models import create_model, list_models
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import GRAPH, PROGRAM

from .moody import Moody

SMALL = {
    "conv_transformer": {"stages": 1},
    "st_gcn": {"blocks": 1},
    "sign2text": {"size": 32, "stem": 8, "widths": (8, 8), "depths": (1, 1), "features": 8, "hidden": 8},
    "timesformer": {"size": 32, "d_model": 16, "heads": 2, "layers": 2, "feedforward": 32, "frames": 6},
}
# It packs its clips by their lengths, which torch.export would freeze.
NOT_EXPORTED = {"sign2text"}


@pytest.mark.parametrize("name", sorted(set(list_models()) - NOT_EXPORTED))
def test_what_is_read_again_computes_what_the_model_does(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create_model(name, num_classes=5, **SMALL.get(name, {"layers": 2})).eval()
    export_program(model, tmp_path / PROGRAM, probes(model), {})
    assert [path.name for path in tmp_path.iterdir()] == [PROGRAM]
    expected, found = run_torch(model), run_program(tmp_path / PROGRAM)
    # Other lengths and numbers of clips than it was traced and proven with.
    for lengths in ((1,), (2,), (4, 1), (9, 3, 8, 9), (31,), (64, 40)):
        x, mask = model.random_clips(lengths, seed=7)
        batch = {"x": x.numpy(), "mask": mask.numpy()}
        for ours, theirs in zip(expected(batch), found(batch), strict=True):
            np.testing.assert_allclose(theirs, ours, atol=1e-5)


@pytest.mark.parametrize("name", sorted(NOT_EXPORTED))
def test_a_model_that_cannot_be_traced_is_refused_in_one_line(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = create_model(name, num_classes=5, **SMALL[name]).eval()
    with pytest.raises(
        IsharaError, match=r"torch\.export cannot take Sign2Text \(.*\)\. Export it as onnx\."
    ) as refused:
        export_program(model, tmp_path / PROGRAM, probes(model), {})
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_a_difference_is_refused_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    model = Moody().eval()
    with pytest.raises(IsharaError, match="The exported program differs from torch in 'logits'"):
        export_program(model, tmp_path / PROGRAM, probes(model), {})
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_a_recogniser_and_its_program_needs_no_ishara(tiny_run: Path, tmp_path: Path) -> None:
    recognizer = export_form(tiny_run, "exported-program", tmp_path / "form")
    assert set(recognizer.config.files) >= {GRAPH, PROGRAM}
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 11, *recognizer.config.frame)).astype(np.float32)
    mask = np.arange(11) < np.array([11, 6])[:, None]
    np.savez(tmp_path / "given.npz", x=x, mask=mask)
    code = (
        "import sys, json, numpy as np, torch\n"
        "given = np.load(sys.argv[2])\n"
        "facts = {'ishara.labels': ''}\n"
        "program = torch.export.load(sys.argv[1], extra_files=facts).module(check_guards=False)\n"
        "outputs = program(torch.from_numpy(given['x']), torch.from_numpy(given['mask']))\n"
        "assert 'ishara' not in sys.modules\n"
        "print(json.dumps([facts['ishara.labels'], outputs['logits'].tolist()]))"
    )
    command = [sys.executable, "-c", code, recognizer.folder / PROGRAM, tmp_path / "given.npz"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    labels, logits = json.loads(done.stdout)
    assert json.loads(labels) == recognizer.labels
    np.testing.assert_allclose(logits, recognizer.runtime.run({"x": x, "mask": mask})[0], atol=1e-4)


def test_ishara_never_opens_a_program_and_refuses_one_that_was_changed(tiny_run: Path, tmp_path: Path) -> None:
    folder = export_form(tiny_run, "exported-program", tmp_path / "form").folder
    code = "import sys, ishara; ishara.load(sys.argv[1]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == 0
    (folder / PROGRAM).write_bytes((folder / PROGRAM).read_bytes() + b"\0")
    with pytest.raises(IsharaError, match=r"model\.pt2: is damaged or not the file that was exported"):
        Recognizer.load(folder)
