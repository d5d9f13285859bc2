"""The edge list of networkx: two nodes and the attributes of their edge as a Python dictionary."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import (
    COMMENTS,
    SHOWN,
    Block,
    Edges,
    Lines,
    NetworkOptions,
    collect,
    empty_names,
    line_blocks,
)
from genessl.data.formats.networks.header_words import WEIGHTS, plain
from genessl.data.formats.networks.weights import is_number, read_weights
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

_DATA = re.compile(r"\{\s*(\}|['\"]\w)")
_ATTRIBUTE = re.compile(r"['\"]([^'\"]*)['\"]\s*:\s*(?:np\.\w+\()?['\"]?([^,}'\")]*)")


def _row(line: str) -> tuple[str, str, dict[str, str]] | None:
    """Return both nodes and the attributes as text, or None if a line is no row."""
    ends, data = line[: line.find("{")], line[line.find("{") :].strip()
    if _DATA.match(data) is None or not data.endswith("}"):
        return None
    mark = next((mark for mark in ("\t", ",", ";") if mark in ends), None)
    nodes = [node.strip() for node in ends.strip(" \t,;").split(mark)]
    return (nodes[0], nodes[1], dict(_ATTRIBUTE.findall(data))) if len(nodes) == 2 else None


def _matches(head: Head) -> bool:
    return next((_row(line) is not None for _, line in head.lines if not line.startswith(COMMENTS)), False)


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    if options.channels is not None:
        raise InputError(f"{path}: found channels for the format networkx, which has none; remove `channels`")
    weight = _weight(read_head(path))

    def parse(lines: Lines) -> Edges:
        rows = [_row(text) for text in lines.texts]
        if None in rows:
            wrong = rows.index(None)
            raise InputError(
                f"{path}:{lines.numbers[wrong]}: found '{lines.texts[wrong][:SHOWN]}', expected two nodes and their"
                " attributes in braces, as in the first line; correct it"
            )
        a, b, data = zip(*(row for row in rows if row is not None))
        block = Block(path, lines.numbers, [a, b, [each.get(weight, "1" if weight is None else "") for each in data]])
        weights, lost = read_weights(block, 2, sign=options.sign, decimal_comma=False)
        return Edges(a, b, weights, losses=[*empty_names(a, b), *lost])

    return collect(path, map(parse, line_blocks(path, most=options.first_rows)), options)


def _weight(head: Head) -> str | None:
    """Return the attribute that is the weight, or None if no attribute is a number."""
    number, *_ = next(row for row in head.lines if not row[1].startswith(COMMENTS))
    rows = [found[2] for _, line in head.lines if not line.startswith(COMMENTS) and (found := _row(line)) is not None]
    numeric = list(dict.fromkeys(name for data in rows for name, value in data.items() if is_number(value)))
    known = [name for word in WEIGHTS for name in numeric if plain(name) == word]
    if numeric and not known:
        raise InputError(
            f"{head.path}:{number}: found the attributes {', '.join(map(repr, numeric))[:200]}, expected 'weight';"
            " write the edges with the attribute that is their weight, as two names and a number a line"
        )
    return known[0] if known else None


FORMAT = Format(
    name="networkx",
    title="networkx edge list",
    recognised="The first line has two nodes and a Python dictionary, such as {'weight': 0.5} or {}",
    gives="One edge a line, weighed by the attribute weight or another one that the header of an edge table may name,"
    " or 1 where no attribute is a number.",
    refuses="A line without two nodes and a dictionary, and numbers that do not say whether they are weights; otherwise"
    " as an edge table.",
    matches=_matches,
    read=_read,
)
