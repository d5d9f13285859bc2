"""Baselines that read no other gene: term frequency and electronic annotation; and the control of permuted labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.features.muting import Muting
from genessl.models.base import Arrays, check_count
from genessl.models.closed_form import FittedLabels
from genessl.models.inputs import Fitted, Preparation, ViewInputs
from genessl.models.neighbours import NeighbourInputs, NetworkNeighbours
from genessl.models.reasons import BASE, Reason, base_reason, log_odds
from genessl.models.supervision import Supervision
from genessl.models.view import ELECTRONIC, View


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedFrequency(Fitted):
    """The frequency of each term.

    Parameters
    ----------
    frequency : ndarray of float32, shape (n_terms,)
        Share of the labelled genes that have the term.
    """

    frequency: NDArray[np.float32]


class TermFrequency(View[ViewInputs, FittedFrequency]):
    """Score every gene alike by the share of the labelled genes that have the term (CAFA's naive baseline).

    It learns from the labels alone. It does not use unlabelled genes and is not transductive.

    Attributes
    ----------
    fitted_ : FittedFrequency
    """

    @property
    def reads(self) -> frozenset[str]:
        """Nothing: every gene gets the same scores."""
        return frozenset()

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> ViewInputs:
        preparation = like or Preparation(genes=dataset.genes)
        return ViewInputs(genes=dataset.genes, n_terms=dataset.n_terms, preparation=preparation, muting=muting)

    def learn(
        self,
        inputs: ViewInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> FittedFrequency:
        """Count the labelled genes that have each term; see `View.learn`."""
        return FittedFrequency(preparation=inputs.preparation, frequency=supervision.as_experimental().frequency)

    def score(self, fitted: FittedFrequency, inputs: ViewInputs) -> NDArray[np.float32]:
        """Return the frequencies for every gene; see `View.score`."""
        return np.tile(fitted.frequency, (inputs.n_genes, 1))

    def reasons(
        self, fitted: FittedFrequency, inputs: ViewInputs, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return the frequency as the base; see `View.reasons`."""
        return [[base_reason(float(fitted.frequency[column]))] for column in columns]

    def _state(self) -> Arrays:
        return {**super()._state(), "frequency": self.fitted_.frequency}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        preparation = Preparation.unpack(arrays, facts["preparation"])
        self.fitted_ = FittedFrequency(preparation=preparation, frequency=arrays["frequency"])


@dataclass(frozen=True, eq=False, kw_only=True)
class ElectronicInputs(ViewInputs):
    """The electronic annotations.

    Parameters
    ----------
    electronic : csr_array of bool, shape (n_genes, n_terms)
    sources : mapping of str to csr_array of bool, shape (n_genes, n_terms)
        The same by source.
    terms : tuple of str, n_terms
    """

    electronic: csr_array
    sources: Mapping[str, csr_array]
    terms: tuple[str, ...]


class ElectronicAnnotation(View[ElectronicInputs, Fitted]):
    """Score 1 for each term that the gene has by electronic or other non-experimental evidence, else 0.

    It learns nothing: it reads a gene's electronic annotations. It does not use unlabelled genes and is not
    transductive.
    """

    @property
    def reads(self) -> frozenset[str]:
        """The electronic annotations."""
        return frozenset({ELECTRONIC})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> ElectronicInputs:
        return ElectronicInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=like or Preparation(genes=dataset.genes),
            muting=muting,
            electronic=dataset.electronic,
            sources=dataset.electronic_sources or {"electronic": dataset.electronic},
            terms=dataset.ontology.terms,
        )

    def learn(
        self,
        inputs: ElectronicInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> Fitted:
        """Learn nothing; see `View.learn`."""
        return Fitted(preparation=inputs.preparation)

    def score(self, fitted: Fitted, inputs: ElectronicInputs) -> NDArray[np.float32]:
        """Return the electronic annotations as scores; see `View.score`."""
        return np.asarray(inputs.electronic.toarray(), dtype=np.float32)

    def reasons(
        self, fitted: Fitted, inputs: ElectronicInputs, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return the sources that give the gene the term, each for an equal part; see `View.reasons`."""
        found = []
        for row, column in zip(rows, columns):
            said = [name for name, labels in inputs.sources.items() if labels[row, column]]
            part = (log_odds(1.0) - log_odds(0.0)) / max(1, len(said))
            first = Reason(BASE, "nothing", "no electronic annotation", 0.0, log_odds(0.0))
            found.append([first, *(Reason("electronic", name, inputs.terms[column], 1.0, part) for name in said)])
        return found

    def speaks_of(self, inputs: ElectronicInputs) -> NDArray[np.bool_]:
        """Return the genes with an electronic annotation."""
        return np.asarray(np.diff(inputs.electronic.indptr) > 0)

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.fitted_ = Fitted(preparation=Preparation.unpack(arrays, facts["preparation"]))


class PermutedLabels(NetworkNeighbours):
    """Negative control: network neighbours fitted on labels whose rows are shuffled among the labelled genes.

    What this control gains over the term frequency comes from chance and not from knowledge about the genes.

    Parameters
    ----------
    shuffle : int, default=1
        Number of the shuffle, from 1.
    seed : int, default=0
    """

    def __init__(self, *, shuffle: int = 1, seed: int = 0) -> None:
        self.shuffle = shuffle
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("shuffle", self.shuffle)
        check_count("seed", self.seed, 0)

    def learn(
        self,
        inputs: NeighbourInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> FittedLabels:
        """Keep the labels with their rows shuffled; see `View.learn`."""
        rows = np.arange(inputs.n_genes)
        labelled = np.flatnonzero(np.diff(supervision.positive.indptr))
        rows[labelled] = np.random.default_rng((self.seed, self.shuffle)).permutation(labelled)
        shuffled = replace(
            supervision, positive=csr_array(supervision.positive[rows]), labelled=supervision.labelled[rows]
        )
        return super().learn(inputs, shuffled)
