"""The table From, To of UniProt's ID mapping."""

from __future__ import annotations

from genessl.data.formats.aliases.name_table import layout, read_name_table
from genessl.data.formats.format import Format
from genessl.data.text_files import Head


def _matches(head: Head) -> bool:
    return head.header[:2] == ("from", "to") and layout(head) is not None


FORMAT = Format(
    name="from_to",
    title="UniProt ID mapping (From, To)",
    recognised="The header begins with From and To",
    gives="Both names of each row, in either direction.",
    refuses="A row of more columns than the header is an error.",
    matches=_matches,
    read=read_name_table,
)
