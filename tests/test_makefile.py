"""The Makefile sets .venv up by itself, and anew when the pins change; a stand-in for Python notes what it is asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PINS = ("pyproject.toml", "constraints.txt")
# Makes a .venv whose python is itself, and notes each `pip install`; it fails where $PIP_FAILS is set. As mkdocs it
# writes a page, and then fails where $MKDOCS_FAILS is set.
PYTHON = """#!/bin/sh
case "$1 $2" in
  "-m venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python
             printf '#!/bin/sh\\necho a demo' >.venv/bin/ishara
             chmod +x .venv/bin/ishara; echo venv >>calls ;;
  "-m pip") echo "$*" >>calls; echo "ERROR: no such package"; test -z "$PIP_FAILS" ;;
  "-m mkdocs") while test "$1" != --site-dir; do shift; done
               mkdir "$2"; echo "$SITE" >"$2/index.html"; test -z "$MKDOCS_FAILS" ;;
  "--version ") echo "Python 3.11.0" ;;
  "-c "*find_root*) shift 2; echo "$@" ;;
  "-c "*outlook*) shift 2; echo "recipe $1 of $(($# - 1))" ;;
  benchmarks/*) echo "$*" >>asked; case "$*" in *breaks*) exit 1 ;; esac ;;
esac
"""


class Project:
    """A folder with our Makefile, in which `make` runs against the stand-in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("Makefile", *PINS):
            shutil.copy2(ROOT / name, root / name)
        self.python = root / "fake-python"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if name not in outer}
        command = ["make", f"PYTHON={self.python}", *arguments]
        return subprocess.run(
            command, cwd=self.root, env={**kept, **environment}, capture_output=True, text=True, check=False
        )

    def calls(self) -> list[str]:
        """What the stand-in was asked since the last look."""
        file = self.root / "calls"
        calls = file.read_text().splitlines() if file.is_file() else []
        file.unlink(missing_ok=True)
        return ["venv" if call == "venv" else call.rpartition(" ")[2] for call in calls]

    def touch(self, name: str) -> None:
        """As an edit would, make a file newer than all that was installed."""
        newest = max(file.stat().st_mtime for file in self.root.rglob("*"))
        os.utime(self.root / name, (newest + 1, newest + 1))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    root = tmp_path / "project"
    root.mkdir()
    return Project(root)


def test_the_first_demo_makes_the_environment_and_the_next_uses_it(project: Project) -> None:
    first = project.make("demo")
    assert first.returncode == 0, first.stderr
    assert first.stdout.endswith("a demo\n")
    assert project.calls() == ["venv", ".[train,report]"]
    again = project.make("demo")
    assert again.stdout == "a demo\n"
    assert project.calls() == []


@pytest.mark.parametrize("pin", PINS)
def test_changed_pins_are_installed_into_the_same_environment(project: Project, pin: str) -> None:
    project.make("demo")
    project.calls()
    project.touch(pin)
    project.make("demo")
    assert project.calls() == [".[train,report]"]


def test_a_full_environment_serves_the_demo_but_not_the_other_way_round(project: Project) -> None:
    project.make("demo")
    assert project.calls() == ["venv", ".[train,report]"]
    project.make(".venv/.installed-full")
    assert project.calls() == [".[all,dev]"]
    project.make("demo")
    assert project.calls() == []


def test_the_site_is_built_with_what_it_needs_and_a_failed_build_leaves_the_old_one(project: Project) -> None:
    page = project.root / "site" / "index.html"
    assert project.make("docs", SITE="first").returncode == 0
    assert project.calls() == ["venv", ".[docs]"]
    assert page.read_text() == "first\n"
    assert project.make("docs", SITE="broken", MKDOCS_FAILS="yes").returncode != 0
    assert page.read_text() == "first\n"
    assert project.make("docs", SITE="second").returncode == 0
    assert page.read_text() == "second\n"


def test_a_failed_installation_says_why_and_is_tried_again(project: Project) -> None:
    failed = project.make("demo", PIP_FAILS="yes")
    assert failed.returncode != 0
    assert "ERROR: no such package" in failed.stderr
    assert "a demo" not in failed.stdout
    project.calls()
    assert project.make("demo").returncode == 0
    assert project.calls() == [".[train,report]"]


def test_an_environment_without_its_python_is_made_anew(project: Project) -> None:
    project.make("demo")
    project.calls()
    (project.root / ".venv" / "bin" / "python").unlink()
    project.make("demo")
    assert project.calls() == ["venv", ".[train,report]"]


def test_a_copied_environment_is_made_anew(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its scripts would run in the folder that they were copied from."""
    project.make("demo")
    copy = Project(tmp_path_factory.mktemp("copy"))
    shutil.copytree(project.root / ".venv", copy.root / ".venv")
    copy.make("demo")
    assert copy.calls() == ["venv", ".[train,report]"]


def test_an_unusable_python_gives_one_clear_message(project: Project) -> None:
    project.python.write_text("#!/bin/sh\nexit 1\n")
    result = project.make("demo")
    assert result.returncode != 0
    assert "Ishara needs Python 3.11 or 3.12" in result.stderr
    assert "make PYTHON=" in result.stderr
    assert not (project.root / ".venv").exists()


def test_the_real_data_are_found_beside_the_project(project: Project) -> None:
    with (project.root / "Makefile").open("a") as makefile:
        makefile.write('\nshow:\n\t@echo "data=$$ISHARA_DATA"\n')
    data = project.root.parent / "shared" / "data"
    assert project.make("show", ISHARA_DATA="").stdout == "data=\n"
    data.mkdir(parents=True)
    assert project.make("show", ISHARA_DATA="").stdout == f"data={data}\n"
    assert project.make("show", ISHARA_DATA="/elsewhere").stdout == "data=/elsewhere\n"


# Notes what it is asked, and fails as the recipe's name says.
ISHARA = """#!/bin/sh
echo "$*" >>asked
case "$*" in *broken*) exit 1 ;; *stopped*) exit 130 ;; esac
"""


# What follows the recipes: pairs are compared, and the table and the page made anew.
PAGES = [
    "benchmarks/measure_comparisons.py",
    "benchmarks/measure_looks.py",
    "results --into README.md",
    "benchmarks/targets_page.py",
]


def measure(project: Project, *recipes: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """`make results` of recipes of such names, and what `ishara` was asked."""
    project.make(".venv/.installed-full")
    (project.root / ".venv" / "bin" / "ishara").write_text(ISHARA)
    (project.root / "recipes").mkdir()
    for name in ("demo", *recipes):
        (project.root / "recipes" / f"{name}.yaml").touch()
    done = project.make("results", **environment)
    return done, (project.root / "asked").read_text().splitlines()


def test_all_recipes_but_the_demo_are_measured_and_each_says_where_the_queue_stands(project: Project) -> None:
    done, asked = measure(project, "b", "a", "wlasl10-of-a-gpu", JOBS="2")
    assert done.returncode == 0, done.stderr
    assert asked == [
        *(f"crossval recipes/{name}.yaml --jobs 2 --results results/" for name in "ab"),
        *PAGES,
    ]
    assert "== recipes/a.yaml: recipe 1 of 2\n== recipes/b.yaml: recipe 2 of 2\n" in done.stdout


def test_the_notebook_is_measured_on_the_folds_of_each_spoter(project: Project) -> None:
    done, asked = measure(project, "a-spoter", "a-bdsl-spoter", "breaks-spoter")
    assert asked == [
        "crossval recipes/a-bdsl-spoter.yaml --jobs 1 --results results/",
        "crossval recipes/a-spoter.yaml --jobs 1 --results results/",
        "benchmarks/notebook_baseline.py recipes/a-spoter.yaml --results results/",
        "crossval recipes/breaks-spoter.yaml --jobs 1 --results results/",
        "benchmarks/notebook_baseline.py recipes/breaks-spoter.yaml --results results/",
        *PAGES,
    ]
    assert done.returncode != 0
    assert "Not measured: recipes/breaks-spoter.yaml (notebook)." in done.stderr


def test_the_drawn_corpus_is_made_where_a_recipe_needs_it(project: Project) -> None:
    done, asked = measure(project, "a", "demo-drawn")
    assert done.returncode == 0, done.stderr
    assert asked == [
        "corpora get synthetic-video --out runs/synthetic-video",
        "crossval recipes/a.yaml --jobs 1 --results results/",
        "crossval recipes/demo-drawn.yaml --jobs 1 --results results/",
        *PAGES,
    ]


def test_a_recipe_that_fails_does_not_keep_the_others_back(project: Project) -> None:
    done, asked = measure(project, "a", "broken", "z")
    recipes = [line.split()[1] for line in asked if line.startswith("crossval")]
    assert recipes == ["recipes/a.yaml", "recipes/broken.yaml", "recipes/z.yaml"]
    assert asked[3:] == PAGES
    assert done.returncode != 0
    assert "Not measured: recipes/broken.yaml." in done.stderr


def test_ctrl_c_ends_the_queue(project: Project) -> None:
    done, asked = measure(project, "a", "stopped", "z")
    assert done.returncode != 0
    assert len(asked) == 2
