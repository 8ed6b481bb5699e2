"""The site: its references are whole, links out of docs/ work on it, and it loads nothing from elsewhere."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from ishara.cli import app
from site_api import API, api_pages, public_modules
from site_cli import cli_page
from site_links import rewrite

ROOT = Path(__file__).resolve().parents[2]
# What a browser fetches by itself; a link that a reader may follow is none.
LOADED = re.compile(
    r"<(?:script|img|iframe|source|video)[^>]*\ssrc=[\"']?(?:https?:)?//|<link[^>]*href=[\"']?(?:https?:)?//"
)


def test_the_command_lines_page_tells_of_every_command_and_option():
    page = cli_page()
    program = typer.main.get_command(app)
    context = program.make_context("ishara", [], resilient_parsing=True)
    for name in program.list_commands(context):
        section = re.search(rf"^## ishara {name}\n.*?(?=^## |\Z)", page, flags=re.DOTALL | re.MULTILINE)
        assert section is not None, name
        options = [word for item in program.get_command(context, name).params for word in item.opts]
        assert not [word for word in options if word.startswith("--") and word != "--help" and word not in section[0]]


def test_no_row_of_its_tables_is_torn():
    rows = [line for line in cli_page().splitlines() if line.startswith("|")]
    assert rows
    assert all(row.count("|") == 3 for row in rows)


@pytest.mark.parametrize("module", public_modules())
def test_a_public_module_is_there_and_says_what_it_is(module):
    assert importlib.import_module(module).__doc__


@pytest.mark.parametrize(
    "module",
    ["ishara.live", "ishara.export", "ishara.bench"]
    + [f"ishara.evaluation.{n}" for n in ("report", "shortcuts", "card")],
)
def test_the_reference_tells_what_others_build_on(module):
    assert module in public_modules()


def test_every_page_of_the_reference_is_in_the_navigation():
    """And so a page that somebody adds is not forgotten: the strict build says the same of all others."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    (reference,) = (part["Reference"] for part in yaml.safe_load(text)["nav"] if "Reference" in part)
    assert [next(iter(entry.values())) for entry in reference] == ["reference/cli.md", *api_pages()]
    assert [next(iter(entry)) for entry in reference[1:]] == [title for title, _, _ in API.values()]


@pytest.mark.parametrize(
    ("link", "source", "page", "expected"),
    [
        ("[a](../CONTRIBUTING.md#words)", "docs/words.md", "words.md", "[a](contributing.md#words)"),
        ("[a](../findings.md)", "docs/corpora/wlasl.md", "corpora/wlasl.md", "[a](../findings.md)"),
        ("![a](docs/images/overview.png)", "README.md", "overview.md", "![a](images/overview.png)"),
        ("[`code/`](../benchmarks/notebook)", "docs/performance.md", "performance.md", "`code/`"),
        ("[a](https://example.org/x)", "docs/words.md", "words.md", "[a](https://example.org/x)"),
        ("[a](#there)", "docs/words.md", "words.md", "[a](#there)"),
        ("    [a](../results)", "docs/words.md", "words.md", "    [a](../results)"),
    ],
)
def test_a_link_out_of_the_docs_leads_to_the_sites_copy_or_nowhere(link, source, page, expected):
    assert rewrite(link, source, page) == expected


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_site_builds_strictly_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    pytest.importorskip("material", reason="the extra docs is not installed")
    pytest.importorskip("mkdocstrings", reason="the extra docs is not installed")
    site = tmp_path / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = list(site.rglob("*.html"))
    assert site / "reference" / "cli.html" in pages
    assert not [page.name for page in pages if LOADED.search(page.read_text(encoding="utf-8"))]
    assert not [file.name for file in site.rglob("*.css") if re.search(r"url\(.?(https?:)?//", file.read_text("utf-8"))]
    recognizer = (site / "reference" / "use.html").read_text(encoding="utf-8")
    assert 'id="ishara.recognizer.Recognizer.predict"' in recognizer


def test_the_list_of_all_pages_has_every_page():
    """For those who read the docs without the site, whose navigation has them."""
    text = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\]\(([\w/]+\.md)\)", text))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert not {page for page in pages if not page.startswith("corpora/")} - listed - {"README.md"}
