"""TAIR's ATH_GO_GOSLIM.txt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.table import annotation_table
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_N_COLUMNS = 15
_POSITION = {
    "gene": 0,
    "qualifier": 3,
    "term": 5,
    "aspect": 7,
    "evidence": 9,
    "with_from": 11,
    "assigned_by": 13,
    "date": 14,
}
_TERM = re.compile(r"GO:[0-9]{7}")


def read_tair_goslim(path: str | Path) -> pd.DataFrame:
    """Read TAIR's table of GO annotations, whose relation may hold a 'not'.

    Raises
    ------
    InputError
        If the file is damaged, or a row has other than 15 columns.
    """
    return annotation_table(path, _rows(path), _POSITION)


def _rows(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    for number, line in read_lines(path):
        if line.startswith("!") or not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != _N_COLUMNS:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected the {_N_COLUMNS} of"
                " ATH_GO_GOSLIM.txt; download or copy it again"
            )
        yield number, fields


def _matches(head: Head) -> bool:
    rows = head.columns()
    return bool(rows) and (
        len(rows[0]) == _N_COLUMNS
        and _TERM.fullmatch(rows[0][_POSITION["term"]].strip()) is not None
        and rows[0][_POSITION["aspect"]].strip() in ("P", "F", "C")
    )


FORMAT = Format(
    name="tair_goslim",
    title="TAIR's ATH_GO_GOSLIM.txt",
    recognised="Rows of 15 tab-separated columns, of which the sixth is a GO term and the eighth an aspect (P, F or C)",
    gives="every row, with its locus, relation, term, evidence code, With/From, aspect, date and annotator",
    refuses="a row of other than 15 columns",
    matches=_matches,
    read=read_tair_goslim,
)
