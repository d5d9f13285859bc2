"""Rows of domain tables, whatever their format, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from genessl.data.formats.sequences.headers import gene_of_word
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

E_VALUE = 1e-3
PFAM = re.compile(r"(PF\d{5})(\.\d+)?")
Row = tuple[str, str, bool]  # protein, domain and whether the match is significant
_SHOWN = 60


def data_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are neither blank nor comments."""
    return ((number, line) for number, line in read_lines(path) if line.strip() and not line.startswith("#"))


def words(head: Head) -> list[str]:
    """Return the words of a table's first row."""
    return head.rows[0][1].split() if head.rows else []


def read_table(path: str | Path, parse: Callable[[str], Row | None], named: str) -> pd.DataFrame:
    """Read a domain table.

    Parameters
    ----------
    path : path
    parse : callable
        It turns a line into a row, or into None if the line is none.
    named : str
        What a row should be of, for messages.

    Returns
    -------
    DataFrame
        As `read_domains` returns it.

    Raises
    ------
    InputError
        For a line that is no row of the table.
    """
    rows = []
    for number, line in data_lines(path):
        row = parse(line)
        if row is None:
            raise InputError(
                f"{path}:{number}: found '{line[:_SHOWN]}', expected a row of {named}; write the file again"
            )
        rows.append((gene_of_word(row[0]), row[1], row[2]))
    return pd.DataFrame(rows, columns=["gene", "domain", "significant"]).astype({"significant": bool})
