"""All pages: links lead somewhere, commands are ones that Ishara has, keys are a recipe's, Python can be imported."""

import ast
import builtins
import importlib
import inspect
import re
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from ishara.cli import app
from ishara.recipe import Recipe
from site_markdown import Block, anchors, blocks, code_spans, links

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
# What a recipe's section is named, and a file too.
FILES = (".py", ".md", ".csv", ".yaml", ".json", ".onnx", ".safetensors", ".npz", ".pose", ".mp4", ".pt2")
# What Python may use without saying where it is from: the reader's own, which the words beside it explain.
YOURS = {"x", "mask"}
# As far as their names are known; the rest depends on the model or the corpus.
OPEN = ("model.options", "data.options")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def shell_lines(page: Path) -> list[str]:
    """Lines of shell and of code without a language; one that goes on in the next is one line."""
    code = [block.text for block in blocks(read(page)) if block.language in ("sh", "bash", "console", "text", "")]
    return [line.strip() for text in code for line in text.replace("\\\n", " ").splitlines()]


@cache
def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def every(pattern: str) -> list[object]:
    """Each shell line that begins so, as a case."""
    found = [(page, line) for page in PAGES for line in shell_lines(page) if re.match(pattern, line)]
    return [pytest.param(line, id=f"{name_of(page)}:{line[:70]}") for page, line in found]


def parse(words: list[str]) -> None:
    """Let the command line read words as a command of it, without running it; it ends the test where it cannot."""
    command, context, rest = typer.main.get_command(app), None, words
    while rest and hasattr(command, "get_command"):
        context = command.make_context(command.name or "ishara", [], parent=context, resilient_parsing=True)
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]!r}"
        command, rest = found, rest[1:]
    command.make_context(words[0], rest, parent=context)


@pytest.mark.parametrize("line", every(r"ishara [a-z]"))
def test_a_command_is_one_that_ishara_has_with_options_that_it_takes(line):
    # "…" stands for more of the same.
    words = [word for word in shlex.split(line, comments=True)[1:] if word not in ("…", "...")]
    parse(words)


@pytest.mark.parametrize("words", [["dance"], ["train", "r.yaml", "--no-such"], ["corpora", "lose", "x"], ["predict"]])
def test_a_command_that_ishara_does_not_have_is_found(words):
    with pytest.raises((AssertionError, Exception), match=r"(?i)no command|no such|missing"):
        parse(words)


@pytest.mark.parametrize("line", every(r"ishara (train|crossval|check)\b.*\.yaml"))
def test_recipes_are_there_and_take_the_changes(line, monkeypatch):
    monkeypatch.chdir(ROOT)
    words = shlex.split(line, comments=True)[2:]
    recipe = next(word for word in words if word.endswith(".yaml"))
    changes = [word for word in words if re.match(r"[a-z_]+(\.[a-z_]+)*=", word)]
    Recipe.read(recipe, changes)


@pytest.mark.parametrize("line", every(r"(\S*/)?python3? \S+\.py"))
def test_a_program_that_is_run_is_there(line):
    program = next(word for word in line.split() if word.endswith(".py"))
    assert (ROOT / program).is_file()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_the_words_name_is_there(page):
    """Commands, targets of make, programs and recipes among the words."""
    spans = code_spans(read(page))
    commands = set(re.findall(r"^ishara ([a-z]+)", "\n".join(spans), flags=re.MULTILINE))
    targets = set(re.findall(r"^make ([a-z]+)\b", "\n".join(spans), flags=re.MULTILINE))
    files = re.findall(r"((?:recipes|benchmarks|tests)/[\w/-]+\.(?:yaml|py))", "\n".join(spans))
    assert not commands - typer_commands()
    assert not targets - TARGETS
    assert not [file for file in files if "NAME" not in file and not (ROOT / file).is_file()]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_keys_of_recipes_are_keys(page):
    sections = "|".join(Recipe.model_fields)
    wrong = []
    for span in code_spans(read(page)):
        found = re.match(rf"({sections})((\.[a-z_0-9]+)+)\b", span)
        if found and not found[0].endswith(FILES) and not is_key(found[0]):
            wrong.append(found[0])
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings_that_are_there(page):
    broken = []
    for link in links(read(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(read(target))):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_is_python_and_what_it_uses_of_ishara_is_there(page):
    """Also where its block is only indented; a name that one block binds is known to the next."""
    known = {*dir(builtins), *YOURS}
    for block in blocks(read(page)):
        if not is_python(block):
            continue
        tree = ast.parse(block.text)
        compile(tree, name_of(page), "exec")
        check_imports(tree)
        known |= names(tree, ast.Store) | imported(tree)
        assert not names(tree, ast.Load) - known, f"nobody says what these are in\n{block.text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from ishara.explain import explain\nexplain(", True),
        ("recognizer = ishara.load('runs/NAME')\n", True),
        ("recognizer.predict(clip)\n", True),
        ("ishara train RECIPE\n", False),
        ("make demo      # sets up .venv\n", False),
        ("name: leave-one-group-out\nseeds: [0, 1, 2]\n", False),
        ("TEA 91 %\n", False),
        ("runs/NAME\n", False),
    ],
)
def test_python_is_known_without_being_called_so(text, expected):
    assert is_python(Block("", text)) is expected


def is_python(block: Block) -> bool:
    """Whether a block is Python: it says so or, where it says nothing, has a line that imports, binds or calls."""
    if block.language not in ("", "text"):
        return block.language in ("python", "py")
    return bool(
        re.search(r"^(from [\w.]+ import |import \w|[\w, ]+ = \w|(with|for) .*:$|[\w.]+\(.*\))", block.text, re.M)
    )


def check_imports(tree: ast.Module) -> None:
    """That what is imported of Ishara is there, and what is called of it can be called so."""
    found: dict[str, object] = {"ishara": importlib.import_module("ishara")}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ishara"):
            module = importlib.import_module(node.module or "")
            assert not [name.name for name in node.names if not hasattr(module, name.name)], node.module
            found |= {name.asname or name.name: getattr(module, name.name) for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (called := _called(node.func, found)) is not None:
            inspect.signature(called).bind(*node.args, **{str(word.arg): word.value for word in node.keywords})


def _called(function: ast.expr, found: dict[str, object]) -> Callable[..., object] | None:
    """What an expression calls: a name that was imported, or an attribute of one."""
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id in found:
        return getattr(found[function.value.id], function.attr)
    return found.get(function.id) if isinstance(function, ast.Name) else None  # type: ignore[return-value]


def names(tree: ast.Module, how: type[ast.expr_context]) -> set[str]:
    """The names that are used so, and what functions take."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, how)}
    if how is ast.Store:
        used |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        used |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return used


def imported(tree: ast.Module) -> set[str]:
    """The names that imports bind."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(name.asname or name.name).partition(".")[0] for node in nodes for name in node.names}


def is_key(dotted: str) -> bool:
    """Whether a recipe has this key."""
    if dotted.startswith(OPEN):
        return True
    model: object = Recipe
    for part in dotted.split("."):
        if not (isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields):
            return False
        model = section_of(model.model_fields[part].annotation)
    return True


def section_of(annotation: object) -> object:
    """The section that a field holds, also where it may be left out."""
    inside = getattr(annotation, "__args__", ())
    return next((part for part in inside if isinstance(part, type) and issubclass(part, BaseModel)), annotation)


@cache
def typer_commands() -> frozenset[str]:
    program = typer.main.get_command(app)
    context = program.make_context("ishara", [], resilient_parsing=True)
    return frozenset(program.list_commands(context))
