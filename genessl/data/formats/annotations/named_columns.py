"""Annotations whose header names the columns, in whatever order they were chosen."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.table import annotation_table
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_WITHOUT_TERM = "rows without a term, which were left out"
_NO_VALUE = frozenset(("", "-", "NA", "N/A", "NULL", "null"))


@dataclass(frozen=True)
class Header:
    """The first line of a table: its number, the names of the columns in lower case, and what parts the columns."""

    line: int
    names: tuple[str, ...]
    separator: str

    def places(self, wanted: Mapping[str, Collection[str]]) -> dict[str, int]:
        """Return the place of each field of which a column has one of the names wanted, the first of them first."""
        found = {
            field: [self.names.index(name) for name in names if name in self.names] for field, names in wanted.items()
        }
        return {field: places[0] for field, places in found.items() if places}


def header_of(head: Head) -> Header:
    """Return the header of a table, whose columns tabs or else commas part."""
    number, line = head.first
    line = line.lstrip("#! ").removeprefix("Format: ")
    separator = "\t" if "\t" in line else "," if "," in line else " "
    return Header(number, tuple(name.strip().lower() for name in _split(line, separator)), separator)


def read_named_columns(path: str | Path, header: Header, places: Mapping[str, int]) -> pd.DataFrame:
    """Read the rows below a header.

    Parameters
    ----------
    path : str or Path
    header : Header
        Comma- and tab-separated columns may stand in quotes.
    places : mapping of str to int
        The column of the gene, the term, the evidence and perhaps other fields of a table of annotations.

    Raises
    ------
    InputError
        If the file is damaged, a row has another number of columns than the header, or there is no row.
    """
    repairs = {_WITHOUT_TERM: 0}
    rows = _rows(path, header, places, repairs)
    return annotation_table(path, rows, {field: place for place, field in enumerate(places)}, repairs=repairs)


def _rows(
    path: str | Path, header: Header, places: Mapping[str, int], repairs: dict[str, int]
) -> Iterator[tuple[int, list[str]]]:
    separator = "\t" if header.separator == " " else header.separator
    for number, line in read_lines(path):
        if number <= header.line or not line.strip():
            continue
        fields = _split(line, separator)
        if len(fields) > len(header.names) or len(fields) <= max(places["gene"], places["term"]):
            raise InputError(
                f"{path}:{number}: found {len(fields)} columns, expected {len(header.names)} as in the header; download"
                " or copy it again"
            )
        fields += [""] * (len(header.names) - len(fields))  # editors strip empty columns at the end of a line
        row = ["" if fields[place].strip() in _NO_VALUE else fields[place] for place in places.values()]
        if row[list(places).index("term")]:
            yield number, row
        else:
            repairs[_WITHOUT_TERM] += 1


def _split(line: str, separator: str) -> list[str]:
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator))
    except (csv.Error, StopIteration):
        return line.split(separator)
