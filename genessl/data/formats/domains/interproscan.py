"""InterProScan's TSV of 11 to 15 columns."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from genessl.data.formats.domains.rows import PFAM, Row, read_table
from genessl.data.formats.format import Format
from genessl.data.text_files import Head

_CHECKSUM = re.compile(r"[0-9A-Fa-f]{16,32}")
_INTERPRO = re.compile(r"IPR\d{6}")
_FEWEST, _MOST = 11, 15
_ENTRY_COLUMN = 11


def _matches(head: Head) -> bool:
    columns = head.rows[0][1].split("\t") if head.rows else []
    return len(columns) > 1 and _CHECKSUM.fullmatch(columns[1]) is not None


def _parse(line: str) -> Row | None:
    fields = line.split("\t")
    if not _FEWEST <= len(fields) <= _MOST or not fields[0] or not fields[3] or not fields[4]:
        return None
    entry = fields[_ENTRY_COLUMN].strip() if len(fields) > _ENTRY_COLUMN else "-"
    if entry not in ("", "-", "NULL"):
        return (fields[0], f"InterPro:{entry}", True) if _INTERPRO.fullmatch(entry) else None
    pfam = PFAM.fullmatch(fields[4])
    return fields[0], f"{fields[3]}:{pfam[1] if pfam else fields[4]}", True


def _read(path: str | Path) -> pd.DataFrame:
    return read_table(path, _parse, "an InterProScan TSV with 11 to 15 columns")


FORMAT = Format(
    name="interproscan",
    title="InterProScan TSV",
    recognised="The second of the tab-separated columns is a checksum of 16 to 32 hexadecimal digits",
    gives="The InterPro entry of each match, or the analysis and its signature where there is no entry",
    refuses="Rows of other than 11 to 15 columns, or whose entry is none of InterPro, are errors",
    matches=_matches,
    read=_read,
)
