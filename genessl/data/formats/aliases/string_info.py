"""STRING's protein.info: names, and descriptions for display."""

from __future__ import annotations

from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import after_header
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head, read_lines
from genessl.errors import InputError

_NO_ANNOTATION = "annotation not available"
_IDENTIFIER = ("string_protein_id", "protein_external_id")


def _matches(head: Head) -> bool:
    return head.header[0] in _IDENTIFIER and head.header[1:2] == ("preferred_name",)


def _read(path: str | Path) -> AliasTable:
    number, _ = read_head(path).first
    rows: list[tuple[str, str, str]] = []
    descriptions: dict[str, str] = {}
    for line_number, line in after_header(read_lines(path), number):
        fields = line.split("\t", 3)
        if len(fields) < 2:
            raise InputError(
                f"{path}:{line_number}: found 1 tab-separated column, expected at least 2; download or copy it again"
            )
        rows.append((fields[0], fields[1], "preferred_name"))
        if len(fields) > 3 and fields[3] != _NO_ANNOTATION:
            descriptions[fields[0]] = fields[3]
    return AliasTable.from_rows(str(path), rows, descriptions=descriptions)


FORMAT = Format(
    name="string_info",
    title="STRING protein.info",
    recognised="The header begins with string_protein_id (or protein_external_id) and preferred_name",
    gives="The preferred name of each STRING protein, and its annotation, which is shown only.",
    refuses="The size is not read, and no model reads the annotation: it tells what a gene does.",
    matches=_matches,
    read=_read,
)
