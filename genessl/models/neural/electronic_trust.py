"""The reliability of electronic annotations by source and term, measured on the experimentally annotated genes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.features.muting import Muting
from genessl.models.base import Arrays, check_range
from genessl.models.inputs import Fitted, Preparation, ViewInputs
from genessl.models.reasons import BASE, Reason, log_odds
from genessl.models.supervision import Supervision
from genessl.models.view import ELECTRONIC, View

_log = logging.getLogger(__name__)
_LEAST_PRESENCE = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceInputs(ViewInputs):
    """The electronic annotations by source.

    Parameters
    ----------
    sources : mapping of str to csr_array of bool, shape (n_genes, n_terms)
    terms : tuple of str, n_terms
    """

    sources: Mapping[str, csr_array]
    terms: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedTrust(Fitted):
    """The trust in each source.

    Parameters
    ----------
    sources : tuple of str
    trust : ndarray of float32, shape (n_sources, n_terms), in [0, 1]
        0 in aspects in which a source is not used.
    n_named : ndarray of int64, shape (n_sources, n_terms)
        Number of labelled genes to which the source gives the term.
    omission : ndarray of float32, shape (n_terms,)
        Among the labelled genes to which no source gives the term, the share that have it.
    """

    sources: tuple[str, ...]
    trust: NDArray[np.float32]
    n_named: NDArray[np.int64]
    omission: NDArray[np.float32]


class ElectronicTrust(View[SourceInputs, FittedTrust]):
    """Score an electronic annotation by how often its source was right about the term.

    It learns from the labels and the electronic annotations. Unlabelled genes only decide which sources are used. It is
    not transductive.

    trust(s, t) = (right(s, t) + prior m(s)) / (named(s, t) + prior), where of the genes labelled in the term's aspect
    named(s, t) have t by source s and right(s, t) have it by experiment too, and m(s) is that share over all terms of
    the aspect. A gene's score is the largest trust among the sources that give it the term. Where no source does, the
    score is the share of the labelled genes without such an annotation that have the term, smoothed by one gene
    without it.

    A source is used in an aspect only if it also annotates genes without experiments. A source that annotates labelled
    genes only, such as inference that cites the gene's own experiment, would look more reliable than it is for other
    genes.

    Parameters
    ----------
    prior : float, default=3.0
        Weight of the source's mean m(s) in the trust in each of its terms, in numbers of genes, above 0.

    Attributes
    ----------
    fitted_ : FittedTrust
    """

    def __init__(self, *, prior: float = 3.0) -> None:
        self.prior = prior

    def _check_parameters(self) -> None:
        check_range("prior", self.prior, 0.0, low_included=False)

    @property
    def reads(self) -> frozenset[str]:
        """The electronic annotations."""
        return frozenset({ELECTRONIC})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> SourceInputs:
        return SourceInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=like or Preparation(genes=dataset.genes),
            muting=muting,
            sources=usable_sources(dataset) if like is None else evidence_by_source(dataset),
            terms=dataset.ontology.terms,
        )

    def learn(
        self,
        inputs: SourceInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> FittedTrust:
        """Measure the trust in each source and term on the labelled genes; see `View.learn`."""
        sources, n_terms = inputs.sources, supervision.positive.shape[1]
        shape = (len(sources), n_terms)
        trust, n_named = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.int64)
        aspects, n_aspects = supervision.aspect_of_term, supervision.labelled.shape[1]
        for row, labels in enumerate(sources.values()):
            named, right = _counts(labels, supervision)
            totals = [np.bincount(aspects, weights=part, minlength=n_aspects) for part in (right, named)]
            mean = ((totals[0] + 1.0) / (totals[1] + 2.0))[aspects]
            used = (np.bincount(aspects[labels.indices], minlength=n_aspects) > 0)[aspects]
            trust[row] = np.where(used, (right + self.prior * mean) / (named + self.prior), 0.0)
            n_named[row] = named
        said = csr_array(sum(sources.values(), csr_array(supervision.positive.shape, dtype=bool)))
        named, right = _counts(said, supervision)
        omitted = (supervision.n_positive - right) / (supervision.n_labelled - named + 1.0)
        return FittedTrust(
            preparation=inputs.preparation,
            sources=tuple(sources),
            trust=trust,
            n_named=n_named,
            omission=omitted.astype(np.float32),
        )

    def score(self, fitted: FittedTrust, inputs: SourceInputs) -> NDArray[np.float32]:
        """Return the largest trust among a gene's sources, or the omission if no source gives the term."""
        shape = (inputs.n_genes, inputs.n_terms)
        total = csr_array(shape, dtype=np.float32)
        for name, trust in zip(fitted.sources, fitted.trust):
            if name in inputs.sources:
                labels = inputs.sources[name]
                weighed = csr_array((trust[labels.indices], labels.indices, labels.indptr), shape=shape)
                total = csr_array(total.maximum(weighed))
        trusted = total.toarray()
        return np.where(trusted > 0, trusted, fitted.omission)

    def reasons(
        self, fitted: FittedTrust, inputs: SourceInputs, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return the most trusted source that gives the gene the term, beyond the omission; see `View.reasons`."""
        found = []
        for row, column in zip(rows.tolist(), columns.tolist()):
            omitted = float(fitted.omission[column])
            reasons = [Reason(BASE, "omission", "no source gives the term", omitted, log_odds(omitted))]
            said = [s for s, name in enumerate(fitted.sources) if name in inputs.sources]
            said = [s for s in said if inputs.sources[fitted.sources[s]][row, column]]
            best = max(said, key=lambda s: fitted.trust[s, column], default=None)
            if best is not None and (trust := float(fitted.trust[best, column])) > 0:
                gain = log_odds(trust) - log_odds(omitted)
                reasons.append(Reason("electronic", fitted.sources[best], inputs.terms[column], trust, gain))
            found.append(reasons)
        return found

    def _state(self) -> Arrays:
        fitted = self.fitted_
        return {**super()._state(), "trust": fitted.trust, "n_named": fitted.n_named, "omission": fitted.omission}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "sources": list(self.fitted_.sources)}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.fitted_ = FittedTrust(
            preparation=Preparation.unpack(arrays, facts["preparation"]),
            sources=tuple(facts["sources"]),
            trust=arrays["trust"],
            n_named=arrays["n_named"],
            omission=arrays["omission"],
        )


def _counts(labels: csr_array, supervision: Supervision) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count for each term the labelled genes to which the source gives it, and those that have it by experiment too."""
    genes = np.repeat(np.arange(labels.shape[0]), np.diff(labels.indptr))
    counted = supervision.labelled[genes, supervision.aspect_of_term[labels.indices]]
    named = np.bincount(labels.indices[counted], minlength=labels.shape[1])
    right = np.bincount(csr_array(labels.multiply(supervision.targets)).indices, minlength=labels.shape[1])
    return named, right


def evidence_by_source(dataset: GeneDataset) -> Mapping[str, csr_array]:
    """Return the electronic labels by source; a dataset that does not distinguish sources has the one 'electronic'."""
    return dataset.electronic_sources or {"electronic": dataset.electronic}


def usable_sources(dataset: GeneDataset) -> dict[str, csr_array]:
    """Keep each source's annotations in the aspects in which it also annotates genes without experiments.

    The share of genes that a source annotates must be at least a twentieth as large among the genes not labelled in the
    aspect as among the labelled ones. The function reads which genes are labelled, but not their labels.

    Returns
    -------
    dict of str to csr_array of bool, shape (n_genes, n_terms)
        The sources that keep an annotation, in order of their names.
    """
    labelled = dataset.labelled
    used: dict[str, csr_array] = {}
    for name, labels in sorted(evidence_by_source(dataset).items()):
        kept = np.zeros(dataset.n_terms, dtype=bool)
        for aspect, aspect_name in enumerate(dataset.aspects):
            columns = np.flatnonzero(dataset.ontology.aspects == aspect_name)
            described = np.diff(csr_array(labels[:, columns]).indptr) > 0
            known, unknown = described[labelled[:, aspect]], described[~labelled[:, aspect]]
            if not known.any() or (len(unknown) and unknown.mean() >= _LEAST_PRESENCE * known.mean()):
                kept[columns] = True
            else:
                _log.info("%s is not used in %s: it annotates labelled genes only", name, aspect_name)
        rows = np.repeat(np.arange(dataset.n_genes), np.diff(labels.indptr))[kept[labels.indices]]
        columns = labels.indices[kept[labels.indices]]
        if len(rows):
            used[name] = csr_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=labels.shape)
    return used
