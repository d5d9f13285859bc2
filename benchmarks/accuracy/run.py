"""Tune, fit and evaluate the recipes of other methods on a dataset that genessl built.

    python -m benchmarks.accuracy.run --dataset results/yeast_2016/dataset --truth results/yeast_2016/truth.tsv.gz \
        --ontology go.obo.gz --predictions co_training=results/yeast_2016/predictions/co_training.tsv.gz \
        --output results/yeast_2016/accuracy

Each setting of a recipe is fitted without the labels of the validation genes and scored on them; the best setting is
fitted again on all labels. Under cross-validation the choice is made once, on the labels visible for fold 0, and is
used for all folds. A recipe whose predictions are in the output folder is not run again, and neither is a setting in
chosen.json.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.tuning import RECIPES, Parameters, Recipe, Trial, best, choose
from genessl.cli import evaluate
from genessl.data.dataset import GeneDataset
from genessl.data.folders import written_file
from genessl.errors import InputError
from genessl.output.predictions import write_predictions

_log = logging.getLogger(__name__)
_CHOSEN = "chosen.json"


def run_recipe(name: str, dataset: GeneDataset, output: Path, *, recipe: Recipe | None = None) -> Path:
    """Choose a setting, fit it on all labels and write its predictions, unless they exist.

    Return the path of the predictions.
    """
    recipe = recipe or RECIPES[name]
    predictions = output / f"{name}.tsv.gz"
    if predictions.is_file():
        _log.info("%s: found %s", name, predictions)
        return predictions
    entry = _read(output, dataset).get(name, {})
    tried = [Trial(**trial) for trial in entry.get("trials", [])]
    visible = dataset.hide(0) if dataset.scheme == "cross_validation" else dataset
    trials = choose(
        recipe.make,
        recipe.grid,
        visible,
        tried=tried,
        keep=lambda done: _write(output, dataset, name, {"trials": [asdict(trial) for trial in done]}),
    )
    start = time.perf_counter()
    scores = final_scores(recipe, best(trials), dataset)
    seconds = {"tuning": sum(trial.seconds for trial in trials), "final": time.perf_counter() - start}
    found = {"parameters": best(trials), "seconds": seconds, "trials": [asdict(trial) for trial in trials]}
    _write(output, dataset, name, found)
    write_predictions(predictions, scores, dataset.genes, dataset.ontology, dataset.positive, model=name)
    return predictions


def final_scores(recipe: Recipe, parameters: Parameters, dataset: GeneDataset) -> NDArray[np.float32]:
    """Score all genes by a fit on all labels, or under cross-validation by a fit without the labels of their fold.

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
    """
    if dataset.scheme != "cross_validation":
        return recipe.make(parameters).fit(dataset).predict_proba(dataset)
    scores = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
    for fold in range(dataset.n_folds):
        visible, held_out = dataset.hide(fold), dataset.split == fold
        scores[held_out] = recipe.make(parameters).fit(visible).predict_proba(visible)[held_out]
        _log.info("fold %d of %d", fold + 1, dataset.n_folds)
    return scores


def _facts(dataset: GeneDataset) -> dict[str, Any]:
    """Return facts that distinguish one dataset from another, so that choices are not used for another dataset."""
    counts = {name: int(getattr(dataset, name).nnz) for name in ("positive", "electronic", "homology")}
    return {"scheme": dataset.scheme, "genes": dataset.n_genes, "terms": dataset.n_terms, **counts}


def _read(output: Path, dataset: GeneDataset) -> dict[str, Any]:
    path = output / _CHOSEN
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: expected JSON, found {error}; remove the file to choose again") from error
    if found.get("dataset") != _facts(dataset):
        raise InputError(f"{path}: found choices for another dataset, expected this one; choose another --output")
    return found


def _write(output: Path, dataset: GeneDataset, name: str, entry: dict[str, Any]) -> None:
    found = {**_read(output, dataset), "dataset": _facts(dataset), name: entry}
    with written_file(output / _CHOSEN) as path:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder that genessl build-dataset wrote")
    parser.add_argument("--truth", type=Path, help="its truth file; temporal datasets only")
    parser.add_argument("--ontology", type=Path, required=True, help="the ontology, OBO")
    parser.add_argument("--output", type=Path, required=True, help="folder for predictions, choices and evaluation")
    parser.add_argument(
        "--predictions",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="others to evaluate; repeated",
    )
    parser.add_argument("--recipes", default=",".join(RECIPES), help=f"which of {','.join(RECIPES)}; all by default")
    return parser.parse_args(arguments)


def _check_files(chosen: argparse.Namespace, recipes: list[str]) -> None:
    """Raise InputError for files that `evaluate` would refuse, before hours of fitting."""
    files = [chosen.ontology, *([chosen.truth] if chosen.truth else [])]
    for text in chosen.predictions:
        name, _, file = text.partition("=")
        if not file:
            raise InputError(f"--predictions: expected NAME=FILE, found {text!r}")
        if name in recipes:
            raise InputError(f"--predictions: found {name!r}, which is a recipe of this run; give it another name")
        files.append(Path(file))
    for path in files:
        if not path.is_file():
            raise InputError(f"{path}: no such file; give a file that exists")


def _compare_recipes(chosen: argparse.Namespace) -> None:
    names = chosen.recipes.split(",")
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        raise InputError(f"--recipes: found {unknown[0]!r}, expected some of {', '.join(RECIPES)}")
    dataset = GeneDataset.load(chosen.dataset)
    if dataset.scheme == "temporal" and chosen.truth is None:
        raise InputError("--truth: found none, expected the truth file of a temporal dataset")
    _check_files(chosen, names)
    _read(chosen.output, dataset)
    files = [f"{name}={run_recipe(name, dataset, chosen.output)}" for name in names]
    evaluate(
        dataset=chosen.dataset,
        ontology=chosen.ontology,
        output=chosen.output / "evaluation.tsv",
        predictions=[*chosen.predictions, *files],
        truth=chosen.truth,
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison; bad input ends in one sentence and exit code 2."""
    chosen = _arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        _compare_recipes(chosen)
    except InputError as error:
        print(f"run.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
