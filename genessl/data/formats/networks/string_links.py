"""STRING's files of links: protein1, protein2, perhaps scores by channel, and combined_score, up to 1000."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import (
    STRING_SCALE,
    Block,
    Edges,
    NetworkOptions,
    check_channels,
    header_of,
    read_rows,
)
from genessl.data.formats.networks.weights import read_scores
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

STRING_PRIOR = 0.041
_REQUIRED = ("protein1", "protein2", "combined_score")


def combine_channels(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Combine STRING scores in [0, 1], shape (n_channels, n_edges), into one per edge; see `read_network`."""
    evidence = np.clip((scores - STRING_PRIOR) / (1 - STRING_PRIOR), 0, 1)
    combined = 1 - (1 - STRING_PRIOR) * np.prod(1 - evidence, axis=0)
    return np.where(evidence.any(axis=0), combined, 0.0)


def _matches(head: Head) -> bool:
    return set(_REQUIRED) <= set(header_of(head.first[1], None))


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    number, line = read_head(path).first
    header = header_of(line, None)
    a, b, combined = (header.index(name) for name in _REQUIRED)
    channels = options.channels
    if channels is not None:
        check_channels(path, channels, [name for name in header if name not in _REQUIRED])
    scored = [combined] if channels is None else [header.index(channel) for channel in dict.fromkeys(channels)]

    def parse(block: Block) -> Edges:
        scores = [_scores(block, column) for column in scored]
        weights = scores[0] if channels is None else combine_channels(np.stack(scores))
        return Edges(block.columns[a], block.columns[b], weights)

    return read_rows(path, options, parse, separator=None, width=len(header), after=number)


def _scores(block: Block, column: int) -> NDArray[np.float64]:
    scores = read_scores(block, column)
    wrong = (scores != np.rint(scores)) | (scores > STRING_SCALE)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{block.path}:{block.numbers[row]}: found the score '{block.columns[column][row]}', expected a whole"
            " number up to 1000 as STRING's links have them; give `format: edges` if the scores were changed"
        )
    return scores / STRING_SCALE


FORMAT = Format(
    name="string",
    title="STRING links",
    recognised="The first line names the columns protein1, protein2 and combined_score",
    gives="One edge a line, with combined_score / 1000 as its weight; `channels` combines other columns instead.",
    refuses="A score that is no whole number from 0 to 1000, and a line with another number of columns than the first.",
    matches=_matches,
    read=_read,
)
