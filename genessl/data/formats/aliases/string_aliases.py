"""STRING's protein.aliases, releases 9 to 12."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import after_header, header_words, split_rows
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head, read_lines

_COLUMNS = ["string_protein_id", "alias", "source"]
_OLD_COLUMNS = ["species_ncbi_taxon_id", "protein_id", "alias", "source"]


def _matches(head: Head) -> bool:
    return header_words(head.first[1])[:4] in (_COLUMNS, [*_COLUMNS, ""], _OLD_COLUMNS)


def _read(path: str | Path) -> AliasTable:
    number, header = read_head(path).first
    lines = after_header(read_lines(path), number)
    if header_words(header)[0] == _OLD_COLUMNS[0]:
        records = ((f"{taxon}.{protein}", *rest) for taxon, protein, *rest in split_rows(path, lines, 4))
    else:
        records = ((record, *rest) for record, *rest in split_rows(path, lines, 3))
    return AliasTable.from_rows(str(path), _by_source(records))


def _by_source(rows: Iterator[tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    for record, alias, sources in rows:
        if " " not in sources:
            yield record, alias, sources
        else:  # releases up to 11.0 list all sources of an alias in one row
            for source in sources.split():
                yield record, alias, source


FORMAT = Format(
    name="string_aliases",
    title="STRING protein.aliases",
    recognised="The header is string_protein_id, alias, source, or in older releases species_ncbi_taxon_id, protein_id,"
    " alias, source",
    gives="Every alias of a STRING protein, under its source, such as UniProt_AC or SGD_ID. The record is the STRING"
    " identifier, which matches with and without its taxon number.",
    refuses="A row of another number of columns is an error.",
    matches=_matches,
    read=_read,
)
