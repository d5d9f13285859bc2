"""GeneMANIA's networks: Gene_A, Gene_B and Weight."""

from __future__ import annotations

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edges import read_edges
from genessl.data.text_files import Head


def _matches(head: Head) -> bool:
    return set(head.header) == {"gene_a", "gene_b", "weight"}


FORMAT = Format(
    name="genemania",
    title="GeneMANIA network",
    recognised="The first line names the columns Gene_A, Gene_B and Weight, separated by tabs",
    gives="One edge a line, with its weight.",
    refuses="As an edge table.",
    matches=_matches,
    read=read_edges,
)
