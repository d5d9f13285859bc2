"""Tables of a gene, a GO term and its evidence code, as BioMart and Bioconductor give them."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from genessl.data.evidence import KNOWN_CODES
from genessl.data.formats.annotations.named_columns import Header, header_of, read_named_columns
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head

_COLUMNS = {
    "term": ("go term accession", "go_id", "go id", "goid", "go", "go_accession", "go accession"),
    "evidence": ("go term evidence code", "go_linkage_type", "evidence", "evidence code", "evidence_code"),
    "qualifier": ("qualifier",),
    "with_from": ("with/from", "with_from", "with (or) from"),
    "date": ("date",),
    "assigned_by": ("assigned by", "assigned_by"),
}


_TERM = re.compile(r"GO:[0-9]{7}", re.IGNORECASE)


def _header(head: Head) -> Header:
    """Return the header, which three columns of gene, term and code do not need."""
    row = (head.columns() or ([],))[0]
    if len(row) == 3 and _TERM.fullmatch(row[1].strip()) and row[2].strip().upper() in KNOWN_CODES:
        return Header(0, ("gene", "go", "evidence"), "\t")
    return header_of(head)


def _places(header: Header) -> dict[str, int]:
    """Return the column of each field; the first column names the gene, after that of the rows' numbers."""
    return {"gene": 0 if header.names[0] else 1, **header.places(_COLUMNS)}


def read_evidence_table(path: str | Path) -> pd.DataFrame:
    """Read a table whose first column names the gene, and others its GO term and evidence code.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    header = _header(read_head(path))
    return read_named_columns(path, header, _places(header))


def _matches(head: Head) -> bool:
    header = _header(head)
    places = _places(header)
    return (
        {"term", "evidence"} <= places.keys()
        and places["gene"] not in (places["term"], places["evidence"])
        and header.names[0] not in ("db", "tax_id")
    )


FORMAT = Format(
    name="evidence_table",
    title="a table with columns of gene, GO term and evidence code",
    recognised=(
        "A header, in tab- or comma-separated columns, that names a column of GO terms (GO term accession, go_id) and"
        " one of evidence codes (GO term evidence code, go_linkage_type, evidence), as BioMart and Bioconductor do; or"
        " three columns of a gene, a GO term and a code without a header"
    ),
    gives=(
        "every row, with the gene that its first column names, its term and evidence code, and where there are such"
        " columns its qualifier, With/From, date and source"
    ),
    refuses="a row of more columns than the header; rows without a term are left out and counted",
    matches=_matches,
    read=read_evidence_table,
)
