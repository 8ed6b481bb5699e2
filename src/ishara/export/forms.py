"""A trained recogniser as another recogniser, whose graph has another form."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from ishara.clips.clip import Clip
from ishara.errors import IsharaError, choices
from ishara.export.accuracy import Evaluation, Progress, count_right, readable
from ishara.export.folder import write_form
from ishara.export.metadata import graph_metadata, stamp
from ishara.export.onnx import export_onnx
from ishara.export.parity import check_outputs, compare, probes
from ishara.forms import FORMS, Form
from ishara.models.contract import SignModel
from ishara.models.trained import trained_model
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import GRAPH, PROGRAM, Accuracy, Config
from ishara.recognizer.inputs import pad
from ishara.recognizer.runtime import OnnxRuntime

# Points of top-1 that a reduced form may lose.
MOST_LOST = 1.0
REDUCED: tuple[Form, ...] = ("onnx-int8", "onnx-fp16")
# So many of the clips that are given are compared beside noise.
_REAL_CLIPS = 16


@dataclass(frozen=True, eq=False)
class _Candidate:
    """One way to reduce a graph, the file that came of it, and the recogniser that it makes."""

    method: str
    graph: Path
    recognizer: Recognizer

    @property
    def size(self) -> int:
        return self.graph.stat().st_size


def export_form(
    source: str | Path,
    form: Form,
    out: Path | None = None,
    *,
    evaluation: Evaluation | None = None,
    calibration: Sequence[Clip] = (),
    force: bool = False,
    progress: Progress = iter,
) -> Recognizer:
    """Write a trained recogniser in another form: a folder of its own, whole or not at all.

    Parameters
    ----------
    source
        The run or recogniser folder that training wrote, with its weights.
    form
        ``onnx``, ``onnx-int8``, ``onnx-fp16``, ``openvino`` or ``exported-program``.
    out
        The folder; by default ``recognizer-FORM`` beside the source. It must not be there yet, or be empty.
    evaluation
        Clips on which a reduced form is measured, needed unless it is forced; the first are compared for any form.
    calibration
        Clips that give 8-bit activations their ranges; without them only ranges that are found as clips come are tried.
    force
        Write a reduced form that loses more than 1 point of top-1, or could not be measured.
    progress
        Wraps the clips to show progress.

    Raises
    ------
    IsharaError
        If the source is no trained recogniser, an output of the new form is not that of the old (it is named), a
        reduced form loses too much, or the folder cannot be written.
    """
    if form not in FORMS:
        raise IsharaError(f"--to {form}: there is no such form. {choices(form, FORMS)}")
    recognizer = Recognizer.load(source)
    folder = _free(out or recognizer.folder.with_name(f"recognizer-{form}"))
    if form in REDUCED and not force:
        _refuse_unmeasured(form, recognizer, evaluation)
    model = trained_model(recognizer.folder)
    batches = _Batches(model, recognizer, evaluation.clips[:_REAL_CLIPS] if evaluation else [])
    with tempfile.TemporaryDirectory(prefix="ishara-export-") as place:
        graph = Path(place) / GRAPH
        export_onnx(model, graph)
        plain = _opened(recognizer, graph)
        batches.compare(recognizer, plain, "The new ONNX graph")
        if form not in REDUCED:
            config = _config(recognizer.config, form)
            proof = partial(batches.compare, plain, what=f"The {form} graph")
        else:
            candidates = list(_reduce(recognizer, form, graph, calibration))
            batches.check_all(plain, candidates, form)
            chosen, accuracy = _choose(plain, candidates, evaluation, progress, unmeasured=force)
            _refuse_loss(form, chosen, None if force else accuracy)
            graph = chosen.graph
            config = _config(recognizer.config, form, reduction=chosen.method, accuracy=accuracy)
            proof = partial(batches.check, plain, what=f"The {form} graph")

        def put(to: Path) -> None:
            _put(graph, to, config)
            if form == "exported-program":
                batches.write_program(model, to / PROGRAM, config)

        return write_form(folder, recognizer, config, graph=put, proof=proof)


def _opened(recognizer: Recognizer, graph: Path) -> Recognizer:
    """The same recogniser with another ONNX graph."""
    config = recognizer.config
    return Recognizer(graph.parent, config, recognizer.temperature, OnnxRuntime(graph, config, None, "cpu"))


class _Batches:
    """What two forms are compared on: noise of several lengths, with and without padding, and real clips."""

    def __init__(self, model: SignModel, recognizer: Recognizer, clips: Sequence[Clip]) -> None:
        self._batches = [*probes(model), *(pad([clip]) for clip in readable(recognizer, clips))]

    def write_program(self, model: SignModel, path: Path, config: Config) -> None:
        # Here and not above: tracing imports much.
        from ishara.export.program import export_program

        export_program(model, path, self._batches, graph_metadata(config))

    def compare(self, expected: Recognizer, found: Recognizer, what: str) -> None:
        source = f"the one in {expected.folder}"
        compare(expected.runtime.run, found.runtime.run, self._batches, what=what, source=source)

    def check(self, expected: Recognizer, found: Recognizer, what: str) -> None:
        check_outputs(expected.runtime.run, found.runtime.run, self._batches, what=what)

    def check_all(self, expected: Recognizer, candidates: Sequence[_Candidate], form: Form) -> None:
        for candidate in candidates:
            self.check(expected, candidate.recognizer, f"The {form} graph ({candidate.method})")


def _free(folder: Path) -> Path:
    """The folder, which is not there yet or is empty."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise IsharaError(f"{folder}: is there already; an export goes into a new or an empty folder (--out).")
    if folder.resolve() == Path.cwd():
        raise IsharaError(f"{folder}: is the current folder, which cannot be replaced; name a folder below it (--out).")
    return folder


def _refuse_unmeasured(form: Form, recognizer: Recognizer, evaluation: Evaluation | None) -> None:
    if evaluation is None:
        raise IsharaError(
            f"{recognizer.folder}: there are no clips to measure {form} on, since no run with a test or a validation "
            "side is around it. Name some with --evaluate MANIFEST, or give --force."
        )


def _refuse_loss(form: Form, chosen: _Candidate, accuracy: Accuracy | None) -> None:
    if accuracy is not None and accuracy.points_lost > MOST_LOST:
        raise IsharaError(
            f"{form} ({chosen.method}) loses {accuracy.points_lost:.1f} points: {accuracy}. At most {MOST_LOST:g} is "
            "accepted; --force writes it all the same."
        )


def _reduce(recognizer: Recognizer, form: Form, graph: Path, calibration: Sequence[Clip]) -> Iterator[_Candidate]:
    """Write the graph in every way that there is for a form."""
    # Here and not above: quantising imports much.
    from ishara.export.half import halve
    from ishara.export.quantise import quantise_dynamic, quantise_static

    def place(method: str) -> Path:
        folder = graph.parent / method
        folder.mkdir()
        return folder / GRAPH

    def candidate(method: str, written: Path) -> _Candidate:
        return _Candidate(method, written, _opened(recognizer, written))

    if form == "onnx-fp16":
        halve(graph, written := place("half"))
        yield candidate("half", written)
        return
    quantise_dynamic(graph, written := place("dynamic"))
    yield candidate("dynamic", written)
    clips = readable(recognizer, calibration)
    first = next(clips, None)
    if first is not None:
        quantise_static(graph, written := place("static"), chain([first], clips))
        yield candidate("static", written)


def _choose(
    plain: Recognizer,
    candidates: Sequence[_Candidate],
    evaluation: Evaluation | None,
    progress: Progress,
    *,
    unmeasured: bool,
) -> tuple[_Candidate, Accuracy | None]:
    """The candidate that gets most clips right, the smallest of them; the first where nothing can be measured.

    Clips that cannot be read are an error, unless it may go unmeasured.
    """
    if evaluation is None:
        return candidates[0], None
    recognizers = [plain, *(candidate.recognizer for candidate in candidates)]
    try:
        clips, (before, *after) = count_right(recognizers, evaluation, progress)
    except IsharaError:
        if not unmeasured:
            raise
        return candidates[0], None
    right, chosen = max(zip(after, candidates, strict=True), key=lambda pair: (pair[0], -pair[1].size))
    return chosen, Accuracy(measured_on=evaluation.name, clips=clips, right_before=before, right_after=right)


def _config(config: Config, form: Form, *, reduction: str | None = None, accuracy: Accuracy | None = None) -> Config:
    versions = config.versions | {name: version(name) for name in ("ishara", "torch", "onnx", "onnxruntime", "numpy")}
    if form == "openvino":
        versions["openvino"] = version("openvino")
    return config.model_copy(
        update={"form": form, "reduction": reduction, "accuracy": accuracy, "versions": versions, "files": {}}
    )


def _put(graph: Path, folder: Path, config: Config) -> None:
    """Write the graph's files into a recogniser folder, with what they are told about the model."""
    target = folder / config.graph[0]
    metadata = graph_metadata(config)
    if config.form == "openvino":
        from ishara.export.openvino_ir import write_openvino

        write_openvino(graph, target, metadata)
        return
    shutil.copyfile(graph, target)
    stamp(target, metadata)
