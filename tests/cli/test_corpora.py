"""`ishara corpora`: the list, what is known of one, and getting its files."""

import zipfile

import pytest
from rich.console import Console

from ishara.cli import main
from ishara.clips.corpora import get_corpus, list_corpora


@pytest.fixture
def ishara(monkeypatch, capsys):
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ishara", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_the_bare_command_lists_them_all(ishara):
    code, out, _ = ishara("corpora")
    assert code == 0
    assert [name for name in list_corpora() if name not in out] == []


def test_addresses_are_whole_in_a_narrow_terminal(ishara, monkeypatch):
    monkeypatch.setattr("ishara.console.console", Console(width=40))
    _, out, _ = ishara("corpora")
    for corpus in map(get_corpus, list_corpora()):
        for part in (corpus.name, corpus.title, corpus.language, corpus.licence, corpus.source):
            assert part in out


@pytest.mark.parametrize("name", list_corpora())
def test_show_says_all_that_is_known(ishara, name):
    code, out, _ = ishara("corpora", "show", name)
    corpus = get_corpus(name)
    assert code == 0
    known = (corpus.title, corpus.language, corpus.licence, corpus.source, corpus.citation, corpus.layout)
    for part in (*known, *(f"{option}=: {meaning}" for option, meaning in corpus.options.items())):
        assert part in out


def test_get_prints_the_terms_and_then_unpacks(ishara, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("train_labels.csv", "signer0_sample1,0\n")
        archive.writestr("train/signer0_sample1_color.mp4", "")
    code, out, _ = ishara("corpora", "get", "autsl", "--from", "a.zip")
    assert code == 0
    assert out.index(get_corpus("autsl").licence) < out.index("The files are in corpora/autsl")
    assert "Next: ishara index autsl corpora/autsl -o autsl.csv" in out
    code, out, _ = ishara("index", "autsl", "corpora/autsl", "-o", "autsl.csv")
    assert (code, out[:7]) == (0, "1 clips")


def test_get_of_what_only_its_owner_gives_prints_the_terms_and_fails(ishara, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = get_corpus("autsl")
    code, out, err = ishara("corpora", "get", "autsl")
    assert code == 1
    assert corpus.licence in out
    assert corpus.source in err
    assert corpus.layout in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("show", "wlas"), ("get", "wlas")])
def test_an_unknown_name_is_one_line(ishara, words):
    code, out, err = ishara("corpora", *words)
    assert (code, out) == (1, "")
    assert "Did you mean 'wlasl'" in err
