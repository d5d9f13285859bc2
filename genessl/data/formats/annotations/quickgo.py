"""The table that QuickGO's website downloads (TSV)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.named_columns import header_of, read_named_columns
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

_COLUMNS = {
    "gene": ("gene product id",),
    "symbol": ("symbol",),
    "name": ("gene product name", "name"),
    "synonyms": ("synonyms", "gene product synonyms"),
    "qualifier": ("qualifier",),
    "term": ("go term", "go id"),
    "evidence": ("go evidence code", "eco id"),
    "with_from": ("with/from", "with / from"),
    "aspect": ("go aspect",),
    "date": ("date",),
    "assigned_by": ("assigned by",),
}


def read_quickgo(path: str | Path) -> pd.DataFrame:
    """Read the annotations of QuickGO's table.

    Raises
    ------
    InputError
        If the file is damaged, or has no column of evidence.
    """
    head = read_head(path)
    _check(head)
    header = header_of(head)
    return read_named_columns(path, header, header.places(_COLUMNS))


def _check(head: Head) -> None:
    header = header_of(head)
    if "evidence" not in header.places(_COLUMNS):
        raise InputError(
            f"{head.path}:{header.line}: found no column 'GO EVIDENCE CODE' or 'ECO ID' in QuickGO's table, expected"
            " one; choose it before the download"
        )


def _matches(head: Head) -> bool:
    return {"gene", "term"} <= header_of(head).places(_COLUMNS).keys()


FORMAT = Format(
    name="quickgo",
    title="QuickGO's table (TSV)",
    recognised="The header names the columns GENE PRODUCT ID and GO TERM",
    gives=(
        "every row, with its gene product, term, GO evidence code or else that of its ECO term, and, as far as they"
        " were chosen, its symbol, name, synonyms, qualifier, With/From, aspect, date and source"
    ),
    refuses="a table without a column of evidence; rows of other taxa join to no gene and are counted",
    matches=_matches,
    read=read_quickgo,
    check=_check,
)
