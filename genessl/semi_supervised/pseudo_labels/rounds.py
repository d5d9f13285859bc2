"""TaughtInRounds, the base of the strategies that teach in rounds: the audit of taught labels, and its storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from genessl.data.folders import write_table
from genessl.models.base import Arrays
from genessl.models.owner import Owner
from genessl.semi_supervised.pseudo_labels.lessons import Lesson, audit_table, pack_lessons, unpack_lessons


class TaughtInRounds(Owner):
    """Base of `SelfTraining` and `CoTraining`, whose docstrings explain the attributes."""

    genes_: NDArray[np.str_]
    lessons_: list[Lesson]
    n_iter_: int
    termination_condition_: str
    history_: list[float]

    def audit(self, *, negatives: bool = True) -> pd.DataFrame:
        """List the labels that were taught in the final fit.

        A saved predictor lists the labels taught as present in audit.tsv.gz.

        Parameters
        ----------
        negatives : bool, default=True
            Whether to list labels taught as absent, too.

        Returns
        -------
        DataFrame
            round, teacher ('self'; in co-training the names of the views that taught, or 'joint'), gene, term, label (1
            taught as present, 0 as absent), confidence (calibrated probability of presence), in the order of rounds.
        """
        if not hasattr(self, "lessons_"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted; call fit first")
        return audit_table(self.lessons_, self.genes_, self.terms_, negatives=negatives)

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        write_table(folder / "audit.tsv.gz", self.audit(negatives=False))

    def _state(self) -> Arrays:
        return pack_lessons(self.lessons_)[0]

    def _facts(self) -> dict[str, Any]:
        return {
            **super()._facts(),
            "n_iter": self.n_iter_,
            "termination_condition": self.termination_condition_,
            "history": self.history_,
            "lessons": pack_lessons(self.lessons_)[1],
            "genes": self.genes_.tolist(),
        }

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.n_iter_, self.termination_condition_ = facts["n_iter"], facts["termination_condition"]
        self.history_, self.genes_ = facts["history"], np.array(facts["genes"], dtype=np.str_)
        self.lessons_ = unpack_lessons(arrays, facts["lessons"])
