"""The tables --domtblout and --tblout of HMMER's hmmscan and hmmsearch with Pfam."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from genessl.data.formats.domains.rows import E_VALUE, PFAM, Row, read_table, words
from genessl.data.formats.format import Format
from genessl.data.text_files import Head

_TARGET_COLUMNS, _HIT_COLUMNS = 18, 22


def _is_domtblout(head: Head) -> bool:
    found = words(head)
    return len(found) >= _HIT_COLUMNS and found[2].isdigit() and found[5].isdigit()


def _is_tblout(head: Head) -> bool:
    found = words(head)
    return len(found) >= _TARGET_COLUMNS and any(PFAM.fullmatch(found[column]) for column in (1, 3))


def _domtblout_row(line: str) -> Row | None:
    fields = line.split()
    return _row(fields, protein_or_family=4, e_value=12) if len(fields) >= _HIT_COLUMNS else None


def _tblout_row(line: str) -> Row | None:
    fields = line.split()
    return _row(fields, protein_or_family=3, e_value=4) if len(fields) >= _TARGET_COLUMNS else None


def _row(fields: list[str], *, protein_or_family: int, e_value: int) -> Row | None:
    """Read a match of hmmscan, whose targets are families, or of hmmsearch, whose queries are."""
    target, query = PFAM.fullmatch(fields[1]), PFAM.fullmatch(fields[protein_or_family])
    try:
        significant = float(fields[e_value]) <= E_VALUE
    except ValueError:
        return None
    if target:
        return fields[protein_or_family - 1], f"Pfam:{target[1]}", significant
    return (fields[0], f"Pfam:{query[1]}", significant) if query else None


def _read_domtblout(path: str | Path) -> pd.DataFrame:
    return read_table(path, _domtblout_row, "a HMMER --domtblout table with at least 22 columns and Pfam accessions")


def _read_tblout(path: str | Path) -> pd.DataFrame:
    return read_table(path, _tblout_row, "a HMMER --tblout table with at least 18 columns and Pfam accessions")


_REFUSES = f"Rows without a family of Pfam are errors; matches with an E-value above {E_VALUE} are left out and counted"

DOMTBLOUT = Format(
    name="hmmer_domtblout",
    title="HMMER --domtblout with Pfam",
    recognised="The third and the sixth of at least 22 words are the lengths of target and query",
    gives="The family of each match, without its version, whether hmmscan or hmmsearch found it",
    refuses=_REFUSES,
    matches=_is_domtblout,
    read=_read_domtblout,
)
TBLOUT = Format(
    name="hmmer_tblout",
    title="HMMER --tblout with Pfam",
    recognised="The second or the fourth of at least 18 words is a family of Pfam",
    gives="The family of each match, without its version, whether hmmscan or hmmsearch found it",
    refuses=_REFUSES,
    matches=_is_tblout,
    read=_read_tblout,
)
