"""OBO 1.2 and 1.4."""

from __future__ import annotations

from genessl.data.formats.format import Format
from genessl.data.ontology import read_obo
from genessl.data.text_files import Head


def _matches(head: Head) -> bool:
    return any(line.startswith(("format-version:", "[Term]")) for _, line in head.lines)


FORMAT = Format(
    name="obo",
    title="OBO 1.2 and 1.4",
    recognised="a line that begins with `format-version:` or `[Term]`",
    gives="terms, `is_a` and `part_of` within a namespace, `alt_id`, and what replaces an obsolete term",
    refuses="cycles, a term given twice, OWL and JSON; edges between namespaces are left out",
    matches=_matches,
    read=read_obo,
)
