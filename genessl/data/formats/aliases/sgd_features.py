"""SGD_features.tab of the Saccharomyces Genome Database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import after_header, split_rows
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines

_N_COLUMNS = 16
_DESCRIPTION = 15
_SGDID = re.compile(r"S\d{9}$")
_SOURCES = {"ORF name": 3, "gene name": 4, "alias": 5, "secondary SGDID": 7}


def _matches(head: Head) -> bool:
    fields = head.first[1].split("\t")
    return len(fields) == _N_COLUMNS and _SGDID.match(fields[0]) is not None


def _read(path: str | Path) -> AliasTable:
    descriptions: dict[str, str] = {}
    return AliasTable.from_rows(str(path), _rows(path, descriptions), descriptions=descriptions)


def _rows(path: str | Path, descriptions: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for fields in split_rows(path, after_header(read_lines(path), 0), _N_COLUMNS):
        descriptions[fields[0]] = fields[_DESCRIPTION]
        for source, column in _SOURCES.items():
            for alias in fields[column].split("|"):
                if alias:
                    yield fields[0], alias, source


FORMAT = Format(
    name="sgd_features",
    title="SGD_features.tab",
    recognised="It has 16 tab-separated columns, the first of which is an SGDID such as S000000001",
    gives="The ORF name, gene name, aliases and secondary SGDIDs of each SGDID, and its description, which is shown"
    " only.",
    refuses="A row of another number of columns is an error.",
    matches=_matches,
    read=_read,
)
