"""What is installed: the extras, and whether versions are those that were tested together."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement

import ishara
from ishara.doctor.finding import Finding

_PACKAGE = "ishara"
_USES = {
    "report": "reports, pages of `ishara inspect`, and calibration figures",
    "train": "training and export",
    "mediapipe": "landmarks from video: `ishara extract`, and `ishara predict` on a video",
    "openvino": "recognisers exported as openvino",
    "cluster": "extraction and cross-validation on many cores or machines",
    "live": "the web page of `ishara live`",
    "track": "TensorBoard and Weights & Biases during training",
    "download": "`ishara corpora get`",
}
_MOST_LISTED = 5
_HOME = Path(ishara.__file__).resolve().parent
# Beside the package where it was installed from a wheel, or at the root of the repository.
_PINS = (_HOME / "constraints.txt", _HOME.parents[1] / "constraints.txt")


def extras() -> list[Finding]:
    """One finding per extra that Ishara has for those who use it."""
    known = [name for name in metadata(_PACKAGE).get_all("Provides-Extra") or () if name in _USES]
    requirements = [Requirement(line) for line in requires(_PACKAGE) or ()]
    return [_extra(name, requirements) for name in sorted(known, key=list(_USES).index)]


def _extra(name: str, requirements: list[Requirement]) -> Finding:
    own = [r for r in requirements if r.marker and r.marker.evaluate({"extra": name}) and not _always(r.marker)]
    lacking = [str(r.name) for r in own if _version(r.name) is None]
    old = [f"{r.name} {_version(r.name)} (needs {r.specifier})" for r in own if not _fits(r)]
    command = f"pip install '{_PACKAGE}[{name}]'"
    title = f"extra {name}"
    if not lacking and not old:
        return Finding(title, "works", "installed", _USES[name])
    if lacking and len(lacking) < len(own):
        return Finding(title, "missing", f"not installed: {', '.join(lacking + old)}", _USES[name], mend=command)
    if lacking:
        return Finding(title, "missing", "not installed", _USES[name], mend=command)
    return Finding(title, "note", f"other versions than it asks for: {', '.join(old)}", _USES[name], mend=command)


def _always(marker: Marker) -> bool:
    """Whether a requirement holds without any extra."""
    return marker.evaluate({"extra": ""})


def _fits(requirement: Requirement) -> bool:
    """Whether the version that is installed, if any, is one that is asked for."""
    found = _version(requirement.name)
    return found is None or requirement.specifier.contains(found, prereleases=True)


def pins() -> Finding:
    """Whether the versions installed are those that were tested together."""
    use = "the one set of versions that Ishara is tested with"
    file = next((place for place in _PINS if place.is_file()), None)
    if file is None:
        return Finding("pinned versions", "note", "not checked: this install has no constraints.txt", use)
    return compare_pins(file.read_text(encoding="utf-8").splitlines(), file, use)


def compare_pins(lines: Iterable[str], file: Path, use: str) -> Finding:
    """Compare the lines of a constraints file with what is installed; packages that are not installed do not matter."""
    differing, same = [], 0
    for line in lines:
        text = line.partition("#")[0].strip()
        if not text:
            continue
        pin = Requirement(text)
        found = _version(pin.name)
        if found is None or (pin.marker and not pin.marker.evaluate()):
            continue
        if pin.specifier.contains(found.partition("+")[0], prereleases=True):
            same += 1
        else:
            differing.append(f"{pin.name} {found} (pinned {str(pin.specifier).removeprefix('==')})")
    if not differing:
        return Finding("pinned versions", "works", f"{same} packages are as pinned", use)
    listed = ", ".join(differing[:_MOST_LISTED]) + (", …" if len(differing) > _MOST_LISTED else "")
    return Finding(
        "pinned versions", "note", f"{len(differing)} of {same + len(differing)} differ: {listed}", use,
        mend=f"pip install -c {file} '{_PACKAGE}[all]'",
    )  # fmt: skip


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
