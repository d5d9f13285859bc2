"""Gene association files, GAF 1.0 to 2.2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.table import annotation_table
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_COMMENTS = ("!", "#")
_MOST_COLUMNS, _FEWEST_COLUMNS = 17, 15
_POSITION = {
    "gene": 1,
    "symbol": 2,
    "qualifier": 3,
    "term": 4,
    "evidence": 6,
    "with_from": 7,
    "aspect": 8,
    "name": 9,
    "synonyms": 10,
    "date": 13,
    "assigned_by": 14,
}
_HEADERS = frozenset(("go id", "go_id", "goid", "go term", "go_term", "ontology id", "annotation_class"))
_TERM = re.compile(r"\"?\s*([A-Za-z]+[\W_]?[0-9]{5,}\b.*|https?://.*|[0-9]{7})")
_HEADER = "header rows, which were skipped"


def read_gaf(path: str | Path) -> pd.DataFrame:
    """Read a gene association file of format 1.0, 2.0, 2.1 or 2.2, plain or compressed.

    Every row is kept, whatever its evidence, qualifier or taxon. The first 15 columns are the same in all formats, so
    neither a header nor the last two columns of GAF 2 are needed.

    Returns
    -------
    DataFrame
        As `genessl.data.annotations.read_annotations` describes it.

    Raises
    ------
    InputError
        If the file is damaged, has a row of fewer than 15 columns, or no row.
    """
    repairs = {_HEADER: 0}
    return annotation_table(path, _rows(path, repairs), _POSITION, repairs=repairs)


def _rows(path: str | Path, repairs: dict[str, int]) -> Iterator[tuple[int, list[str]]]:
    first = True
    for number, line in read_lines(path):
        if line.startswith(_COMMENTS) or not line.strip():
            continue
        fields = line.split("\t", _MOST_COLUMNS)
        if len(fields) < _FEWEST_COLUMNS:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected the 15 to 17 of a GAF;"
                " give annotations as GAF"
            )
        if first and fields[_POSITION["term"]].strip(' "').lower() in _HEADERS:
            repairs[_HEADER] += 1
        else:
            yield number, fields
        first = False


def _matches(head: Head) -> bool:
    if any(line.startswith("!gaf-version") for _, line in head.lines):
        return head.first[1].startswith(_COMMENTS)
    if not head.rows:
        return head.first[1].startswith("!")
    rows = head.columns()
    terms = (row[_POSITION["term"]] for row in rows if len(row) >= _FEWEST_COLUMNS)
    return len(rows[0]) >= _FEWEST_COLUMNS and any(map(_TERM.match, terms))


FORMAT = Format(
    name="gaf",
    title="GAF 1.0 to 2.2",
    recognised="A line '!gaf-version', or rows of at least 15 tab-separated columns with a term in the fifth",
    gives=(
        "every row, with its object, symbol, name, synonyms, qualifier, term, evidence code, With/From, aspect, date"
        " and source; a row without an object identifier is one of its symbol, or else of its synonyms"
    ),
    refuses="a row of fewer than 15 columns; rows without identifier, symbol and synonyms are left out and counted",
    matches=_matches,
    read=read_gaf,
)
