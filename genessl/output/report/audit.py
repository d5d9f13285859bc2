"""The report's facts about co-training: its rounds, why it stopped, and which labels were taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.semi_supervised.pseudo_labels.lessons import count_lessons


@dataclass(frozen=True)
class CoTrainingAudit:
    """The rounds of a fitted co-training.

    Parameters
    ----------
    rounds : int
        Number of rounds of teaching that were kept.
    stopped : str
        The reason for stopping: `termination_condition_` of the predictor.
    taught : DataFrame
        One row per lesson, as `count_lessons` returns them.
    history : sequence of float
        Weighted F-max on the validation genes, before teaching and after each round tried.
    """

    rounds: int
    stopped: str
    taught: pd.DataFrame
    history: Sequence[float] = ()


def read_audit(folder: Path) -> CoTrainingAudit:
    """Read the audit of a saved predictor that teaches in rounds.

    Raises
    ------
    InputError
        If the folder holds no saved predictor, or one that keeps no audit.
    """
    trained: Any = GenePredictor.load(folder)
    if not hasattr(trained, "lessons_"):
        raise InputError(
            f"{folder}: found a {type(trained).__name__}, expected a model that teaches in rounds, as co_training does"
        )
    taught = count_lessons(trained.lessons_)
    return CoTrainingAudit(trained.n_iter_, trained.termination_condition_, taught, trained.history_)
