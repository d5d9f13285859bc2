"""The tables of pfam_scan.pl, and of the proteomes that Pfam offered."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from genessl.data.formats.domains.rows import PFAM, Row, read_table, words
from genessl.data.formats.format import Format
from genessl.data.text_files import Head

_COLUMNS = 14


def _matches(head: Head) -> bool:
    found = words(head)
    return len(found) >= _COLUMNS and PFAM.fullmatch(found[5]) is not None


def _parse(line: str) -> Row | None:
    fields = line.split()
    pfam = PFAM.fullmatch(fields[5]) if len(fields) >= _COLUMNS else None
    return (fields[0], f"Pfam:{pfam[1]}", fields[13] != "0") if pfam else None


def _read(path: str | Path) -> pd.DataFrame:
    return read_table(path, _parse, "a table of pfam_scan.pl with at least 14 columns and Pfam accessions")


FORMAT = Format(
    name="pfam_scan",
    title="a table of pfam_scan.pl or of Pfam's proteomes",
    recognised="The sixth of at least 14 words is a family of Pfam",
    gives="The family of each match, without its version",
    refuses="Rows without a family of Pfam are errors; matches marked as not significant are left out and counted",
    matches=_matches,
    read=_read,
)
