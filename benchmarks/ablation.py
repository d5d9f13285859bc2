"""Ablation of the combined predictor: the scores of a run without each member and group of members.

    python benchmarks/ablation.py results/yeast_2016 --ontology go_2015-07-11.obo.gz

Reads the run's dataset, truth and trained model (under cross-validation it is fitted again for each fold, which takes
as long as `cross-validate`), leaves out members one at a time and in groups, fits the join and trains the judges again
on the remaining members. What a member itself reads or learns from (the pool, the label path, the embeddings) is left
out of a new fit of the whole. Writes ablation.tsv into the run's folder. Its columns are those of evaluation.tsv, and
the model's name says what is left out.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.run_evaluation import evaluate_on_run
from benchmarks.semi_supervised.without_pool import scores_without_pool
from genessl.data.dataset import GeneDataset
from genessl.data.folders import write_table
from genessl.errors import InputError
from genessl.features.nearest import embedding_columns
from genessl.models.base import GenePredictor
from genessl.semi_supervised.stacking.combined import PUPILS, TAUGHT, Combined
from genessl.semi_supervised.stacking.members import MEMBERS, MORE_MEMBERS
from genessl.semi_supervised.stacking.pair_network import PairNetwork

GROUPS = {
    "combined": (),
    "without electronic annotations": ("electronic_trust", "evidence_network"),
    "without teaching": ("taught sequence_network", "taught graph_network"),
    "without the graph network": ("graph_network", "taught graph_network"),
    "without the sequence network": ("sequence_network", "taught sequence_network"),
    "without both neural views": tuple(f"{kind}{name}" for name in PUPILS for kind in ("", TAUGHT)),
    **{f"without {name}": (name,) for name in MEMBERS + MORE_MEMBERS if name not in PUPILS},
}
_JOIN, _UNAWARE = "the join of the members instead of judges", "without known terms as input"


class _WithoutLabelPath(Combined):
    """`combined` whose neural views read no labels of other genes."""

    def _make(self, name: str) -> GenePredictor:
        member = super()._make(name)
        return member.set_params(label_path=False) if name in PUPILS else member


def _without_pool(dataset: GeneDataset) -> NDArray[np.float32]:
    """Score by a fit on the labelled genes alone; all others join after it, without edges among them."""
    return scores_without_pool(Combined(), dataset, np.ones(dataset.n_genes, dtype=bool))


def _without_label_path(dataset: GeneDataset) -> NDArray[np.float32]:
    return _WithoutLabelPath().fit(dataset).predict_proba(dataset)


def _without_embeddings(dataset: GeneDataset) -> NDArray[np.float32]:
    kept = np.setdiff1d(np.arange(len(dataset.feature_names)), np.concatenate(embedding_columns(dataset.feature_names)))
    features, names = dataset.sequence_features[:, kept], tuple(dataset.feature_names[column] for column in kept)
    plain = replace(dataset, sequence_features=features, feature_names=names)
    return Combined().fit(plain).predict_proba(plain)


_WITHOUT_EMBEDDINGS = "without embeddings"
REFITS: dict[str, Callable[[GeneDataset], NDArray[np.float32]]] = {
    "with the pool dropped": _without_pool,
    "without the label path": _without_label_path,
    _WITHOUT_EMBEDDINGS: _without_embeddings,
}
VARIANTS = (*GROUPS, _UNAWARE, _JOIN, *REFITS)


def variants(
    model: Combined, dataset: GeneDataset, names: Collection[str] = VARIANTS
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the name and scores of the fitted predictor and of each named variant that the dataset has data for."""
    scores, judges = model.member_scores(dataset), model.judges_
    for name, left_out in GROUPS.items():
        kept = [table for member, table in scores.items() if member not in left_out]
        if name in names and kept and (len(kept) < len(scores) or not left_out):
            weighed = model.fit_judges(dataset, kept) if left_out else judges
            yield name, _consistent(weighed.judge(dataset, kept, n_candidates=model.n_candidates), dataset)
    unaware = {key: judge for key, judge in judges.networks.items() if key.endswith("first")}
    fewer: dict[str, dict[str, PairNetwork]] = {_UNAWARE: unaware, _JOIN: {}}
    for name in (name for name in fewer if name in names):
        weighed = replace(judges, networks=fewer[name])
        table = weighed.judge(dataset, list(scores.values()), n_candidates=model.n_candidates)
        yield name, _consistent(table, dataset)
    for name, refit in REFITS.items():
        if name in names and (name != _WITHOUT_EMBEDDINGS or embedding_columns(dataset.feature_names)):
            yield name, _consistent(refit(dataset), dataset)


def _consistent(scores: NDArray[np.float32], dataset: GeneDataset) -> NDArray[np.float32]:
    return dataset.ontology.propagate_scores(np.round(scores, 4))


def ablate(run: Path, ontology: Path, names: Collection[str] = VARIANTS) -> pd.DataFrame:
    """Evaluate variants of a run's combined predictor."""
    fitted = None if _is_cross_validated(run) else GenePredictor.load(run / "models" / "combined")
    assert fitted is None or isinstance(fitted, Combined)
    return evaluate_on_run(run, ontology, lambda visible: variants(fitted or Combined().fit(visible), visible, names))


def _is_cross_validated(run: Path) -> bool:
    return GeneDataset.load(run / "dataset").scheme == "cross_validation"


def main(arguments: list[str] | None = None) -> int:
    """Write ablation.tsv; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run, results/ORGANISM")
    parser.add_argument("--ontology", type=Path, required=True, help="the run's ontology, OBO")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=VARIANTS, help="which rows; all by default")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        write_table(chosen.run / "ablation.tsv", ablate(chosen.run, chosen.ontology, chosen.variants))
    except InputError as error:
        print(f"ablation.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
