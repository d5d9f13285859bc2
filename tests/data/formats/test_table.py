"""Every format is a row of the table, and the page says what the table says."""

from pathlib import Path

from genessl.data import formats
from genessl.data.formats.table import KINDS, formats_page

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
