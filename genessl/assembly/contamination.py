"""Synthetic genes for the unlabelled genes of a dataset: made-up sequences with the network edges of real genes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.coverage import Coverage
from genessl.data.dataset import SYNTHETIC_PREFIX, TRAIN, GeneDataset
from genessl.errors import InputError
from genessl.features.composition import composition_features
from genessl.features.homology import bit_scores, homology_profile, search_homologs
from genessl.features.substitutions import SHARE, substitute_conservatively

_log = logging.getLogger(__name__)
_ROUNDING = 0.2  # in bits: scores of the same program may differ by as much
_MOST_TRIES = 1000  # to change a sequence; for a short one, most draws of a twentieth change no residue


@dataclass(frozen=True)
class Contamination:
    """The number of synthetic genes that are added to a dataset, and their sequences.

    Parameters
    ----------
    sequences : sequence of str
        The sequences to draw from.
    ratio : float, default=1.0
        Number of synthetic genes for each real one, in [0, 10].
    seed : int, default=0
    file : str
        The file of the sequences, for messages.

    Raises
    ------
    InputError
        If a value is out of range.
    """

    sequences: Sequence[str]
    ratio: float = 1.0
    seed: int = 0
    file: str = "contamination"

    def __post_init__(self) -> None:
        if isinstance(self.ratio, bool) or not isinstance(self.ratio, (int, float)) or not 0 <= self.ratio <= 10:
            raise InputError(f"contamination.ratio: found {self.ratio!r}, expected a number, at least 0, at most 10")
        if type(self.seed) is not int or self.seed < 0:
            raise InputError(f"contamination.seed: found {self.seed!r}, expected a whole number, at least 0")


@dataclass(frozen=True)
class SyntheticGenes:
    """Synthetic genes, each with its template, the real gene whose edges and annotations it copies.

    In each network a synthetic gene has edges of the same weight to the neighbours of its template, and to the
    synthetic genes that have these neighbours as templates. Synthetic genes and real ones thereby have the same
    degrees, and only the sequence, and what does not fit it, distinguishes them. A synthetic gene has its template's
    electronic annotations and domains, and no experimental annotation.

    Parameters
    ----------
    sequences : dict of str to str
        Identifier, which begins with ``synthetic_``, to sequence.
    templates : ndarray of int, shape (n_synthetic,)
        Rows of the templates among the real genes.
    n_genes : int
        Number of real genes.
    """

    sequences: dict[str, str]
    templates: NDArray[np.intp]
    n_genes: int

    @property
    def rows(self) -> NDArray[np.intp]:
        """The row of each real gene, and then of each synthetic gene's template: shape (n_genes + n_synthetic,)."""
        return np.concatenate([np.arange(self.n_genes), self.templates])

    def join(self, dataset: GeneDataset, homology: csr_array, *, seed: int = 0) -> GeneDataset:
        """Return a dataset of the real genes followed by the synthetic ones.

        Under cross-validation a synthetic gene is in its template's fold; otherwise it is never a validation gene. Real
        genes change only in their homology profile, which is computed over all genes.

        Parameters
        ----------
        dataset : GeneDataset
            The real genes with their sequences, without embeddings, references and substituted copies.
        homology : csr_array of float32, shape (n_genes + n_synthetic, n_genes + n_synthetic)
            Bit scores of all genes, as `bit_scores` returns them.
        seed : int, default=0
            Seed of the homology profile.

        Raises
        ------
        InputError
            If the dataset has embeddings, references or substituted copies.
        """
        embedded = any(name.startswith("embedding:") for name in dataset.feature_names)
        if embedded or dataset.references is not None or dataset.substituted is not None:
            raise InputError(
                "found a dataset with embeddings, references or substituted copies, which synthetic genes would lack,"
                " expected one without; build it without the keys `embeddings`, `references` and `substituted_copies`"
            )
        rows, made = self.rows, slice(self.n_genes, None)
        split, features = dataset.split[rows], dataset.sequence_features[rows]
        if not dataset.n_folds:
            split[made] = TRAIN
        profile, names = homology_profile(homology, seed=seed)
        features[:, self._columns(dataset, names)] = profile
        described, names = composition_features(self.sequences.values())
        features[made, self._columns(dataset, names)] = described
        return replace(
            dataset,
            genes=np.array([*dataset.genes.tolist(), *self.sequences], dtype=np.str_),
            sequence_features=features,
            homology=homology,
            networks={name: csr_array(network[rows][:, rows]) for name, network in dataset.networks.items()},
            positive=self._padded(dataset.positive),
            negative=self._padded(dataset.negative),
            electronic=csr_array(dataset.electronic[rows]),
            electronic_sources={name: csr_array(found[rows]) for name, found in dataset.electronic_sources.items()},
            split=split,
            sequences=(*dataset.sequences, *self.sequences.values()),
            names=None if dataset.names is None else dataset.names.padded(len(self.sequences)),
            templates=np.concatenate([np.full(self.n_genes, ""), dataset.genes[self.templates]]),
        )

    def join_domains(self, domains: pd.DataFrame, genes: list[str]) -> pd.DataFrame:
        """Return a table of gene and domain to which the rows of the synthetic genes are added."""
        places = pd.DataFrame({"gene": np.array(genes)[self.templates], "name": list(self.sequences)})
        copies = places.merge(domains, on="gene").drop(columns="gene").rename(columns={"name": "gene"})
        return pd.concat([domains, copies[list(domains.columns)]], ignore_index=True)

    def _columns(self, dataset: GeneDataset, names: tuple[str, ...]) -> slice:
        first = dataset.feature_names.index(names[0])
        return slice(first, first + len(names))

    def _padded(self, matrix: csr_array) -> csr_array:
        n_rows = self.n_genes + len(self.templates)
        indptr = np.pad(matrix.indptr, (0, len(self.templates)), "edge")
        return csr_array((matrix.data, matrix.indices, indptr), shape=(n_rows, matrix.shape[1]))


def draw_synthetic_genes(contamination: Contamination, real: Mapping[str, str], coverage: Coverage) -> SyntheticGenes:
    """Draw the sequences and the templates of synthetic genes.

    Each sequence of the file is drawn once before any is drawn again. A sequence that is drawn again gets new
    conservative substitutions in about a twentieth of its residues, and at least one if any residue can be substituted.
    Templates are drawn from all real genes in the same way. The order of sequences and genes has no effect. A sequence
    that a real gene has is drawn like any other, and a warning is logged.

    Parameters
    ----------
    contamination : Contamination
    real : mapping of str to str, length n_genes
        Gene to sequence.
    coverage : Coverage
        It receives the number of genes drawn, of those with new substitutions, and of those with the sequence of a real
        gene.

    Raises
    ------
    InputError
        If a real gene has the name of a synthetic one, or if the ratio is above 0 but too small for one gene.
    """
    genes = list(real)
    taken = [gene for gene in genes if gene.startswith(SYNTHETIC_PREFIX)]
    if taken:
        raise InputError(
            f"contamination: found the gene '{taken[0]}', whose name begins as those of synthetic genes do; rename it"
        )
    random = np.random.default_rng(contamination.seed)
    records = sorted(contamination.sequences)
    n_synthetic = round(contamination.ratio * len(genes))
    if contamination.ratio and not n_synthetic:
        raise InputError(
            f"contamination.ratio: found {contamination.ratio}, which of {len(genes)} genes is none, expected 0 or"
            " enough for one"
        )
    drawn = [records[row] for row in draw_evenly(len(records), n_synthetic, random)]
    n_once = min(n_synthetic, len(records))
    again = drawn[n_once:]
    drawn[n_once:] = [_substituted(sequence, random) for sequence in again]
    n_changed = sum(new != old for new, old in zip(drawn[n_once:], again, strict=True))
    existing = set(real.values())
    n_real = sum(sequence in existing for sequence in drawn)
    by_name = np.argsort(np.array(genes, dtype=np.str_), kind="stable")
    templates = by_name[draw_evenly(len(genes), n_synthetic, random)]
    width = max(6, len(str(n_synthetic)))
    names = [f"{SYNTHETIC_PREFIX}{number:0{width}d}" for number in range(1, n_synthetic + 1)]
    _count(contamination, coverage, n_synthetic=n_synthetic, n_changed=n_changed, n_real=n_real)
    return SyntheticGenes(dict(zip(names, drawn, strict=True)), templates, len(genes))


def _count(contamination: Contamination, coverage: Coverage, *, n_synthetic: int, n_changed: int, n_real: int) -> None:
    for unit, count in (
        ("synthetic genes", n_synthetic),
        ("of these with new substitutions", n_changed),
        ("of these with the sequence of a real gene", n_real),
    ):
        coverage.add("contamination", unit, "held", count)
        coverage.add("contamination", unit, "joined", count)
    n_records = len(contamination.sequences)
    if n_records < n_synthetic:
        _log.warning(
            "%s holds %d sequences, %d are asked for: %d are drawn again, %d of them with new substitutions",
            contamination.file,
            n_records,
            n_synthetic,
            n_synthetic - n_records,
            n_changed,
        )
    if n_real:
        _log.warning(
            "%s: %d of %d sequences drawn are those of real genes, so that these genes are misplaced and not synthetic",
            contamination.file,
            n_real,
            n_synthetic,
        )


def _substituted(sequence: str, random: np.random.Generator) -> str:
    """Return a copy with at least one substitution, or the sequence itself if no residue can be substituted."""
    tries = (substitute_conservatively(sequence, SHARE, random) for _ in range(_MOST_TRIES))
    return next((copy for copy in tries if copy != sequence), sequence)


def homology_with(dataset: GeneDataset, synthetic: dict[str, str], *, threads: int = 1) -> csr_array:
    """Compare synthetic sequences with each other and with the real genes, whose own bit scores are kept.

    Returns
    -------
    csr_array of float32, shape (n_genes + n_synthetic, n_genes + n_synthetic)

    Raises
    ------
    InputError
        If the real genes were compared by another program, whose bit scores would distinguish real from synthetic
        genes.
    """
    n_genes, n_all = dataset.n_genes, dataset.n_genes + len(synthetic)
    real = dict(zip(dataset.genes.tolist(), dataset.sequences, strict=True))
    hits = search_homologs({**real, **synthetic}, threads=threads)
    _check_program(dataset.homology, hits)
    added = bit_scores(hits[(hits["query"] >= n_genes) | (hits["target"] >= n_genes)], n_all)
    among_real = dataset.homology.copy()
    among_real.resize(n_all, n_all)
    return csr_array(added + among_real)


def _check_program(homology: csr_array, hits: pd.DataFrame) -> None:
    """Raise InputError if the bit scores of real genes differ from those that the present program gives them."""
    n_genes = homology.shape[0]
    again = bit_scores(hits[(hits["query"] < n_genes) & (hits["target"] < n_genes)], n_genes)
    twice = csr_array(again.multiply(homology > 0))
    changed = np.abs((twice - homology.multiply(again > 0)).data) > _ROUNDING
    if changed.sum() > twice.nnz / 2:
        raise InputError(
            f"homology: found {changed.sum()} of {twice.nnz} pairs of real genes with other bit scores than the program"
            " at hand gives them (DIAMOND where it is installed, otherwise phmmer), expected the same; build the"
            " dataset again, so that real and synthetic genes are compared alike"
        )


def draw_evenly(n_items: int, n_drawn: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Draw positions at random, each once before any is drawn again."""
    rounds = [random.permutation(n_items) for _ in range(-(-n_drawn // n_items))]
    return np.concatenate([np.zeros(0, dtype=np.intp), *rounds])[:n_drawn].astype(np.intp)
