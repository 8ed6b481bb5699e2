"""The project itself: import rules, light imports, pins, version."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ishara

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.11", "3.12")


def _lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    paths = {"PYTHONPATH": str(root / "src"), "PATH": ""}
    command = [sys.executable, "-c", code, "--no-cache"]
    return subprocess.run(command, cwd=root, env=paths, capture_output=True, text=True, check=False)


def test_the_import_contracts_hold() -> None:
    result = _lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("recipe", "import ishara.pose", "Imports go downwards only"),
        ("misc", "", "Imports go downwards only"),
        ("pose", "import ishara.clips", "Landmarks know nothing of labelled clips"),
        ("recognizer", "import torch.nn", "NumPy up to the tensor"),
        ("models", "import torchvision", "No torchvision"),
    ],
)
def test_the_import_contracts_catch_what_they_forbid(tmp_path: Path, module: str, line: str, broken: str) -> None:
    package = tmp_path / "src" / "ishara"
    for name in ("", "pose", "clips", "models", "recognizer", "training", "video"):
        (package / name).mkdir(parents=True, exist_ok=True)
        (package / name / "__init__.py").write_text("")
    (package / "models" / "spoter.py").write_text("import torch")
    for name in ("gallery", "graph", "recognizer", "runtime", "teach"):
        (package / "recognizer" / f"{name}.py").write_text("")
    (package / "recipe.py").write_text("")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    kept = _lint_imports(tmp_path)
    assert kept.returncode == 0, kept.stdout + kept.stderr

    file = package / module / "__init__.py" if (package / module).is_dir() else package / f"{module}.py"
    file.write_text(line)
    result = _lint_imports(tmp_path)
    assert result.returncode != 0
    assert re.search(rf"{broken}.* BROKEN", result.stdout), result.stdout + result.stderr


def test_every_folder_of_the_package_is_a_package() -> None:
    """Or else import-linter and mypy would pass it over."""
    package = ROOT / "src" / "ishara"
    folders = {file.parent for file in package.rglob("*.py")}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").is_file()]


def test_importing_ishara_loads_nothing_heavy() -> None:
    code = "import sys, ishara; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "ishara" in loaded
    assert not {"torch", "lightning", "onnxruntime", "polars", "numpy", "pydantic", "sklearn"} & set(loaded)


def _pins(python: str) -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    return {canonicalize_name(pin.name): pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)}


def _requirements() -> list[Requirement]:
    project = PYPROJECT["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    requirements = [Requirement(line) for line in project["dependencies"] + extras]
    return [requirement for requirement in requirements if requirement.name != "ishara"]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_pinned_to_a_version_that_it_allows(python: str) -> None:
    pins = _pins(python)
    for requirement in _requirements():
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is not None, f"constraints.txt does not pin {requirement.name} on Python {python}"
        (exact,) = pin.specifier
        assert exact.version in requirement.specifier, f"{pin} is not within {requirement}"


@pytest.mark.parametrize("python", PYTHONS)
def test_pins_are_exact_and_fit_any_build_of_torch(python: str) -> None:
    for pin in _pins(python).values():
        assert re.fullmatch(r"==[0-9][0-9A-Za-z.]*", str(pin.specifier)), f"{pin} is not one exact public version"


def test_torchvision_is_not_among_the_pins() -> None:
    """Beside CPU torch it breaks the import of Lightning and transformers."""
    assert not [python for python in PYTHONS if "torchvision" in _pins(python)]


def test_the_extra_all_is_every_extra_but_those_for_developers() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"]
    (everything,) = (Requirement(line) for line in extras["all"])
    assert everything.extras == set(extras) - {"all", "docs", "dev"}


def test_the_changelog_tells_of_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d[^\]]*)\]", changelog, flags=re.MULTILINE)
    assert versions
    assert versions[0] == ishara.__version__
