"""STRING's file of actions, which STRING published up to release 11."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import (
    STRING_SCALE,
    Block,
    Edges,
    NetworkOptions,
    header_of,
    read_rows,
)
from genessl.data.formats.networks.weights import read_scores
from genessl.data.text_files import Head, read_head

_REQUIRED = ("item_id_a", "item_id_b", "mode", "score")


def _matches(head: Head) -> bool:
    return set(_REQUIRED) <= set(header_of(head.first[1], "\t"))


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    number, line = read_head(path).first
    header = header_of(line, "\t")
    a, b, mode, score = (header.index(name) for name in _REQUIRED)

    def parse(block: Block) -> Edges:
        columns = block.columns
        return Edges(columns[a], columns[b], read_scores(block, score) / STRING_SCALE, columns[mode])

    return read_rows(path, options, parse, separator="\t", width=len(header), after=number)


FORMAT = Format(
    name="string_actions",
    title="STRING actions",
    recognised="The first line names the columns item_id_a, item_id_b, mode and score",
    gives="One edge a line, with score / 1000 as its weight; `channels` chooses modes, such as binding.",
    refuses="A score that is no number or negative, and a line with another number of columns than the first.",
    matches=_matches,
    read=_read,
)
