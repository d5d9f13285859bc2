"""Tell how far the scores and the probabilities of a cross-validated run can be trusted.

    python -m benchmarks.reliability results/yeast_2020_cv      # writes probabilities.tsv there

For each model of the run and each aspect, over the pairs that its out-of-fold table lists: `ece` (expected calibration
error) and `brier` of the score taken for a probability, and of the probability by a calibration that has not seen the
gene's fold. `list` is the share that held of the report's list of new predictions (in each aspect 20 specific terms
that no electronic annotation names), as if every annotated gene were one without experiments: ordered by score, and by
probability. The columns are those of evaluation.tsv, without intervals; a row's name says what is measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.evaluation.comparison import COLUMNS, table_positions
from genessl.evaluation.probabilities import cross_fitted_probability
from genessl.evaluation.reliability import evaluation_rows, reliability
from genessl.output.predictions import read_predictions
from genessl.output.report.discoveries import strongest_new_predictions


def measure(table: pd.DataFrame, dataset: GeneDataset, model: str) -> pd.DataFrame:
    """Measure one table of out-of-fold predictions.

    Parameters
    ----------
    table : DataFrame
        Columns gene, term and score.
    dataset : GeneDataset
        With all labels, for cross-validation.
    model : str

    Returns
    -------
    DataFrame
        With the columns `COLUMNS`.
    """
    rows, columns, known = table_positions(table, dataset.genes, dataset.ontology, model)
    scores = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
    scores[rows[known], columns[known]] = table["score"].to_numpy()[known]
    told = {
        "score": scores,
        "probability": cross_fitted_probability(dataset, scores, dataset.split.astype(np.intp)),
    }
    everyone = np.ones(dataset.n_genes, dtype=bool)
    parts = []
    for kind, values in told.items():
        name = f"{model}, {kind}"
        parts += [evaluation_rows(name, "CV", found) for found in reliability(dataset, scores, values, everyone)]
        probability = np.nan if kind == "score" else _at(values, rows, columns, known)
        parts.append(list_precision(table.assign(probability=probability), dataset, name))
    return pd.concat(parts, ignore_index=True)


def list_precision(table: pd.DataFrame, dataset: GeneDataset, name: str) -> pd.DataFrame:
    """Return the share that held of the list of new predictions in each aspect, of annotated genes."""
    chosen = strongest_new_predictions(table, dataset, genes=dataset.labelled)
    row_of = {gene: row for row, gene in enumerate(dataset.genes.tolist())}
    places = [row_of[gene] for gene in chosen["gene"]], [dataset.ontology.index[term] for term in chosen["term"]]
    held = _entries(dataset.positive, *places)
    shares = pd.DataFrame({"aspect": chosen["aspect"], "value": held}).groupby("aspect")["value"].agg(["mean", "size"])
    rows = [
        (name, aspect, "CV", "list", share, np.nan, np.nan, int(n)) for aspect, share, n in shares.itertuples(name=None)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _entries(matrix: csr_array, rows: list[int], columns: list[int]) -> NDArray[np.float64]:
    return np.asarray(matrix[rows, columns], dtype=np.float64).ravel() if rows else np.zeros(0)


def _at(
    values: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp], known: NDArray[np.bool_]
) -> NDArray[np.float32]:
    return np.where(known, values[np.where(known, rows, 0), np.where(known, columns, 0)], np.nan)


def main(arguments: list[str] | None = None) -> int:
    """Measure every model of a run; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a cross-validated run, with dataset/ and out_of_fold/")
    parser.add_argument("--output", type=Path, help="table to write; probabilities.tsv in the run's folder by default")
    chosen = parser.parse_args(arguments)
    try:
        dataset = GeneDataset.load(chosen.run / "dataset")
        files = sorted((chosen.run / "out_of_fold").glob("*.tsv.gz"))
        if dataset.scheme != "cross_validation" or not files:
            raise InputError(f"{chosen.run}: found no out-of-fold predictions, expected a cross-validated run")
        found = [measure(read_predictions(file), dataset, file.name.removesuffix(".tsv.gz")) for file in files]
    except InputError as error:
        print(f"reliability.py: error: {error}", file=sys.stderr)
        return 2
    table = pd.concat(found, ignore_index=True)
    table.to_csv(chosen.output or chosen.run / "probabilities.tsv", sep="\t", index=False)
    shown = table.pivot_table(index="model", columns=["metric", "aspect"], values="value")
    print(shown.round(3).to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main())
