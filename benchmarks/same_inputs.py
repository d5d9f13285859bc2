"""What a run's models are to be compared with: closed forms on the same inputs, and models fitted on permuted labels.

    python -m benchmarks.same_inputs results/yeast_2016 --ontology go_2015-07-11.obo.gz

Fits on the run's dataset, evaluates by the run's protocol, and writes same_inputs.tsv into the run's folder, with the
columns of evaluation.tsv. A row's name says what is fitted:

- `kernel_regression, networks only` and `kernel_regression, sequences only` read what `graph_network` and
  `sequence_network` read;
- `graph_network, permuted labels`, `sequence_network, permuted labels`: the labels' rows are shuffled among the
  labelled genes, so that whatever they score clearly above `term_frequency` has leaked;
- `combined, electronic annotations unread`: no member and no teacher sees their GO terms. The domains that they cite
  stay features of the sequences, as for `domain_neighbours` and every other row.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from benchmarks.run_evaluation import evaluate_on_run
from genessl.data.dataset import GeneDataset
from genessl.data.folders import write_table
from genessl.errors import InputError
from genessl.predictors import make_predictor


def networks_only(dataset: GeneDataset) -> GeneDataset:
    """Return the dataset without features of sequences and without homology."""
    return replace(
        dataset,
        sequence_features=np.zeros((dataset.n_genes, 0), dtype=np.float32),
        feature_names=(),
        homology=csr_array(dataset.homology.shape, dtype=np.float32),
    )


def sequences_only(dataset: GeneDataset) -> GeneDataset:
    """Return the dataset without networks."""
    return replace(dataset, networks={})


def without_electronic(dataset: GeneDataset) -> GeneDataset:
    """Return the dataset without electronic annotations."""
    none = csr_array(dataset.electronic.shape, dtype=bool)
    return replace(dataset, electronic=none, electronic_sources={"none": none})


def permuted(dataset: GeneDataset) -> GeneDataset:
    """Return the dataset with the labels' rows shuffled among the labelled genes, and without annotations by NOT."""
    rows = np.arange(dataset.n_genes)
    labelled = np.flatnonzero(dataset.labelled.any(axis=1))
    rows[labelled] = np.random.default_rng(1).permutation(labelled)
    none = csr_array(dataset.positive.shape, dtype=bool)
    return replace(dataset, positive=csr_array(dataset.positive[rows]), negative=none)


ROWS: dict[str, tuple[str, Callable[[GeneDataset], GeneDataset]]] = {
    "kernel_regression, networks only": ("kernel_regression", networks_only),
    "kernel_regression, sequences only": ("kernel_regression", sequences_only),
    "graph_network, permuted labels": ("graph_network", permuted),
    "sequence_network, permuted labels": ("sequence_network", permuted),
    "combined, electronic annotations unread": ("combined", without_electronic),
}


def scores(dataset: GeneDataset, names: Collection[str] = tuple(ROWS)) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the scores of the named rows on a dataset that hides the labels to test."""
    for name in names:
        model, changed = ROWS[name]
        seen = changed(dataset)
        fitted = make_predictor(model, {}).fit(seen)
        yield name, dataset.ontology.propagate_scores(np.round(fitted.predict_proba(seen), 4))


def main(arguments: list[str] | None = None) -> int:
    """Write same_inputs.tsv; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run, results/ORGANISM")
    parser.add_argument("--ontology", type=Path, required=True, help="the run's ontology, OBO")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), help="which rows; all by default")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        table = evaluate_on_run(chosen.run, chosen.ontology, lambda dataset: scores(dataset, chosen.rows))
        write_table(chosen.run / "same_inputs.tsv", table)
    except InputError as error:
        print(f"same_inputs.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
