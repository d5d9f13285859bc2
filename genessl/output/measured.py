"""The measurement of tables of predictions: how good they are, and how far their probabilities can be trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import Ontology
from genessl.errors import InputError
from genessl.evaluation.calibrated import Calibrated
from genessl.evaluation.categories import gene_groups, knowledge_categories
from genessl.evaluation.comparison import COLUMNS, compare, labels_from_table, lift
from genessl.evaluation.conformal import COVERAGE, set_rows
from genessl.evaluation.reliability import (
    BIN_COLUMNS,
    bin_rows,
    evaluation_rows,
    reliability_of_table,
)
from genessl.output.predictions import read_predictions

HELD_OUT = "held-out"  # the genes without whose labels calibrate fits the models


@dataclass(frozen=True)
class Measured:
    """An evaluation, with the columns `COLUMNS`, and what held by probability, with the columns `BIN_COLUMNS`."""

    evaluation: pd.DataFrame
    reliability: pd.DataFrame


NOTHING_MEASURED = Measured(pd.DataFrame(columns=list(COLUMNS)), pd.DataFrame(columns=list(BIN_COLUMNS)))


def measure_files(
    files: Mapping[str, Sequence[Path]],
    dataset: GeneDataset,
    ontology: Ontology,
    *,
    later: pd.DataFrame | None = None,
    calibrations: Mapping[str, Path] | None = None,
    coverage: float = COVERAGE,
    seed: int = 0,
) -> Measured:
    """Evaluate tables of predictions, each read once.

    Parameters
    ----------
    files : mapping of model to paths
        Tables that `write_predictions` wrote; several of one model are averaged.
    dataset : GeneDataset
        For cross-validation or a temporal test.
    ontology : Ontology
        The whole ontology, of the release from which the dataset was built.
    later : DataFrame, optional
        Columns gene and term: the later annotations of a temporal test.
    calibrations : mapping of model to path, optional
        Files of `genessl calibrate` or `genessl cross-validate`, whose measurements of held-out genes are added.
    coverage : float, default=0.9
        At which level sets are measured.
    seed : int, default=0
        Of the bootstrap.

    Raises
    ------
    InputError
        If a file is damaged, or of another ontology, or the coverage is out of range.
    """
    known = lift(dataset.positive, dataset.ontology, ontology)
    truth = known if later is None else labels_from_table(later, dataset.genes, ontology)
    temporal = dataset.scheme == "temporal"
    first = [each for each in knowledge_categories(known, truth, ontology) if each.knowledge == "first"]
    held_out = HELD_OUT if temporal else "CV"
    learned = {model: read_calibrated(path) for model, path in (calibrations or {}).items()}
    measured = [(model, held_out, found) for model, each in learned.items() for found in each.reliability]
    of_sets = [
        set_rows(model, held_out, found, coverage=coverage) for model, each in learned.items() for found in each.sets
    ]

    def read(model: str, paths: Sequence[Path]) -> Iterator[pd.DataFrame]:
        for path in paths:
            table = read_predictions(path)
            if temporal:
                of_first = reliability_of_table(table, truth, ontology, dataset.genes, first)
                measured.extend((model, "first", found) for found in of_first)
            yield table

    evaluation = compare(
        {model: read(model, paths) for model, paths in files.items()},
        known,
        truth,
        ontology,
        ontology.information_accretion(known),
        dataset.genes,
        scheme=dataset.scheme,
        groups=gene_groups(dataset),
        seed=seed,
    )
    if not measured:
        return Measured(evaluation, NOTHING_MEASURED.reliability)
    return Measured(
        pd.concat([evaluation, *(evaluation_rows(*found) for found in measured), *of_sets], ignore_index=True),
        pd.concat([bin_rows(*found) for found in measured], ignore_index=True),
    )


def read_calibrated(path: Path) -> Calibrated:
    """Read what `genessl calibrate` or `genessl cross-validate` wrote; InputError for another file."""
    try:
        return Calibrated.from_json(json.loads(path.read_text(encoding="utf-8")))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except ValueError as error:
        raise InputError(f"{path}: expected JSON ({error}); calibrate again") from error
