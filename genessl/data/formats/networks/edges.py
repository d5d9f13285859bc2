"""Edge tables: two names a line, and perhaps a weight, among other columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import (
    COMMENTS,
    Block,
    Edges,
    Lines,
    NetworkOptions,
    collect,
    empty_names,
    line_blocks,
    split,
    wrong_width,
)
from genessl.data.formats.networks.edge_columns import EdgeColumns, find_columns, separator_of, split_line
from genessl.data.formats.networks.weights import read_weights
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

_Rename = Callable[[Block, int], Sequence[str]]


def read_edges(path: Path, options: NetworkOptions, *, rename: _Rename | None = None) -> pd.DataFrame:
    """Read an edge table.

    Parameters
    ----------
    path : Path
    options : NetworkOptions
    rename : callable, optional
        It returns the nodes that the cells of a column of a block mean; otherwise they are the nodes' names.
    """
    if options.channels is not None:
        raise InputError(f"{path}: found channels for an edge table, which has none; remove `channels`")
    columns = find_columns(read_head(path), options.columns)
    blocks = _split_blocks(line_blocks(path, after=columns.after, most=options.first_rows), columns)
    return collect(path, (_parse(block, columns, options, rename) for block in blocks), options)


def _parse(block: Block, columns: EdgeColumns, options: NetworkOptions, rename: _Rename | None) -> Edges:
    if rename is not None:
        a, b = rename(block, columns.a), rename(block, columns.b)
    elif columns.separator is None:
        a, b = block.columns[columns.a], block.columns[columns.b]
    else:
        a, b = (list(map(str.strip, block.columns[column])) for column in (columns.a, columns.b))
    losses = empty_names(a, b)
    if columns.weight is None:
        return Edges(a, b, np.ones(len(block.numbers)), losses=losses)
    weights, lost = read_weights(block, columns.weight, sign=options.sign, decimal_comma=columns.decimal_comma)
    return Edges(a, b, weights / columns.scale, losses=losses + lost)


def _split_blocks(blocks: Iterable[Lines], columns: EdgeColumns) -> Iterator[Block]:
    for lines in blocks:
        if any('"' in text or text.startswith("'") for text in lines.texts):
            yield _split_quoted(lines, columns)
        else:
            yield split(lines, columns.separator, columns.width)


def _split_quoted(lines: Lines, columns: EdgeColumns) -> Block:
    rows = [split_line(text, columns.separator) for text in lines.texts]
    for number, row in zip(lines.numbers, rows):
        if len(row) != columns.width:
            raise wrong_width(lines.path, number, len(row), columns.width)
    return Block(lines.path, lines.numbers, list(zip(*rows)))


def _matches(head: Head) -> bool:
    lines = [line for _, line in head.lines if not line.startswith(COMMENTS)]
    return not lines or len(split_line(lines[0], separator_of(lines))) > 1


FORMAT = Format(
    name="edges",
    title="Edge table",
    recognised="It is none of the others, and its first line has at least two columns, separated by tabs, semicolons,"
    " commas or blanks, perhaps in quotes; that line is a header if its weight is no number, or its words are no names",
    gives="Two names a line and perhaps a weight; of more columns, those that the header calls gene1 and gene2, source"
    " and target, or alike, and weight or score. `columns` chooses any, and `sign` says what a negative weight means."
    " STRING's combined_score up to 1000 is divided by 1000.",
    refuses="Rows without a name or a weight (NA, NaN) are left out and counted. A negative weight without `sign`, text"
    " for a weight, a matrix, and a table that leaves open which columns are meant, are errors.",
    matches=_matches,
    read=read_edges,
)
