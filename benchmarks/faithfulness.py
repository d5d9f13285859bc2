"""Tell whether explanations name what counts: remove the named evidence, or as much other evidence, and score again.

    python -m benchmarks.faithfulness results/yeast_2016      # writes faithfulness.tsv there

For new predictions as the report lists them, of different genes, the model's explanation names evidence that can be
removed: edges, homologs, domains and electronic annotations. The few pieces that speak loudest for the prediction are
removed from a copy of the dataset; from another copy as many of the same kinds and sources, drawn at random from all
that the gene has. The trained model scores both copies. The table holds for each pair its score and by how much the
log-odds fell; the mean of both, with a bootstrap interval, and their ratio are printed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.explain.removal import REMOVABLE, as_many_others, own_evidence, without_evidence
from genessl.models.base import GenePredictor
from genessl.models.reasons import log_odds
from genessl.output.predictions import read_predictions
from genessl.output.report.discoveries import strongest_new_predictions

_EVERYTHING = 100_000
_FEWEST = 3
_KEYS = ["gene", "kind", "source", "what"]


def measure(
    predictor: GenePredictor, dataset: GeneDataset, pairs: list[tuple[str, str]], *, most: int, seed: int
) -> pd.DataFrame:
    """Return how much the log-odds of pairs fall without the named and without other evidence.

    Parameters
    ----------
    predictor : GenePredictor
        Fitted.
    dataset : GeneDataset
    pairs : list of (str, str)
        A gene and a term each; no gene twice.
    most : int
        The most pieces of evidence to remove of a gene.
    seed : int
        Of the draw of other evidence.

    Returns
    -------
    DataFrame
        Columns gene, term, score, n_removed, named and random; pairs without removable evidence are left out.
    """
    told = predictor.explain_pairs(dataset, pairs)
    speaking = told[told["kind"].isin(REMOVABLE) & (told["contribution"] > 0)]
    evidence = pd.concat([own_evidence(dataset, gene) for gene, _ in pairs], ignore_index=True)
    named = speaking.merge(evidence, on=_KEYS).groupby("gene", sort=False).head(most)[_KEYS]
    others = as_many_others(dataset, named, np.random.default_rng(seed))
    row_of = {gene: row for row, gene in enumerate(dataset.genes.tolist())}
    removed = named["gene"].value_counts()
    kept = [(gene, term) for gene, term in pairs if gene in removed.index]
    rows, columns = [row_of[gene] for gene, _ in kept], [dataset.ontology.index[term] for _, term in kept]
    tables = [dataset, without_evidence(dataset, named), without_evidence(dataset, others)]
    scores = [predictor.predict_proba(table)[rows, columns] for table in tables]
    before, without_named, without_others = (np.array([log_odds(score) for score in part]) for part in scores)
    found = pd.DataFrame(kept, columns=["gene", "term"]).assign(score=scores[0])
    found["n_removed"] = removed[found["gene"]].to_numpy()
    return found.assign(named=before - without_named, random=before - without_others)


def pairs_to_test(run: Path, model: str, dataset: GeneDataset, *, n_pairs: int, seed: int) -> list[tuple[str, str]]:
    """Draw new predictions of a model, one of each gene."""
    predictions = read_predictions(run / "predictions" / f"{model}.tsv.gz")
    listed = strongest_new_predictions(predictions, dataset, per_aspect=_EVERYTHING)
    best = listed.sort_values("score", ascending=False, kind="stable").drop_duplicates("gene")
    chosen = best.head(2 * n_pairs).sample(min(n_pairs, len(best)), random_state=seed)
    return list(zip(chosen["gene"], chosen["term"]))


def main(arguments: list[str] | None = None) -> int:
    """Test the explanations of a run's model; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run, with dataset/, models/ and predictions/")
    parser.add_argument("--model", default="combined")
    parser.add_argument("--pairs", type=int, default=200, help="how many predictions to test")
    parser.add_argument("--most", type=int, default=3, help="the most pieces of evidence to remove of a gene")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="table to write; faithfulness.tsv in the run's folder by default")
    chosen = parser.parse_args(arguments)
    try:
        dataset = GeneDataset.load(chosen.run / "dataset")
        predictor = GenePredictor.load(chosen.run / "models" / chosen.model)
        pairs = pairs_to_test(chosen.run, chosen.model, dataset, n_pairs=chosen.pairs, seed=chosen.seed)
        if not pairs:
            raise InputError(f"{chosen.run}: found no new prediction of {chosen.model} to explain, expected some")
        table = measure(predictor, dataset, pairs, most=chosen.most, seed=chosen.seed)
        if len(table) < _FEWEST:
            raise InputError(
                f"{chosen.model}: found evidence to remove for {len(table)} predictions, expected {_FEWEST} at least"
            )
    except InputError as error:
        print(f"faithfulness.py: error: {error}", file=sys.stderr)
        return 2
    table.to_csv(chosen.output or chosen.run / "faithfulness.tsv", sep="\t", index=False, float_format="%.4f")
    print(f"{len(table)} predictions, {table['n_removed'].mean():.1f} pieces of evidence removed of each")
    for name in ("named", "random"):
        interval = bootstrap((table[name].to_numpy(),), np.mean, rng=chosen.seed).confidence_interval
        print(f"{name:7s} log-odds fall by {table[name].mean():.3f} [{interval.low:.3f}, {interval.high:.3f}]")
    print(f"ratio   {table['named'].mean() / table['random'].mean():.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
