"""NCBI's gene_info."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import BLANK, after_header, split_rows
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head, read_lines

_SOURCES = {"symbol": "symbol", "locustag": "locus_tag", "synonyms": "synonym"}
_OFFICIAL = "symbol_from_nomenclature_authority"


def _matches(head: Head) -> bool:
    return "geneid" in head.header and {"symbol", "locustag"} <= set(head.header)


def _read(path: str | Path) -> AliasTable:
    descriptions: dict[str, str] = {}
    return AliasTable.from_rows(str(path), _rows(path, read_head(path), descriptions), descriptions=descriptions)


def _rows(path: str | Path, head: Head, descriptions: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    column_of = {name: column for column, name in enumerate(head.header)}
    sources = {name: source for name, source in {**_SOURCES, _OFFICIAL: "symbol"}.items() if name in column_of}
    lines = after_header(read_lines(path), head.first[0])
    for fields in split_rows(path, lines, len(head.header), " as in the header"):
        record = fields[column_of["geneid"]]
        described = fields[column_of["description"]] if "description" in column_of else ""
        descriptions[record] = "" if described in BLANK else described
        for name, source in sources.items():
            for word in fields[column_of[name]].split("|"):
                if word not in BLANK:
                    yield record, word, source
        for reference in fields[column_of["dbxrefs"]].split("|") if "dbxrefs" in column_of else ():
            database, _, name = reference.partition(":")
            if name:
                yield record, name, database


FORMAT = Format(
    name="ncbi_gene_info",
    title="NCBI gene_info",
    recognised="The header has the columns GeneID, Symbol and LocusTag",
    gives="The symbol, locus tag, synonyms and cross-references of each GeneID, and its description, which is shown"
    " only.",
    refuses="Chromosomes and types are not read. A row with another number of columns than the header is an error.",
    matches=_matches,
    read=_read,
)
