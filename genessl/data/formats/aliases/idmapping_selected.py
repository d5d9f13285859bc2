"""UniProt's idmapping_selected.tab: one row an accession, 22 columns, no header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import after_header, split_rows, tabbed
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines

_N_COLUMNS = 22
_SOURCES = {
    "UniProtKB-ID": 1,
    "GeneID": 2,
    "RefSeq": 3,
    "GI": 4,
    "UniParc": 10,
    "PIR": 11,
    "EMBL": 16,
    "EMBL-CDS": 17,
    "Ensembl": 18,
    "Ensembl_TRS": 19,
    "Ensembl_PRO": 20,
}
_CLUSTERS = (7, 8, 9)


def _matches(head: Head) -> bool:
    rows = tabbed(head, _N_COLUMNS)
    if not rows or len(rows) < 0.5 * len(head.rows):
        return False
    clusters = [fields[column] for fields in rows for column in _CLUSTERS]
    return any(clusters) and all(not name or re.match(r"UniRef\d+_", name) for name in clusters)


def _read(path: str | Path) -> AliasTable:
    return AliasTable.from_rows(str(path), _rows(path))


def _rows(path: str | Path) -> Iterator[tuple[str, str, str]]:
    for fields in split_rows(path, after_header(read_lines(path), 0), _N_COLUMNS):
        for source, column in _SOURCES.items():
            for alias in fields[column].split(";"):
                if alias.strip() not in ("", "-"):
                    yield fields[0], alias, source


FORMAT = Format(
    name="idmapping_selected",
    title="UniProt idmapping_selected.tab",
    recognised="It has 22 tab-separated columns without a header, of which the eighth to tenth are UniRef clusters",
    gives="The entry name, GeneID, RefSeq, GI, UniParc, PIR, EMBL and Ensembl identifiers of each accession.",
    refuses="The columns of GO terms, structures, clusters, taxon and publications are not read. A row of another"
    " number of columns is an error.",
    matches=_matches,
    read=_read,
)
