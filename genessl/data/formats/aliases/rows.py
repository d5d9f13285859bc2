"""Rows of alias tables: columns that are checked and cells that hold several names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from genessl.data.text_files import Head
from genessl.errors import InputError

BLANK = frozenset(("", "-", ".", "NA", "N/A", "n/a", "NaN", "nan", "None", "NULL", "null", "\\N"))
# A comma parts names only before a blank or a letter: ARG5,6 is the name of one gene.
_ACCESSIONS = re.compile(r"(?:[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z0-9]{2}\d){1,2})(?: |\Z)")
_BETWEEN_NAMES = re.compile(r"[|;]\s*|,\s+|,(?=[A-Za-z])")


def split_rows(
    path: str | Path, lines: Iterable[tuple[int, str]], expected: int, known: str = ""
) -> Iterator[list[str]]:
    """Yield the tab-separated columns of each line, of which there must be as many as expected."""
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != expected:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected {expected}{known};"
                " download or copy it again"
            )
        yield fields


def names_in(cell: str) -> list[str]:
    """Return the names in a cell of a table.

    >>> names_in("ARG5,6; arg5|YER069W, x"), names_in("-")
    (['ARG5,6', 'arg5', 'YER069W', 'x'], [])
    """
    if cell in BLANK:
        return []
    if cell.isalnum():
        return [cell]
    if " " in cell and not _ACCESSIONS.sub("", cell):
        return cell.split()
    return [name for part in _BETWEEN_NAMES.split(cell) if (name := _unquoted(part.strip())) not in BLANK]


def _unquoted(name: str) -> str:
    return name[1:-1].strip() if len(name) > 1 and name[0] == name[-1] == '"' else name


def tabbed(head: Head, expected: int) -> list[list[str]]:
    """Return the columns of those first rows that have as many tab-separated columns as expected."""
    return [fields for fields in head.columns() if len(fields) == expected]


def header_words(line: str) -> list[str]:
    """Return the column names of a header in which tabs, blanks and '#' may separate them, in lower case."""
    return re.split(r"[\t #]+", line.strip("# \t").lower())


def after_header(lines: Iterable[tuple[int, str]], header: int) -> Iterator[tuple[int, str]]:
    """Yield the lines below the header that are not blank."""
    return ((number, line) for number, line in lines if number > header and line.strip())
