"""STRING's protein.info, of which the names are read."""

from __future__ import annotations

from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import after_header
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head, read_lines
from genessl.errors import InputError

_IDENTIFIER = ("string_protein_id", "protein_external_id")


def _matches(head: Head) -> bool:
    return head.header[0] in _IDENTIFIER and head.header[1:2] == ("preferred_name",)


def _read(path: str | Path) -> AliasTable:
    number, _ = read_head(path).first
    rows: list[tuple[str, str, str]] = []
    for line_number, line in after_header(read_lines(path), number):
        fields = line.split("\t", 2)
        if len(fields) < 2:
            raise InputError(
                f"{path}:{line_number}: found 1 tab-separated column, expected at least 2; download or copy it again"
            )
        rows.append((fields[0], fields[1], "preferred_name"))
    return AliasTable.from_rows(str(path), rows)


FORMAT = Format(
    name="string_info",
    title="STRING protein.info",
    recognised="The header begins with string_protein_id (or protein_external_id) and preferred_name",
    gives="The preferred name of each STRING protein.",
    refuses="The size and the free text of the annotation are not read: the text tells what a gene does.",
    matches=_matches,
    read=_read,
)
