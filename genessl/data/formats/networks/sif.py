"""SIF, Cytoscape's simple interaction format: a node, the type of an interaction, and the nodes at its other end."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import COMMENTS, Edges, Lines, NetworkOptions, collect, line_blocks
from genessl.data.formats.networks.header_words import name_pair
from genessl.data.formats.networks.weights import is_number
from genessl.data.text_files import Head
from genessl.errors import InputError

_log = logging.getLogger(__name__)

_TYPES = frozenset({
    "pp", "pd", "pr", "rc", "cr", "gl", "pm", "mp", "dp", "interacts", "interacts-with", "interacts_with",
    "interacts with", "interaction", "undirected", "directed", "physical", "genetic", "activates", "inhibits", "binds",
    "controls-state-change-of", "controls-expression-of", "in-complex-with",
})  # fmt: skip
_WORDS = 50


def _words(line: str, most: int = -1) -> list[str]:
    """Return the words of a line: a tab anywhere means that tabs divide it, otherwise any blanks do."""
    words = (word.strip() for word in line.split("\t" if "\t" in line else None, most))
    return [word for word in words if word]


def _matches(head: Head) -> bool:
    rows = [_words(line, _WORDS)[:_WORDS] for _, line in head.lines if not line.startswith(COMMENTS)]
    edges = [row for row in rows if len(row) > 2]
    if 2 * len(edges) <= sum(len(row) > 1 for row in rows) or name_pair(edges[0]) is not None:
        return False
    types, targets = [row[1] for row in edges], [target for row in edges for target in row[2:]]
    if any(map(is_number, types)) or any(is_number(target) and not target.isdigit() for target in targets):
        return False
    if {word.lower() for word in types} <= _TYPES:
        return True
    sources, kinds = {row[0] for row in edges}, set(types)
    if kinds & sources or kinds & set(targets) or 2 * len(kinds) > len(types) or len(set(targets)) <= len(kinds):
        return False
    return not any(map(is_number, targets)) or bool(sources & set(targets))


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    if options.channels is not None:
        raise InputError(f"{path}: found channels for the format sif, which has none; remove `channels`")
    return collect(path, map(_parse, line_blocks(path, most=options.first_rows)), options)


def _parse(lines: Lines) -> Edges:
    a: list[str] = []
    b: list[str] = []
    alone = 0
    for number, text in zip(lines.numbers, lines.texts):
        words = _words(text)
        if len(words) == 2:
            raise InputError(
                f"{lines.path}:{number}: found 2 words, expected a node, the type of its interaction and at least one"
                " more node, as in the first lines; correct the line, or give `format: edges`"
            )
        alone += len(words) == 1
        a += words[:1] * (len(words) - 2)
        b += words[2:]
    if alone:
        _log.info("%s: %d nodes stand alone on their line and add no edge", lines.path, alone)
    return Edges(a, b, np.ones(len(a)))


FORMAT = Format(
    name="sif",
    title="SIF",
    recognised="Each line has at least three words, of which the second is the type of an interaction (pp, interacts"
    " with) and recurs from line to line",
    gives="An edge of weight 1 from the first node of a line to each node after the type; the types are not used.",
    refuses="A line of two words.",
    matches=_matches,
    read=_read,
)
