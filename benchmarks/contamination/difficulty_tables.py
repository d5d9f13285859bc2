"""The tables of benchmarks.contamination.difficulty, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

_N_BOOTSTRAP = 1000
_INTERVAL = (2.5, 97.5)


def weighted(terms: pd.DataFrame) -> float:
    """Return the mean precision, weighted by information accretion."""
    return float(np.average(terms["precision"], weights=terms["accretion"]))


def level_table(costs: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the mean loss on each level and its difference to the level before, with bootstrap intervals."""
    random, rows = np.random.default_rng(0), []
    kept = costs.dropna(subset=["real"])
    draws = random.integers(0, len(kept), (_N_BOOTSTRAP, len(kept)))

    def interval(values: NDArray[Any]) -> tuple[float, float, float]:
        low, high = np.percentile(values[draws].mean(axis=1), _INTERVAL)
        return float(values.mean()), float(low), float(high)

    for name in ("real", "uncontrolled", *names):
        row = dict(zip(("loss", "low", "high"), interval(kept[name].to_numpy())))
        if name in names[1:]:
            before = kept[names[names.index(name) - 1]].to_numpy()
            step = dict(zip(("step", "step_low", "step_high"), interval(kept[name].to_numpy() - before)))
            row |= step
        rows.append({"level": name, **row, "n": len(kept)})
    for low in np.arange(0, 1, 0.2):
        inside = kept[(kept["difficulty"] >= low) & (kept["difficulty"] < low + 0.2)]["real"].to_numpy()
        drawn = inside[random.integers(0, len(inside), (_N_BOOTSTRAP, len(inside)))].mean(axis=1)
        ends = np.percentile(drawn, _INTERVAL)
        name = f"real genes, {low:.1f} to {low + 0.2:.1f}"
        rows.append({"level": name, "loss": inside.mean(), "low": ends[0], "high": ends[1], "n": len(inside)})
    return pd.DataFrame(rows)


def rare_table(terms: pd.DataFrame) -> pd.DataFrame:
    """Return the weighted mean precision of each fit, in each aspect and in all aspects."""
    keys = ["condition", "fold", "seed"]
    whole = pd.concat([terms, terms.assign(aspect="all")])
    rows = [
        {**dict(zip([*keys, "aspect"], group)), "n_terms": len(part), "weighted_ap": weighted(part)}
        | {"n_samples": int(part["n_samples"].iloc[0]), "n_dropped": int(part["n_dropped"].iloc[0])}
        for group, part in whole.groupby([*keys, "aspect"], sort=False)
    ]
    return pd.DataFrame(rows)


def gain_table(terms: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return the gain of each condition over a baseline, with intervals over fits and over terms within folds."""
    wide = terms.pivot_table(index=["fold", "term"], columns=["condition", "seed"], values="precision", sort=False)
    weight = terms.groupby(["fold", "term"], sort=False)["accretion"].first().reindex(wide.index)
    folds = wide.index.get_level_values("fold").to_numpy()
    rows = []
    for name in terms["condition"].unique():
        change = wide[name] - wide[baseline]  # (n_terms, n_seeds), seeds side by side
        fits = [
            np.average(change.loc[fold, seed], weights=weight.loc[fold])
            for fold in np.unique(folds)
            for seed in change.columns
        ]
        low, high = _over_terms(change.mean(axis=1).to_numpy(), weight.to_numpy(), folds)
        reach = student.ppf(0.975, len(fits) - 1) * np.std(fits, ddof=1) / len(fits) ** 0.5 if len(fits) > 1 else np.nan
        gain = float(np.mean(fits))
        row = {"condition": name, "baseline": baseline, "weighted_ap": _mean_of_fits(terms, name), "gain": gain}
        rows.append(row | {"low": gain - reach, "high": gain + reach, "low_terms": low, "high_terms": high})
    return pd.DataFrame(rows)


def _mean_of_fits(terms: pd.DataFrame, condition: str) -> float:
    own = terms[terms["condition"] == condition]
    return float(np.mean([weighted(part) for _, part in own.groupby(["fold", "seed"])]))


def _over_terms(
    change: NDArray[np.float64], weight: NDArray[np.float64], folds: NDArray[np.intp]
) -> tuple[float, float]:
    """Bootstrap the mean over folds of the weighted mean change, drawing terms within each fold."""
    random, total = np.random.default_rng(0), np.zeros(_N_BOOTSTRAP)
    for fold in np.unique(folds):
        own, mass = change[folds == fold], weight[folds == fold]
        rows = random.integers(0, len(own), (_N_BOOTSTRAP, len(own)))
        total += (own[rows] * mass[rows]).sum(axis=1) / mass[rows].sum(axis=1) / len(np.unique(folds))
    low, high = np.percentile(total, _INTERVAL)
    return float(low), float(high)


def as_markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown, with numbers of four decimals."""
    cells = [[f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in row] for row in table.to_numpy()]
    lines = [list(table.columns), ["---"] * table.shape[1], *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
