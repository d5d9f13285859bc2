"""Gene product information (GPI) of the Gene Ontology, versions 1.0 to 2.1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import after_header
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_TAXON = re.compile(r"(NCBITaxon|taxon):\d+", re.IGNORECASE)
_VERSION = re.compile(r"!\s*gpi-version:\s*(\S+)", re.IGNORECASE)


def _version(head: Head) -> str | None:
    found = (_VERSION.match(line) for _, line in head.lines)
    return next((match[1] for match in found if match), None)


def _matches(head: Head) -> bool:
    return _version(head) is not None


def _read(path: str | Path) -> AliasTable:
    descriptions: dict[str, str] = {}
    return AliasTable.from_rows(str(path), _rows(path, descriptions), descriptions=descriptions)


def _rows(path: str | Path, descriptions: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Find the columns by that of the taxon: the five before it are the same in all versions."""
    second = first = False
    for number, line in after_header(read_lines(path), 0):
        if line.startswith("!"):
            if match := _VERSION.match(line):
                second, first = match[1].startswith("2"), match[1] in ("1", "1.0")
            continue
        fields = line.split("\t")
        taxon = next((column for column, cell in enumerate(fields) if _TAXON.match(cell.strip())), -1)
        if taxon < 5:
            raise InputError(
                f"{path}:{number}: found no taxon such as 'taxon:559292' after 5 columns, expected the columns of a"
                " GPI; download or copy it again"
            )
        descriptions[_record(fields, taxon, second)] = fields[taxon - 3]
        yield from _row([*fields, *[""] * 5], taxon, second, first)


def _row(fields: list[str], taxon: int, second: bool, first: bool) -> Iterator[tuple[str, str, str]]:
    record = _record(fields, taxon, second)
    yield record, fields[taxon - 4], "symbol"
    for word in fields[taxon - 2].split("|"):
        if word.strip():
            yield record, word, "synonym"
    encoded, parent, others = (
        (taxon + 1, taxon + 2, taxon + 4) if second else (-1, taxon + (3 if first else 1), taxon + 2)
    )
    cells = {"gene": fields[encoded] if second else "", "parent": fields[parent]}
    for source, cell in cells.items():
        for word in cell.split("|"):
            if word.strip():
                yield record, _local(word)[1], source
    for word in "" if first else fields[others].split("|"):
        database, name = _local(word)
        if name:
            yield record, name, database or "cross-reference"


def _record(fields: list[str], taxon: int, second: bool) -> str:
    return _local(fields[taxon - 5])[1] if second else fields[taxon - 5]


def _local(word: str) -> tuple[str, str]:
    """Part the database's name from an identifier: MGI:MGI:123 is MGI:123 of MGI."""
    database, colon, name = word.strip().partition(":")
    return (database, name.strip()) if colon else ("", database)


FORMAT = Format(
    name="gpi",
    title="GPI 1.x and 2.x",
    recognised="A line begins with !gpi-version",
    gives="The symbol, synonyms, encoding gene, parent protein and cross-references of each object, these without the"
    " name of their database; and its name, which is shown only.",
    refuses="Types, members of complexes and properties are not read. A row without a taxon is an error.",
    matches=_matches,
    read=_read,
)
