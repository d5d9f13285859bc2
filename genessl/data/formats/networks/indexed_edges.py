"""Edge tables whose names are the numbers of rows in a list of genes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import Block, NetworkOptions
from genessl.data.formats.networks.edges import read_edges
from genessl.data.text_files import Head
from genessl.errors import InputError


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    genes = options.genes
    if genes is None:
        raise InputError(f"{path}: indexed_edges need the genes that its row numbers mean; give their file as `genes`")

    def named(block: Block, column: int) -> list[str]:
        cells = block.columns[column]
        try:
            rows = list(map(int, cells))
            if min(rows) >= 1 and max(rows) <= len(genes):
                return [genes[row - 1] for row in rows]
        except ValueError:
            pass
        allowed = frozenset(map(str, range(1, len(genes) + 1)))
        number, text = next((n, text) for n, text in zip(block.numbers, cells) if text.strip() not in allowed)
        raise InputError(
            f"{block.path}:{number}: found '{text}', expected a row number from 1 to {len(genes)}; give the list of"
            " genes that belongs to the network"
        )

    return read_edges(path, options, rename=named)


def _matches(head: Head) -> bool:
    return False  # `genes` says that numbers are meant as rows, and nothing in the file does


FORMAT = Format(
    name="indexed_edges",
    title="Edge table of row numbers",
    recognised="The configuration gives `genes`, the list of genes, one a line, whose rows the file numbers from 1",
    gives="As an edge table, with the genes for the numbers.",
    refuses="A number that is no row of the list of genes; otherwise as an edge table.",
    matches=_matches,
    read=_read,
)
