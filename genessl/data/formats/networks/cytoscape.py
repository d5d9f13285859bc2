"""The table of edges that Cytoscape exports, in which an edge is named 'A (type) B'."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pandas as pd

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import (
    SHOWN,
    Block,
    Edges,
    Lines,
    NetworkOptions,
    collect,
    line_blocks,
    wrong_width,
)
from genessl.data.formats.networks.edge_columns import separator_of, split_line
from genessl.data.formats.networks.header_words import WEIGHTS, plain
from genessl.data.formats.networks.weights import read_weights
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

_log = logging.getLogger(__name__)

_NAMES = ("shared name", "name")
_EDGE = re.compile(r"(\S.*?) \(([^()]*)\) (.*\S)")


def _matches(head: Head) -> bool:
    separator = separator_of([line for _, line in head.lines])
    header = split_line(head.first[1], separator)
    name = next((header.index(name) for name in _NAMES if name in header), None)
    if name is None or len(head.lines) < 2:
        return False
    row = split_line(head.lines[1][1], separator)
    return len(row) > name and _EDGE.fullmatch(row[name]) is not None


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    if options.channels is not None:
        raise InputError(f"{path}: found channels for the format cytoscape, which has none; remove `channels`")
    head = read_head(path)
    separator = separator_of([line for _, line in head.lines])
    header = split_line(head.first[1], separator)
    name = next(header.index(name) for name in _NAMES if name in header)
    words = [plain(cell.rpartition("::")[2]) for cell in header]  # of a column stringdb::score, the score
    weight = next((words.index(word) for word in WEIGHTS if word in words), None)
    _log.info("%s: %s", path, "each edge weighs 1" if weight is None else f"edges are weighed by '{header[weight]}'")

    def parse(lines: Lines) -> Edges:
        rows = [split_line(text, separator) for text in lines.texts]
        for number, row in zip(lines.numbers, rows):
            if len(row) != len(header):
                raise wrong_width(path, number, len(row), len(header))
        edges = [_ends(path, number, row[name]) for number, row in zip(lines.numbers, rows)]
        a, b = ([edge[k] for edge in edges] for k in (0, 1))
        block = Block(path, lines.numbers, [["1" if weight is None else row[weight] for row in rows]])
        weights, lost = read_weights(block, 0, sign=options.sign, decimal_comma=False)
        return Edges(a, b, weights, losses=lost)

    blocks = line_blocks(path, after=head.first[0], comments=(), most=options.first_rows)
    return collect(path, map(parse, blocks), options)


def _ends(path: Path, number: int, text: str) -> tuple[str, str]:
    edge = _EDGE.fullmatch(text)
    if edge is None:
        raise InputError(
            f"{path}:{number}: found '{text[:SHOWN]}', expected the name of an edge as in 'A (pp) B'; correct it"
        )
    return edge[1], edge[3]


FORMAT = Format(
    name="cytoscape",
    title="Cytoscape edge table",
    recognised="A header has the column 'shared name' or 'name', below which edges are named as in 'A (pp) B'",
    gives="One edge a line between the two nodes of its name, weighed by the column that an edge table would take, or 1"
    " where there is none; the types are not used.",
    refuses="A name of an edge without a type in parentheses; otherwise as an edge table.",
    matches=_matches,
    read=_read,
)
