"""The choice of the rows of a predictions file, and the fast composition of their text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.gene_names import GeneNames
from genessl.data.ontology import Ontology

MOST_TERMS = 1_500
LOWEST_SCORE = 0.01
UNKNOWN = -1
TICKS = 10_000  # scores are kept as whole ten-thousandths, four decimals
_GENES_AT_ONCE = 512


@dataclass(frozen=True)
class KeptRows:
    """The rows of a chunk of genes: for each gene its columns, scores and probabilities in ten-thousandths, best first.

    A probability that is not known is `UNKNOWN`.
    """

    genes: Sequence[str]
    names: GeneNames
    columns: list[NDArray[np.intp]]
    ticks: list[NDArray[np.int64]]
    probability: list[NDArray[np.int64]]
    known: NDArray[np.bool_]


def kept_rows(
    scores: NDArray[np.float32],
    genes: NDArray[np.str_],
    ontology: Ontology,
    known: csr_array,
    names: GeneNames,
    probability: NDArray[np.float32] | None,
) -> Iterator[KeptRows]:
    """Choose each gene's rows, in chunks of genes; see `genessl.output.predictions.write_predictions`."""
    rank = np.empty(len(ontology.terms), dtype=np.intp)
    rank[ontology.parents_first] = np.arange(len(ontology.terms))
    for start in range(0, len(genes), _GENES_AT_ONCE):
        rows = slice(start, start + _GENES_AT_ONCE)
        chunk = np.rint(scores[rows] * np.float64(TICKS)).astype(np.int64)
        chances = np.full_like(chunk, UNKNOWN)
        if probability is not None:
            told = probability[rows]
            np.copyto(chances, np.rint(np.nan_to_num(told) * np.float64(TICKS)).astype(np.int64), where=~np.isnan(told))
        columns = [_best(ticks, chance, rank) for ticks, chance in zip(chunk, chances)]
        yield KeptRows(
            genes=genes[rows].tolist(),
            names=names.take(range(len(genes))[rows]),
            columns=columns,
            ticks=[ticks[best] for ticks, best in zip(chunk, columns)],
            probability=[chance[best] for chance, best in zip(chances, columns)],
            known=known[rows].toarray(),
        )


def _best(ticks: NDArray[np.int64], chance: NDArray[np.int64], rank: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a gene's best columns by descending probability, score and then term; of equal ones parents are kept."""
    columns = np.flatnonzero(ticks >= round(LOWEST_SCORE * TICKS))
    if len(columns) > MOST_TERMS:
        order = np.lexsort((rank[columns], -ticks[columns], -chance[columns]))
        columns = np.sort(columns[order[:MOST_TERMS]])
    return columns[np.lexsort((columns, -ticks[columns], -chance[columns]))]


def write_rows(text: io.StringIO, prefix: str, rows: list[str], suffix: str = "") -> None:
    """Write one gene's rows, each between `prefix` and `suffix` on a line of its own."""
    if rows:
        text.write(prefix)
        text.write(f"{suffix}\n{prefix}".join(rows))
        text.write(f"{suffix}\n")
