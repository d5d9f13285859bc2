"""The content of docs/contamination: the page of scores, and the tables in the pages that people write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student

from benchmarks.pages.tables import ASPECTS, PROVENANCE, distinct, markdown, read_table, signed

CLEAN, PLAIN, RSMATCH = "clean", "plain", "rsmatch"
_CASE = ["strategy", "fraction", "kind", "ratio", "treatment"]
_KIND, _SHARE = "rewrites_30", 0.1
_RELAYING = ("co_training", "label_propagation", "function_diffusion")
_WAYS = {
    (CLEAN, PLAIN): "the clean pool",
    (_KIND, PLAIN): "the contaminated pool, treated in no way",
    (_KIND, "detected dropped"): "suspects left out of the fit, from 0.8 on",
    (_KIND, "detected dropped, threshold 0.5"): "suspects left out of the fit, from 0.5 on",
    (_KIND, "detected removed"): "suspects deleted from the organism, from 0.8 on",
    (_KIND, "detected removed, threshold 0.5"): "suspects deleted from the organism, from 0.5 on",
}
_PAGE = """\
# Scores on contaminated pools

`python -m benchmarks.pages` writes this page from [tables](tables/README.md); [the index](README.md) says what the
numbers mean.

Every number is of yeast-2020-cv, on two cores, one thread for each fit. Scores are weighted F-max in BPO / MFO / CCO
with a tenth of the labels. `commit` names the commits that wrote the numbers into this documentation; the tables also
hold the seed, the machine and, where it is known, the seconds of each fit.

## What synthetic genes cost

One synthetic gene for each real one, sequences compared by DIAMOND. The table gives the score on the clean pool, then
what each kind of synthetic gene changes. In brackets stands the number of seeds, each of which tests another fold.

{costs}

![What synthetic genes cost each strategy, by how many there are for each real gene](figures/contamination.svg)

*One fold (seed 0), a tenth of the labels.*

## What each treatment of the pool changes

The table gives the score, its difference to the clean pool, and where there are several seeds the 95 % interval of that
difference over seeds (Student's t). Rows of one strategy with different numbers of seeds are of different folds:
compare their differences, not their scores.

{treatments}

## RSMatch against each other way

One gene of `rewrites_30` for each real one, four folds. The table gives the mean difference of RSMatch to each other
way; a difference is bold where its 95 % interval over the folds lies above 0.

{against}

The next table gives the same where phmmer found the homologs, on four other folds:

{against_phmmer}

## Detection

AUROC against the genes of the fold tested that have experiments (their labels hidden) and that SGD does not call
Dubious. The pool holds 0.7 synthetic genes for each real one; all labels are visible, and phmmer compares the
sequences. Each number is the mean of four folds.

{detection}

With DIAMOND, on one fold:

{detection_diamond}

## Samples of a chosen difficulty

The table gives what logistic regressions that were fitted on other real genes lose on real genes and on samples of each
level, in nats, and the step from the level before, with 95 % intervals (bootstrap over samples). Folds 0 to 2, phmmer.

{difficulty}

The next table gives the average precision of terms of 3 to 10 training genes, weighted by information accretion, by
what is added to the training examples. Each number is the mean of three folds, one fit each, with 12 epochs unless the
row says otherwise. Intervals of 95 % are over terms within folds.

{rare_terms}
"""


def whole_pages(folder: Path) -> dict[Path, str]:
    """Write the page of scores."""
    names = ("scores", "scores_phmmer", "detection", "detection_phmmer", "difficulty", "rare_terms_gains")
    found = {name: read_table(folder / "tables" / f"{name}.tsv") for name in names}
    scores = differences(found["scores"])
    text = _PAGE.format(
        costs=costs(scores),
        treatments=treatments(scores),
        against=against(found["scores"]),
        against_phmmer=against(found["scores_phmmer"]),
        detection=detection(found["detection_phmmer"]),
        detection_diamond=detection(found["detection"]),
        difficulty=difficulty(found["difficulty"]),
        rare_terms=rare_terms(found["rare_terms_gains"]),
    )
    return {folder / "scores.md": text}


def mean_over_seeds(gains: pd.Series) -> tuple[float, float, float]:
    """Return a mean and its 95 % interval by Student's t; the interval of a single number is NaN."""
    n, mean = len(gains), float(gains.mean())
    if n < 2:
        return mean, np.nan, np.nan
    reach = float(student.ppf(0.975, n - 1) * gains.std(ddof=1) / n**0.5)
    return mean, mean - reach, mean + reach


def differences(scores: pd.DataFrame) -> pd.DataFrame:
    """Compare every case with the untreated clean pool, over the seeds that both have."""
    untreated = scores[(scores["kind"] == CLEAN) & (scores["treatment"] == PLAIN)]
    keys = ["strategy", "fraction", "seed", "aspect"]
    joined = scores.merge(untreated[[*keys, "wfmax"]], on=keys, suffixes=("", "_clean"))
    joined["gain"] = joined["wfmax"] - joined["wfmax_clean"]
    rows = []
    for case, group in joined.groupby([*_CASE, "aspect"]):
        numbers = dict(zip(("difference", "low", "high"), mean_over_seeds(group["gain"])))
        row = dict(zip([*_CASE, "aspect"], case)) | numbers
        rows.append(row | {"wfmax": group["wfmax"].mean(), "n_seeds": len(group), "commit": distinct(group["commit"])})
    return pd.DataFrame(rows)


def costs(table: pd.DataFrame, ratio: float = 1.0) -> str:
    """Return the table of what one synthetic gene for each real one costs each strategy."""
    clean = table["kind"] == CLEAN
    plain = table[(table["treatment"] == PLAIN) & (clean | (table["ratio"] == ratio)) & (table["fraction"] == _SHARE)]
    kinds = [CLEAN, *sorted(set(plain["kind"]) - {CLEAN})]
    rows = []
    for strategy, group in plain.groupby("strategy", sort=False):
        cells = []
        for kind in kinds:
            values = group[group["kind"] == kind].set_index("aspect").reindex(ASPECTS)
            numbers = values["wfmax"].map("{:.3f}".format) if kind == CLEAN else values["difference"].map(signed)
            n_seeds = values["n_seeds"].iloc[0]
            cells.append("" if pd.isna(n_seeds) else f"{' / '.join(numbers)} ({n_seeds:.0f})")
        rows.append((f"`{strategy}`", *cells, _commits(group["commit"])))
    return markdown(("strategy", *kinds, "commit"), rows)


def _commits(lists: Iterable[str]) -> str:
    return distinct(commit for several in lists for commit in several.split(", "))


def treatments(table: pd.DataFrame) -> str:
    """Return the table of the strategies with a treated pool, for the kinds and ratios that were measured."""
    ways = table[table["treatment"] != PLAIN]
    cases = set(zip(ways["strategy"], ways["kind"], ways["ratio"]))
    cases |= {(strategy, CLEAN, 0.0) for strategy, _, _ in cases}
    shown = table[[case in cases for case in zip(table["strategy"], table["kind"], table["ratio"])]]
    rows = []
    for (strategy, _, kind, ratio, treatment), group in shown.groupby(_CASE, sort=False):
        oracle, by_aspect = kind == CLEAN and treatment == PLAIN, group.set_index("aspect")
        cells = [
            f"{row.wfmax:.3f}" + ("" if oracle else f", {signed(row.difference, row.low, row.high)}")
            for row in (by_aspect.loc[aspect] for aspect in ASPECTS)
        ]
        pool = CLEAN if kind == CLEAN else f"{kind}, {ratio:g}"
        seeds = str(group["n_seeds"].iloc[0])
        rows.append((f"`{strategy}`", pool, treatment, seeds, *cells, _commits(group["commit"])))
    return markdown(("strategy", "pool", "treatment", "seeds", *ASPECTS, "commit"), rows, ("seeds",))


def against(scores: pd.DataFrame) -> str:
    """Return the table of the mean difference between RSMatch and each other treatment of the pool."""
    scores = scores[(scores["fraction"] == _SHARE) & scores["ratio"].isin([0.0, 1.0])]
    keys = ["strategy", "seed", "aspect"]
    own = scores[(scores["kind"] == _KIND) & (scores["treatment"] == RSMATCH)]
    rows = []
    for (kind, treatment), words in _WAYS.items():
        way = scores[(scores["kind"] == kind) & (scores["treatment"] == treatment)]
        both = own.merge(way, on=keys, suffixes=("", "_other"))
        if both.empty:
            continue
        both["gain"] = both["wfmax"] - both["wfmax_other"]
        cells = []
        for strategy in _RELAYING:
            groups = [both[(both["strategy"] == strategy) & (both["aspect"] == aspect)]["gain"] for aspect in ASPECTS]
            cells.append(" / ".join(_bold(*mean_over_seeds(gains)) for gains in groups))
        shown = both[both["strategy"].isin(_RELAYING)]
        rows.append((words, *cells, _commits([*shown["commit"], *shown["commit_other"]])))
    return markdown(("RSMatch against", *(f"`{name}`" for name in _RELAYING), "commit"), rows)


def _bold(mean: float, low: float, high: float) -> str:
    return f"**{mean:+.3f}**" if low > 0 else f"{mean:+.3f}"


def detection(table: pd.DataFrame) -> str:
    """Return the table of the AUROC of the detector and of the controls, as means over the measured folds."""
    means = table.pivot_table(index=["case", "decoys"], columns="score", values="auroc", sort=False)
    groups = dict(list(table.groupby(["case", "decoys"], sort=False)))
    rows = []
    for case, values in means.iterrows():
        group = groups[case]
        sizes = f"{group['n_positive'].mean():.0f} : {group['n_negative'].mean():.0f}"
        cells = ["" if np.isnan(value) else f"{value:.3f}" for value in values]
        rows.append((*case, sizes, *cells, distinct(group["commit"])))
    return markdown(("case", "decoys", "genes", *means.columns, "commit"), rows, ("genes", *means.columns))


def difficulty(table: pd.DataFrame) -> str:
    """Return the table of the predictors' loss on samples of each level."""
    rows = []
    for row in table.itertuples():
        step = "" if pd.isna(row.step) else signed(row.step, row.step_low, row.step_high)
        loss = f"{row.loss:.3f} ({row.low:.3f} to {row.high:.3f})"
        rows.append((row.level, loss, str(row.n), step, row.commit, row.seed))
    return markdown(("level", "loss", "number", "step", "commit", "seed"), rows, ("number",))


def rare_terms(table: pd.DataFrame) -> str:
    """Return the table of what each kind of additional training examples gains on rare terms."""
    rows = []
    for row in table.itertuples():
        gain = "" if pd.isna(row.gain) else signed(row.gain, row.low, row.high, digits=4)
        rows.append((row.condition, f"{row.weighted_ap:.4f}", gain, row.commit, row.seed))
    return markdown(("training examples added", "weighted AP", "gain", "commit", "seed"), rows, ("weighted AP",))


def _tried(table: pd.DataFrame) -> str:
    numbers = [name for name in table.columns if name not in ("tried", "chosen", *PROVENANCE)]
    rows = []
    for _, row in table.iterrows():
        mark = "**" if row["chosen"] == "yes" else ""
        cells = ["" if pd.isna(row[name]) else f"{mark}{row[name]:.3f}{mark}" for name in numbers]
        rows.append((f"{mark}{row['tried']}{mark}", *cells, row["commit"], row["seed"]))
    return markdown(("tried", *numbers, "commit", "seed"), rows, numbers)


def blocks(folder: Path) -> dict[str, str]:
    """Return the tables for the pages that people write, by name."""
    scores = differences(read_table(folder / "tables" / "scores.tsv"))
    return {
        "results": results(scores),
        **{
            name: _tried(read_table(folder / "tables" / f"{name}.tsv"))
            for name in ("place_evidence_tried", "rsmatch_tried")
        },
    }


def results(table: pd.DataFrame) -> str:
    """Return the table of the index: the clean pool, the contaminated pool, and the effect of each treatment."""
    rows = []
    shown = table[
        (table["fraction"] == _SHARE) & table["strategy"].isin([*_RELAYING, "self_training (network)", "combined"])
    ]
    for strategy, group in shown.groupby("strategy", sort=False):
        for (kind, treatment), words in {**_WAYS, (_KIND, RSMATCH): "**RSMatch**"}.items():
            ratio = 0.0 if kind == CLEAN else 1.0
            way = group[(group["kind"] == kind) & (group["treatment"] == treatment) & (group["ratio"] == ratio)]
            if way.empty:
                continue
            values = way.set_index("aspect").reindex(ASPECTS)
            column = values["wfmax"].map("{:.3f}".format) if kind == CLEAN else values["difference"].map(signed)
            first = f"`{strategy}`" if kind == CLEAN else ""
            rows.append((first, words, str(values["n_seeds"].iloc[0]), *column, _commits(way["commit"])))
    return markdown(("strategy", "pool", "folds", *ASPECTS, "commit"), rows, ("folds", *ASPECTS))
