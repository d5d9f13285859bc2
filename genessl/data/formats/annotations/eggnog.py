"""Annotation tables of eggNOG-mapper, versions 1 to 3, whose GO terms are predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.table import ELECTRONIC_POSITIONS, annotation_table, electronic_rows
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_TITLE = "eggNOG-mapper annotations"
_QUERY, _SEED = 0, 1
_QUERY_NAMES = ("query", "query_name", "#query", "#query_name")
_GO_NAMES = ("gos", "go_terms", "gene_ontology_terms")


def read_eggnog(path: str | Path) -> pd.DataFrame:
    """Read the GO terms of an eggNOG-mapper table as electronic annotations, which have no date.

    Raises
    ------
    InputError
        If the file is damaged, has no header with a column of GO terms, or no GO term.
    """
    rows = electronic_rows(_terms(path), assigned_by="eggNOG")
    return annotation_table(path, rows, ELECTRONIC_POSITIONS, computed=_TITLE)


def _terms(path: str | Path) -> Iterator[tuple[int, str, str, str, str]]:
    column = None
    count = 0
    for number, line in read_lines(path):
        fields = line.split("\t")
        if column is None and _is_header(fields):
            column = _go_column(path, number, fields)
        elif line.startswith("#") or not line.strip():
            continue
        elif column is None:
            raise InputError(
                f"{path}:{number}: expected the header '#query' before the rows; download or copy it again"
            )
        elif len(fields) <= column:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected GO terms in column {column + 1};"
                " download or copy it again"
            )
        else:
            for term in fields[column].split(","):
                if term.strip() not in ("", "-", "NA"):
                    count += 1
                    yield number, fields[_QUERY], term, f"eggNOG:{fields[_SEED].strip()}", ""
    if not count:
        raise InputError(f"{path}: found no GO term in the table of eggNOG-mapper, expected some; check its options")


def _is_header(fields: Sequence[str]) -> bool:
    return len(fields) > _SEED and fields[_QUERY].strip().lower() in _QUERY_NAMES


def _go_column(path: str | Path, number: int, header: Sequence[str]) -> int:
    names = [name.strip().lower() for name in header]
    found = [column for column, name in enumerate(names) if name in _GO_NAMES]
    if not found:
        raise InputError(
            f"{path}:{number}: found no column 'GOs' in the header of eggNOG-mapper, expected one; give the file"
            " .emapper.annotations"
        )
    return found[0]


def _matches(head: Head) -> bool:
    return any(_is_header(line.split("\t")) and "seed" in line.lower() for _, line in head.lines)


def _check(head: Head) -> None:
    number, header = next((number, fields) for number, line in head.lines if _is_header(fields := line.split("\t")))
    _go_column(head.path, number, header)


FORMAT = Format(
    name="eggnog",
    title=_TITLE,
    recognised="A header that begins with '#query' or '#query_name' and names a seed ortholog",
    gives="the terms of the column GOs as electronic annotations (IEA), each with the seed ortholog; they have no date",
    refuses="a table without a column of GO terms, or without any term",
    matches=_matches,
    read=read_eggnog,
    check=_check,
)
