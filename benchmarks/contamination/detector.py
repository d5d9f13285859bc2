"""Measure how well the detector distinguishes synthetic and spurious genes from real ones, and compare simple controls.

    python -m benchmarks.contamination.detector --dataset results/yeast_2020_cv/dataset --mirror FOLDER \
        --output results/yeast_2020_cv/contamination

0.7 synthetic genes for each real one are mixed in, so that few have a common parent. The detector must distinguish them
from the genes of the tested fold that have experimental annotations, whose labels are hidden, and that SGD does not
call dubious. The detector knows as much about these real genes as about the other unlabelled genes. Separately,
dubious open reading frames are distinguished from verified ones of that fold, without synthetic genes. A kind is unseen
if no decoy is drawn in the same way. The script adds the missing folds to detection.tsv, which has the AUROC of every
score by fold, and prints means.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.contamination.pools import KINDS, REWIRED, check_dataset, dubious_genes
from benchmarks.contamination.run import CLEAN, DEVELOPMENT, Bench
from genessl.data.dataset import GeneDataset
from genessl.data.folders import write_table
from genessl.errors import InputError
from genessl.features.composition import AMINO_ACIDS
from genessl.screening.decoys import KINDS as DECOYS
from genessl.screening.decoys import draw_decoys
from genessl.screening.detector import SyntheticDetector

_log = logging.getLogger(__name__)
# The decoys that resemble each kind; without them the kind is unseen by the detector.
_ALIKE = {"shuffled": "shuffled", "markov": "chained", "rewrites_30": "rewritten", "rewrites_5": "rewritten"}
_SPURIOUS = "misread"  # decoys that are drawn in the way in which spurious open reading frames arise
_RATIO = 0.7  # low enough that hardly any sequence is drawn twice
_ABSENT = 1 / 3  # share of the genes that are removed from the organism for the cases without parents
_N_DECOYS = 4000
_LENGTHS, _DEGREES = 0.05, 0.25  # largest differences of the logarithms of a pair's lengths and degrees
Scores = dict[str, NDArray[np.float64]]


def score(pool: GeneDataset, seed: int, kinds: tuple[str, ...] = DECOYS) -> Scores:
    """Score every gene of a pool by the detector and its controls; a higher score is more suspicious."""
    detector = SyntheticDetector(seed=seed, kinds=kinds).fit(pool)
    return {
        "detector": detector.history_[-1],
        "queue off": detector.history_[0],
        **controls(pool, seed, kinds),
    }


def score_sequences(pool: GeneDataset, seed: int, kinds: tuple[str, ...] = DECOYS) -> Scores:
    """Score every gene by the detector that reads only the sequence."""
    detector = SyntheticDetector(seed=seed, kinds=kinds, place=False).fit(pool)
    return {"sequence alone": detector.history_[-1], "sequence alone, queue off": detector.history_[0]}


def controls(pool: GeneDataset, seed: int, kinds: tuple[str, ...] = DECOYS) -> Scores:
    """Score every gene by its length, its degree, and a regression of genes against decoys on composition."""
    shares = _composition(pool.sequences)
    known = np.flatnonzero(np.diff(pool.positive.indptr) > 0)
    examples = [pool.sequences[row] for row in known.tolist()]
    parents = np.random.default_rng(seed).permutation(examples)[:_N_DECOYS].tolist()
    decoys = np.concatenate([_composition(draw_decoys(parents, kind, seed=seed, examples=examples)) for kind in kinds])
    linear = LogisticRegression(C=100.0, max_iter=2000, class_weight="balanced")
    linear.fit(np.concatenate([shares[known], decoys]), np.repeat([0, 1], [len(known), len(decoys)]))
    return {
        "length": -_lengths(pool),
        "degree": -_degrees(pool),
        "linear on composition": linear.decision_function(shares),
    }


def _composition(sequences: tuple[str, ...] | list[str]) -> NDArray[np.float64]:
    return np.array([[sequence.count(letter) / len(sequence) for letter in AMINO_ACIDS] for sequence in sequences])


def _lengths(pool: GeneDataset) -> NDArray[np.float64]:
    return np.log([len(sequence) for sequence in pool.sequences])


def _degrees(pool: GeneDataset) -> NDArray[np.float64]:
    return np.log1p(sum(np.diff(network.indptr) for network in pool.networks.values()))


def matched_pairs(
    spurious: NDArray[np.intp], real: NDArray[np.intp], values: NDArray[np.float64], reach: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair spurious genes with real ones that differ by at most `reach` in every value; each gene is in one pair.

    Parameters
    ----------
    spurious, real : ndarray of int
    values : ndarray of float64, shape (n_genes, n_values)
    reach : ndarray of float64, shape (n_values,)

    Returns
    -------
    spurious, real : ndarray of int, shape (n_pairs,)
    """
    free = np.ones(len(real), dtype=bool)
    pairs = []
    for gene in spurious.tolist():
        apart = np.abs(values[real] - values[gene]) / reach
        near = np.flatnonzero(free & (apart <= 1).all(axis=1))
        if len(near):
            chosen = near[np.argmin(apart[near].sum(axis=1))]
            free[chosen] = False
            pairs.append((gene, real[chosen]))
    found = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def compare(scores: Scores, positive: NDArray[np.intp], negative: NDArray[np.intp]) -> dict[str, float]:
    """Return the AUROC of each score."""
    truth, rows = np.repeat([1, 0], [len(positive), len(negative)]), np.concatenate([positive, negative])
    return {name: float(roc_auc_score(truth, values[rows])) for name, values in scores.items()}


def measure(bench: Bench, seed: int) -> list[dict[str, object]]:
    """Run one fold: every kind, seen and unseen, with and without the parents in the organism, and Dubious ORFs."""
    status, fold = dubious_genes(bench.dataset, bench.mirror), bench.fold(seed)
    tested = bench.dataset.split == fold
    real = tested & bench.dataset.labelled.any(axis=1) & ~status["Dubious"]
    found: list[dict[str, object]] = []

    def note(case: str, decoys: str, scores: Scores, positive: NDArray[np.intp], negative: NDArray[np.intp]) -> None:
        _log.info("fold %d: %s, %s", fold, case, decoys)
        sizes = {"n_positive": len(positive), "n_negative": len(negative)}
        for name, auroc in compare(scores, positive, negative).items():
            found.append({"case": case, "decoys": decoys, "score": name, "fold": fold, "auroc": auroc, **sizes})

    for kind in KINDS:
        seen = "seen" if kind in _ALIKE else "unseen"
        pool = bench.contaminated(kind, _RATIO, 1.0, seed)
        synthetic = np.flatnonzero(pool.synthetic)
        note(kind, seen, score(pool, seed), synthetic, np.flatnonzero(real))
        if kind in _ALIKE:
            others = tuple(name for name in DECOYS if name != _ALIKE[kind])
            note(kind, "unseen", score(pool, seed, others), synthetic, np.flatnonzero(real))
        if kind != REWIRED:  # rewired genes have no parent other than themselves
            absent = (np.random.default_rng(seed).random(len(tested)) < _ABSENT) & ~tested
            pool = _without_parents(bench, kind, absent, seed)
            rows = np.flatnonzero(real[~absent])
            note(f"{kind}, parents absent", seen, score(pool, seed), np.flatnonzero(pool.synthetic), rows)
    pool = bench.contaminated(CLEAN, 0.0, 1.0, seed)
    dubious = np.flatnonzero(status["Dubious"] & (np.diff(pool.positive.indptr) == 0))
    verified = np.flatnonzero(real & status["Verified"])
    values = np.stack([_lengths(pool), _degrees(pool)], axis=1)
    by_length = matched_pairs(dubious, verified, values[:, :1], np.array([_LENGTHS]))
    by_both = matched_pairs(dubious, verified, values, np.array([2 * _LENGTHS, _DEGREES]))
    for seen, decoys in (("seen", DECOYS), ("unseen", tuple(name for name in DECOYS if name != _SPURIOUS))):
        scores = {**score(pool, seed, decoys), **score_sequences(pool, seed, decoys)}
        note("Dubious", seen, scores, dubious, verified)
        note("Dubious, matched for length", seen, scores, *by_length)
        note("Dubious, matched for length and degree", seen, scores, *by_both)
    return found


def _without_parents(bench: Bench, kind: str, absent: NDArray[np.bool_], seed: int) -> GeneDataset:
    """Remove some genes from the organism, and mix in the synthetic genes that were made from them."""
    visible = bench.dataset.hide(bench.fold(seed)).take(np.flatnonzero(~absent))
    drawn = bench.pool(kind).of_absent(absent)
    n_synthetic = min(visible.n_genes, len(drawn.sequences))
    return drawn.mix_into(visible, n_synthetic, barred=np.zeros(visible.n_genes, dtype=bool), seed=seed)[0]


def as_markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table of means over the folds, with a row for each case and a column for each score."""
    means = table.pivot_table(index=["case", "decoys"], columns="score", values="auroc", sort=False)
    sizes = table.groupby(["case", "decoys"], sort=False)[["n_positive", "n_negative"]].mean().round().astype(int)
    lines = [
        f"| case | decoys | genes | {' | '.join(means.columns)} |",
        "|---|---|--:|" + "--:|" * means.shape[1],
    ]
    for (case, seen), row in means.iterrows():  # type: ignore[misc]
        n_positive, n_negative = sizes.loc[(case, seen)]
        cells = " | ".join("" if np.isnan(value) else f"{value:.3f}" for value in row)
        lines.append(f"| {case} | {seen} | {n_positive} : {n_negative} | {cells} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure the folds that are missing, and print the table; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True, help="folder that genessl build-dataset wrote")
    parser.add_argument("--mirror", type=Path, required=True, help="folder with the files of yeast-2020-cv")
    parser.add_argument("--output", type=Path, required=True, help="folder for pools and the table")
    parser.add_argument("--table", type=Path, help="the table; by default detection.tsv in the folder")
    parser.add_argument("--seeds", type=int, nargs="+", default=range(4))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--development", action="store_true", help="test the fold on which choices are made")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        dataset = GeneDataset.load(chosen.dataset)
        check_dataset(dataset)
        output = chosen.output / DEVELOPMENT if chosen.development else chosen.output
        bench = Bench(dataset, chosen.mirror, output, chosen.development, chosen.threads)
        path = chosen.table or output / "detection.tsv"
        table = pd.read_csv(path, sep="\t") if path.is_file() else pd.DataFrame()
        for seed in chosen.seeds:
            if len(table) and (table["fold"] == bench.fold(seed)).any():
                continue
            table = pd.concat([table, pd.DataFrame(measure(bench, seed))], ignore_index=True)
            write_table(path, table)
    except InputError as error:
        print(f"detector.py: error: {error}", file=sys.stderr)
        return 2
    print(as_markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
