"""Tables of InterProScan 5 and 6 with their GO terms, which are predictions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.table import ELECTRONIC_POSITIONS, annotation_table, electronic_rows
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_TITLE = "InterProScan TSV with GO terms"
_FEWEST_COLUMNS = 11
_GENE, _MD5, _LENGTH, _ANALYSIS, _SIGNATURE, _DATE, _ENTRY, _GO = 0, 1, 2, 3, 4, 10, 11, 13
_CHECKSUM = re.compile(r"[0-9a-fA-F]{32}")
_RUN_DATE = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")


def read_interproscan(path: str | Path) -> pd.DataFrame:
    """Read the GO terms of an InterProScan table as electronic annotations, dated by the run.

    A gene's term is a row for each InterPro entry, or family of PANTHER, that gives it.

    Raises
    ------
    InputError
        If the file is damaged, has a row of fewer than 11 columns, or no GO term.
    """
    rows = electronic_rows(_terms(path), assigned_by="InterPro")
    try:
        first = next(rows)
    except StopIteration:
        raise InputError(
            f"{path}: found no GO term in column 14, expected some; run InterProScan with --goterms"
        ) from None
    return annotation_table(path, chain([first], rows), ELECTRONIC_POSITIONS, computed=_TITLE)


def _terms(path: str | Path) -> Iterator[tuple[int, str, str, str, str]]:
    seen: set[tuple[str, str, str]] = set()
    for number, line in read_lines(path):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) < _FEWEST_COLUMNS:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected the 11 to 15 of InterProScan;"
                " download or copy it again"
            )
        if len(fields) <= _GO:
            continue
        for word in fields[_GO].split("|"):
            term, _, sources = word.partition("(")
            if term.strip() in ("", "-"):
                continue
            row = (fields[_GENE].strip(), term.strip(), _origin(fields, sources))
            if row not in seen:
                seen.add(row)
                yield number, *row, _run_date(fields[_DATE])


def _origin(fields: list[str], sources: str) -> str:
    """Name what gave a term: the InterPro entry, or else the member database's signature."""
    entry = fields[_ENTRY].strip()
    if entry.startswith("IPR") and (not sources or "interpro" in sources.lower()):
        return f"InterPro:{entry}"
    return f"{fields[_ANALYSIS].strip()}:{fields[_SIGNATURE].strip()}"


def _run_date(text: str) -> str:
    found = _RUN_DATE.fullmatch(text.strip())
    return f"{found[3]}{found[2]}{found[1]}" if found else text


def _matches(head: Head) -> bool:
    rows = head.columns()
    return bool(rows) and (
        len(rows[0]) >= _FEWEST_COLUMNS
        and _CHECKSUM.fullmatch(rows[0][_MD5].strip()) is not None
        and rows[0][_LENGTH].strip().isdecimal()
    )


FORMAT = Format(
    name="interproscan",
    title=_TITLE,
    recognised="At least 11 columns, of which the second is an MD5 checksum and the third a length",
    gives=(
        "the GO terms of column 14 as electronic annotations (IEA), each with the InterPro entry or signature that"
        " gives it and the date of the run"
    ),
    refuses="a table without GO terms, which InterProScan writes only with --goterms",
    matches=_matches,
    read=read_interproscan,
)
