"""Every format is a row of the table, and the page says what the table says."""

from pathlib import Path

import pytest

from genessl.data import formats
from genessl.data.formats.format import recognise
from genessl.data.formats.table import KINDS, formats_page
from genessl.data.text_files import read_head
from tests.file_examples import TEXTS

WITHOUT_EXAMPLE = {"indexed_edges", "hdf5", "npz"}  # its numbers mean genes of a list; binary
PAGE = Path(__file__).parents[3] / "docs" / "files.md"


def test_the_page_is_what_the_command_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == formats_page(), "run genessl formats > docs/files.md"


def test_every_file_of_a_format_has_a_row() -> None:
    files = Path(formats.__file__).parent.glob("*/*.py")
    n_formats = sum(path.read_text(encoding="utf-8").count(" = Format(") for path in files)
    assert n_formats == sum(len(kind.formats) for kind in KINDS)


def test_names_are_unique_and_nothing_is_left_unsaid() -> None:
    for kind in KINDS:
        names = [form.name for form in kind.formats]
        assert len(set(names)) == len(names)
        for form in kind.formats:
            assert form.title and form.recognised and form.gives and form.refuses


def test_every_text_format_has_an_example() -> None:
    held = {format.name for kind in KINDS for format in kind.formats}
    assert held - {name for named in TEXTS.values() for name in named} == WITHOUT_EXAMPLE


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, named in TEXTS.items() for name in named])
def test_the_example_of_a_format_is_recognised_as_that_format(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / "file"
    path.write_text(TEXTS[kind][name], encoding="utf-8")
    formats_of_kind = {each.title.split()[0].lower(): each.formats for each in KINDS}[
        "alias" if kind == "aliases" else kind
    ]
    assert recognise(read_head(path), formats_of_kind, "a file").name == name
