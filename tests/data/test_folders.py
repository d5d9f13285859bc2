"""Folders, files and tables appear whole or not at all."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from genessl.data.folders import write_table, written_file, written_folder
from genessl.errors import InputError


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_folder_appears_once_it_is_written(tmp_path):
    with written_folder(tmp_path / "deep" / "new") as folder:
        (folder / "a.txt").write_text("a")
        assert not (tmp_path / "deep" / "new").exists()
    assert names(tmp_path / "deep") == ["new"]
    assert (tmp_path / "deep" / "new" / "a.txt").read_text() == "a"
    assert (tmp_path / "deep" / "new").stat().st_mode & 0o777 == 0o755


def test_an_earlier_version_gives_place_with_all_it_held(tmp_path):
    for files in (("a", "b"), ("a",)):
        with written_folder(tmp_path / "new") as folder:
            for name in files:
                (folder / name).write_text(str(files))
    assert names(tmp_path / "new") == ["a"]


@pytest.mark.parametrize("context", [written_folder, written_file])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path, context):
    with context(tmp_path / "kept") as place:
        target = place / "a" if place.is_dir() else place
        target.write_text("before")
    with pytest.raises(KeyboardInterrupt), context(tmp_path / "kept") as place:
        (place / "a" if place.is_dir() else place).write_text("after")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["kept"]
    kept = tmp_path / "kept"
    assert (kept / "a" if kept.is_dir() else kept).read_text() == "before"


def test_a_folder_of_other_things_is_never_replaced(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years")
    sentence = r"home: found a folder that holds 'thesis\.tex', expected a new folder"
    with pytest.raises(InputError, match=sentence), written_folder(home) as folder:
        (folder / "dataset.json").write_text("{}")
    assert names(tmp_path) == ["home"]
    assert (home / "thesis.tex").read_text() == "years"


def test_an_empty_folder_is_replaced_and_a_file_is_not(tmp_path):
    (tmp_path / "empty").mkdir()
    with written_folder(tmp_path / "empty") as folder:
        (folder / "a").touch()
    assert names(tmp_path / "empty") == ["a"]
    with (
        pytest.raises(InputError, match="found a file, expected a new folder"),
        written_folder(tmp_path / "empty" / "a"),
    ):
        pass


def test_the_working_directory_is_never_replaced(tmp_path, monkeypatch):
    (tmp_path / "thesis.tex").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="choose another name"), written_folder(".") as folder:
        (folder / "dataset.json").touch()
    assert names(tmp_path) == ["thesis.tex"]


def test_the_same_table_gives_the_same_bytes_under_any_name(tmp_path):
    table = pd.DataFrame({"gene": ["a", "NA"], "count": [1, 2]})
    for name in ("one.tsv.gz", "two.tsv.gz", "plain.tsv"):
        write_table(tmp_path / name, table)
    assert (tmp_path / "one.tsv.gz").read_bytes() == (tmp_path / "two.tsv.gz").read_bytes()
    assert (tmp_path / "plain.tsv").read_text() == "gene\tcount\na\t1\nNA\t2\n"
    assert gzip.decompress((tmp_path / "one.tsv.gz").read_bytes()) == (tmp_path / "plain.tsv").read_bytes()
