"""PomBase's gene_IDs_names.tsv and gene_IDs_names_products.tsv."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import after_header, names_in
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head, read_lines
from genessl.errors import InputError

_RECORD, _PRODUCT = "gene_systematic_id", "gene_product"
_SOURCES = {"gene_name": "gene name", "uniprot_id": "UniProtKB", "synonyms": "synonym"}


def _header(head: Head) -> tuple[int, list[str]] | None:
    """Return the line and the columns of the header, which comments may precede."""
    for number, line in head.lines:
        columns = [name.strip().lower() for name in line.lstrip("# ").split("\t")]
        if _RECORD in columns:
            return number, columns
        if not line.startswith("#"):
            return None
    return None


def _matches(head: Head) -> bool:
    found = _header(head)
    return found is not None and not _SOURCES.keys().isdisjoint(found[1])


def _read(path: str | Path) -> AliasTable:
    descriptions: dict[str, str] = {}
    return AliasTable.from_rows(str(path), _rows(path, descriptions), descriptions=descriptions)


def _rows(path: str | Path, descriptions: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    found = _header(read_head(path))
    assert found is not None, "the format matched"
    number, columns = found
    sources = [(columns.index(name), source) for name, source in _SOURCES.items() if name in columns]
    for line_number, line in after_header(read_lines(path), number):
        fields = line.split("\t")
        if len(fields) > len(columns):
            raise InputError(
                f"{path}:{line_number}: found {len(fields)} tab-separated columns, expected {len(columns)} as in the"
                " header; download or copy it again"
            )
        fields += [""] * (len(columns) - len(fields))
        if _PRODUCT in columns:
            descriptions[fields[columns.index(_RECORD)]] = fields[columns.index(_PRODUCT)]
        for column, source in sources:
            for name in names_in(fields[column]):
                yield fields[columns.index(_RECORD)], name, source


FORMAT = Format(
    name="pombase",
    title="PomBase gene_IDs_names.tsv",
    recognised="The header has the column gene_systematic_id and at least one of gene_name, uniprot_id and synonyms",
    gives="The gene name, UniProt accession and synonyms of each systematic identifier, and its product, which is"
    " shown only.",
    refuses="Chromosomes and types are not read. A row with more columns than the header is an error.",
    matches=_matches,
    read=_read,
)
