"""Plain tables of a gene and its GO terms, as topGO reads them and Blast2GO writes them (.annot)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.table import ELECTRONIC_POSITIONS, annotation_table, electronic_rows
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_TITLE = "two columns of gene and GO terms"
_TERM = re.compile(r"go[:_][0-9]+", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,;|\s]+")
_UNKNOWN = "rows of a table without evidence codes, taken as electronic"
_HEADER = "header rows, which were skipped"
_ENZYMES = "rows of an enzyme number, which were left out"
_ENZYME = re.compile(r"EC:[0-9.n-]+")
_SCORE_OR_NOT = re.compile(r"\s*[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?\s*\Z|(?:.*\W)?NOT(?!\w)")
_COMMENTS = ("#", "!")


def read_gene_terms(path: str | Path) -> pd.DataFrame:
    """Read a table of a gene, one or more GO terms and perhaps words a row as electronic annotations without a date.

    The table does not say what its terms rest on, so they make no ground truth.

    Raises
    ------
    InputError
        If the file is damaged, or a row has no or several columns beside those, scores, or another second column.
    """
    repairs = {_UNKNOWN: 0, _HEADER: 0, _ENZYMES: 0}
    rows = electronic_rows(_terms(path, repairs), assigned_by="")
    return annotation_table(path, rows, ELECTRONIC_POSITIONS, repairs=repairs, computed=_TITLE)


def _terms(path: str | Path, repairs: dict[str, int]) -> Iterator[tuple[int, str, str, str, str]]:
    first = True
    for number, line in read_lines(path):
        if line.startswith(_COMMENTS) or not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) > 1 and _ENZYME.fullmatch(fields[1].strip()):
            repairs[_ENZYMES] += 1
            continue
        words = [word for word in _SEPARATORS.split("".join(fields[1:2]).strip()) if word not in ("", "-", "NA")]
        good = _is_row(fields) and all(_TERM.fullmatch(word) for word in words)
        if not good and not first:
            raise InputError(
                f"{path}:{number}: found '{line[:40]}', expected a gene, a tab and GO terms separated by commas;"
                " give annotations as GAF"
            )
        for word in words if good else ():
            repairs[_UNKNOWN] += 1
            yield number, fields[0], word, "", ""
        repairs[_HEADER] += not good
        first = False


def _is_row(fields: list[str]) -> bool:
    """Whether there are two columns, or a third that is no score and no negation."""
    return len(fields) == 2 or (len(fields) == 3 and _SCORE_OR_NOT.match(fields[2]) is None)


def _matches(head: Head) -> bool:
    rows = head.columns()[:2]
    if not all(map(_is_row, rows)):
        return False
    return any(all(map(_TERM.fullmatch, _SEPARATORS.split(fields[1].strip()))) for fields in rows)


FORMAT = Format(
    name="gene_terms",
    title=_TITLE,
    recognised="Two tab-separated columns, of which the second holds GO terms, or a third of words (Blast2GO's .annot)",
    gives="each term as an electronic annotation (IEA) without a date, because the table does not say what it rests on",
    refuses=(
        "a row whose second column is not GO terms separated by commas, semicolons, bars or spaces, and scores or NOT;"
        " rows of an enzyme number are left out and counted"
    ),
    matches=_matches,
    read=read_gene_terms,
)
