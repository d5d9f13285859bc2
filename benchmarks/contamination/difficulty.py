"""Measure whether samples have the difficulty that was chosen, and whether they help to learn rare terms.

    python -m benchmarks.contamination.difficulty --dataset results/yeast_2020_cv/dataset \
        --output results/yeast_2020_cv/difficulty --folds 0 1 2 3 --seeds 0

The dataset is one for cross-validation, whose last fold is for development. For each fold, with its labels hidden,
difficulty and generator are fitted on the training genes; a seed draws the samples and trains a view with them.

difficulty_levels.tsv has the loss on samples of each level by an independent predictor: logistic regressions on
principal components, fitted on the validation genes and the tested genes. The samples of all levels have the same
labels and start from the same noise. The 95 % intervals are those of the difference to the level before, by a bootstrap
over samples.

rare_terms.tsv has the average precision of terms of 3 to 10 training genes on the tested genes that are labelled in the
aspect, as a mean weighted by information accretion. rare_terms_by_term.tsv has each term. The intervals of a difference
are by Student's t over fits, and by a bootstrap over terms within folds, which does not include the variation between
tested genes. All tables are written anew.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from benchmarks.contamination.difficulty_tables import as_markdown, gain_table, level_table, rare_table, weighted
from benchmarks.contamination.pools import check_dataset
from genessl.data.dataset import TRAIN, GeneDataset
from genessl.data.folders import write_table
from genessl.errors import InputError
from genessl.models.neural.inputs import FeatureInputs
from genessl.models.neural.objective import Objective
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.semi_supervised.generative.difficulty import as_ranks, cross_fitted_scores, relative_loss
from genessl.semi_supervised.generative.feature_diffusion import FeatureDiffusion
from genessl.semi_supervised.generative.principal_space import PrincipalSpace
from genessl.semi_supervised.generative.samples import SampleObjective, Samples, draw_genes, far_from, rare_terms

_log = logging.getLogger(__name__)
FEWEST, MOST, PER_TERM, CLOSENESS = 3, 10, 4, 0.05
WEIGHT, GUIDANCE, NOISE = 0.5, 2.0, 1.0
N_EPOCHS, HIDDEN = 12, 256
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
ASKED = {"uncontrolled": None, "easy": 0.1, "medium": 0.5, "hard": 0.9}
_LEAST_JUDGED = 20


@dataclass(frozen=True)
class Fold:
    """The data that all fits of a fold share."""

    dataset: GeneDataset
    tested: NDArray[np.bool_]
    inputs: FeatureInputs
    supervision: Supervision
    training: Supervision
    targets: csr_array
    difficulty: NDArray[np.float64]
    accretion: NDArray[np.float64]

    @property
    def features(self) -> NDArray[np.float32]:
        return np.asarray(self.inputs.features.numpy())

    @property
    def genes(self) -> NDArray[np.intp]:
        """The labelled training genes."""
        return np.flatnonzero(~np.isnan(self.difficulty))

    @property
    def rare(self) -> NDArray[np.intp]:
        return rare_terms(self.training, FEWEST, MOST)

    @property
    def shown(self) -> csr_array:
        """The labels that the generator reads."""
        return csr_array(self.targets[:, np.flatnonzero(self.training.n_positive >= FEWEST)])


def network(seed: int) -> SequenceNetwork:
    return SequenceNetwork(min_genes=FEWEST, hidden=HIDDEN, device="cpu", seed=seed)


def open_fold(dataset: GeneDataset, fold: int) -> Fold:
    """Hide a fold's labels, and measure the difficulty of the training genes."""
    visible, view = dataset.hide(fold), network(0)
    inputs, supervision = view.prepare(visible), Supervision.of(visible)
    n_epochs = view.choose_epochs(inputs, supervision).n_epochs
    training = supervision.only(visible.split == TRAIN)
    scores = cross_fitted_scores(view, inputs, training, n_epochs=n_epochs, n_folds=5, seed=0)
    difficulty = as_ranks(relative_loss(scores, training, visible.accretion))
    targets = csr_array(training.targets.astype(bool))
    tested = dataset.split == fold
    return Fold(dataset, tested, inputs, supervision, training, targets, difficulty, visible.accretion)


def fit_generator(fold: Fold, order: NDArray[np.intp] | None = None) -> FeatureDiffusion:
    """Fit the generator; with an `order`, each training gene gets the labels and difficulty of another."""
    genes = fold.genes
    others = genes if order is None else genes[order]
    generator = FeatureDiffusion(guidance=GUIDANCE, seed=0)
    return generator.fit(fold.features[genes], csr_array(fold.shown[others]), fold.difficulty[others])


class Judge:
    """Logistic regressions on principal components, fitted on genes from which the generator has not learned."""

    def __init__(self, fold: Fold) -> None:
        full = Supervision.of(fold.dataset)
        rows = np.flatnonzero(np.isnan(fold.difficulty) & full.labelled.any(axis=1))
        targets, labelled = full.targets[rows].toarray() > 0, full.labelled[rows]
        enough = (targets.sum(axis=0) >= _LEAST_JUDGED) & (fold.training.n_positive >= FEWEST)
        self.terms = np.flatnonzero(enough)
        self.space = PrincipalSpace.fit(fold.features[rows], 100, 0)
        latent = self.space.encode(fold.features[rows])
        fits = []
        for term in self.terms.tolist():
            known = labelled[:, full.aspect_of_term[term]]
            fits.append(LogisticRegression(C=0.003, max_iter=200).fit(latent[known], targets[known, term]))
        self.slope = np.concatenate([fit.coef_ for fit in fits]).T  # (n_components, n_terms)
        self.intercept = np.concatenate([fit.intercept_ for fit in fits])

    def cost(self, features: NDArray[np.float32], labels: csr_array, weight: NDArray[np.float64]) -> NDArray[Any]:
        """Return -ln p of the terms that each sample has, mean weighted by information; NaN without any."""
        chance = np.clip(expit(self.space.encode(features) @ self.slope + self.intercept), 1e-4, 1.0)
        weights = labels[:, self.terms].toarray() * weight[self.terms]
        total = weights.sum(axis=1)
        return np.where(total > 0, -(np.log(chance) * weights).sum(axis=1) / np.maximum(total, 1e-9), np.nan)


def level_costs(fold: Fold, generator: FeatureDiffusion) -> pd.DataFrame:
    """Return the loss on a sample with each training gene's terms, by level, and on real genes of that difficulty."""
    judge, genes = Judge(fold), fold.genes
    labels, like = csr_array(fold.shown[genes]), fold.features[genes]
    columns: dict[str, NDArray[Any]] = {"difficulty": fold.difficulty[genes]}
    columns["real"] = judge.cost(like, fold.targets[genes], fold.accretion)
    for level in (None, *LEVELS):
        drawn = generator.sample(labels, level, seed=0, like=like)
        name = "uncontrolled" if level is None else f"{level:g}"
        columns[name] = judge.cost(drawn, fold.targets[genes], fold.accretion)
    return pd.DataFrame(columns)


def conditions(fold: Fold, generator: FeatureDiffusion, seed: int) -> Iterator[tuple[str, Samples | None, int]]:
    """Yield the name of each set of samples, the samples, and how many were drawn before the nearest were dropped."""
    yield "none", None, 0
    yield "none, twice the epochs", None, 0
    genes = draw_genes(fold.targets, fold.rare, PER_TERM, seed)
    like, labels = fold.features[genes], csr_array(fold.shown[genes])
    own = Samples(like, csr_array(fold.targets[genes]), fold.training.labelled[genes])
    yield "duplicated", own, len(genes)
    noise = NOISE * np.random.default_rng(seed).standard_normal(like.shape, dtype=np.float32)
    measured = ~np.isin(fold.features, (0, 1)).all(axis=0)
    yield "noised", Samples(like + noise * measured, own.labels, own.labelled), len(genes)
    unlearned = np.isnan(fold.difficulty)
    held_out, apart = fold.features[unlearned], fold.features[unlearned & fold.supervision.labelled.any(axis=1)]
    for name, level in ASKED.items():
        drawn = generator.sample(labels, level, seed=seed, like=like)
        far = far_from(drawn, fold.features[fold.genes], apart, held_out, CLOSENESS)
        yield name, Samples(drawn, own.labels, own.labelled).take(far), len(genes)
    order = np.random.default_rng(seed).permutation(len(fold.genes))
    place = np.empty(len(fold.features), dtype=np.intp)
    place[fold.genes[order]] = fold.genes  # the gene whose features the generator saw with these labels
    drawn = fit_generator(fold, order).sample(labels, ASKED["medium"], seed=seed, like=fold.features[place[genes]])
    yield "permuted labels", Samples(drawn, own.labels, own.labelled), len(genes)


def train(fold: Fold, samples: Samples | None, n_epochs: int, seed: int) -> NDArray[np.float32]:
    """Train a view on all visible labels and samples, and score all genes."""
    view = network(seed)
    columns = np.flatnonzero(fold.supervision.n_positive >= FEWEST)

    def make(module: Any, inputs: FeatureInputs, supervision: Supervision) -> Objective:
        if samples is None:
            return Objective(module, inputs, supervision)
        return SampleObjective(module, inputs, supervision, samples.select(columns), weight=WEIGHT, seed=seed)

    fitted = view.learn(fold.inputs, fold.supervision, n_epochs=n_epochs, objective=make)
    return fold.dataset.ontology.propagate_scores(view.score(fitted, fold.inputs))


def precision_by_term(fold: Fold, scores: NDArray[np.float32]) -> pd.DataFrame:
    """Return the average precision of each rare term that a tested gene has."""
    rows = []
    for aspect, name in enumerate(fold.dataset.aspects):
        tested = np.flatnonzero(fold.tested & fold.dataset.labelled[:, aspect])
        truth = fold.dataset.positive[tested].toarray()
        for term in fold.rare[fold.supervision.aspect_of_term[fold.rare] == aspect].tolist():
            if truth[:, term].any():
                precision = average_precision_score(truth[:, term], scores[tested, term])
                rows.append((name, fold.dataset.ontology.terms[term], fold.dataset.accretion[term], precision))
    return pd.DataFrame(rows, columns=["aspect", "term", "accretion", "precision"])


def run(dataset: GeneDataset, folds: list[int], seeds: list[int], output: Path) -> None:
    """Run all fits, and write all tables after each fit."""
    costs, terms = [], []
    for number in folds:
        fold = open_fold(dataset, number)
        generator = fit_generator(fold)
        costs.append(level_costs(fold, generator))
        write_table(output / "difficulty_levels.tsv", level_table(pd.concat(costs), [f"{level:g}" for level in LEVELS]))
        for seed in seeds:
            for name, samples, n_drawn in conditions(fold, generator, seed):
                n_epochs = 2 * N_EPOCHS if name.endswith("twice the epochs") else N_EPOCHS
                found = precision_by_term(fold, train(fold, samples, n_epochs, seed))
                n_samples = 0 if samples is None else len(samples.features)
                facts = {"condition": name, "fold": number, "seed": seed, "n_samples": n_samples}
                terms.append(found.assign(**facts, n_dropped=n_drawn - n_samples))
                _log.info("fold %d, seed %d, %s: %.4f", number, seed, name, weighted(found))
                write_table(output / "rare_terms_by_term.tsv", pd.concat(terms))
                write_table(output / "rare_terms.tsv", rare_table(pd.concat(terms)))


def main(arguments: list[str] | None = None) -> int:
    """Run, write and print; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder that genessl build-dataset wrote")
    parser.add_argument("--output", type=Path, required=True, help="folder for the tables")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        chosen.output.mkdir(parents=True, exist_ok=True)
        dataset = GeneDataset.load(chosen.dataset)
        check_dataset(dataset)
        run(dataset, chosen.folds, chosen.seeds, chosen.output)
    except InputError as error:
        print(f"difficulty.py: error: {error}", file=sys.stderr)
        return 2
    terms = pd.read_csv(chosen.output / "rare_terms_by_term.tsv", sep="\t")
    print(as_markdown(pd.read_csv(chosen.output / "difficulty_levels.tsv", sep="\t")))
    for baseline in ("none", "uncontrolled"):
        print("\n" + as_markdown(gain_table(terms, baseline)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
