"""STRING's tables for a few genes, from its website (string_interactions.tsv) or its programming interface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import (
    Block,
    Edges,
    NetworkOptions,
    NodeNames,
    check_channels,
    empty_names,
    header_of,
    read_rows,
)
from genessl.data.formats.networks.string_links import combine_channels
from genessl.data.formats.networks.weights import read_scores
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

# Identifiers and names of both ends as the releases of the website, and the programming interface, call them.
_ENDS = (
    ("node1_string_id", "node2_string_id", "node1", "node2"),
    ("node1_external_id", "node2_external_id", "node1", "node2"),
    ("node1_accession", "node2_accession", "node1", "node2"),
    ("stringId_A", "stringId_B", "preferredName_A", "preferredName_B"),
)
_SCORES = ("combined_score", "score")


def _ends(header: list[str]) -> tuple[str, str, str, str] | None:
    return next((ends for ends in _ENDS if set(ends) <= set(header) and set(_SCORES) & set(header)), None)


def _matches(head: Head) -> bool:
    return _ends(header_of(head.first[1], "\t")) is not None


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    number, line = read_head(path).first
    header = header_of(line, "\t")
    ends = _ends(header)
    assert ends is not None, "a format reads only what it matches"
    a, b, name_a, name_b = (header.index(name) for name in ends)
    score = next(name for name in _SCORES if name in header)
    names = NodeNames()
    channels = options.channels
    if channels is not None:
        others = header[max(a, b, name_a, name_b) + 1 :]
        check_channels(path, channels, [name for name in others if name not in (*_SCORES, "ncbiTaxonId")])
    scored = [header.index(name) for name in dict.fromkeys(channels if channels is not None else [score])]

    def parse(block: Block) -> Edges:
        scores = np.stack([read_scores(block, column) for column in scored])
        if (scores > 1).any():
            row = int(np.flatnonzero((scores > 1).any(axis=0))[0])
            raise InputError(
                f"{path}:{block.numbers[row]}: found the score {scores[:, row].max():g}, expected one from 0 to 1 as"
                " STRING's website writes them; download the table again"
            )
        both = []
        for identifier, name in ((a, name_a), (b, name_b)):
            pairs = zip(block.columns[identifier], block.columns[name])
            both.append([names.node((key.strip(), other.strip()), "") for key, other in pairs])
        weights = scores[0] if channels is None else combine_channels(scores)
        return Edges(both[0], both[1], weights, losses=empty_names(*both))

    return read_rows(path, options, parse, separator="\t", width=len(header), after=number, names=names)


FORMAT = Format(
    name="string_export",
    title="STRING web export",
    recognised="The first line names the columns node1, node2, node1_string_id, node2_string_id and combined_score, or"
    " those of earlier releases (node1_external_id, node1_accession) or of STRING's programming interface (stringId_A)",
    gives="One edge a line between the two STRING identifiers, with the combined score as its weight; the names of both"
    " proteins are tried where an identifier is not known.",
    refuses="A score above 1, and a line with another number of columns than the first.",
    matches=_matches,
    read=_read,
)
