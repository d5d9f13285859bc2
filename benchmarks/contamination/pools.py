"""Synthetic genes of every kind for a dataset, and the real gene from which each was made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, load_npz, save_npz

from genessl.assembly.contamination import SyntheticGenes, draw_evenly, homology_with
from genessl.data.aliases import read_aliases
from genessl.data.dataset import SYNTHETIC_PREFIX, GeneDataset
from genessl.data.folders import written_folder
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.sequences import read_fasta
from genessl.errors import InputError
from genessl.features.domains import domain_columns
from genessl.features.substitutions import SHARE, substitute_conservatively
from genessl.screening.decoys import draw_decoys
from genessl.semi_supervised.generative.feature_diffusion import FeatureDiffusion

FILES = {
    "rewrites_30": "esm2_8M_rewrite_30pct.fasta.gz",
    "rewrites_5": "esm2_8M_rewrite_5pct.fasta.gz",
    "shuffled": "shuffled.fasta.gz",
}
MARKOV, REWIRED, GENERATED = "markov", "rewired", "generated"
KINDS = (*FILES, MARKOV, REWIRED)  # those with sequences
ABSENT = -2
ALIASES = ("4932.protein.aliases.v12.0.txt.gz", "SGD_features.tab.gz")
_FEWEST_GENES, _GUIDANCE = 3, 2.0  # of the generator: fewest genes of a term that it reads; guidance as for rare terms
_SPARE = 1.4  # sequences drawn for each one mixed in, because those with tested parents are not used


@dataclass(frozen=True)
class Pool:
    """Sequences of one kind that can be mixed into a dataset as synthetic genes.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    sequences : tuple of str
    parents : ndarray of int, shape (n_sequences,)
        Row of the real gene from which each sequence was made. It is `ABSENT` if that gene was removed from the
        dataset, and -1 if it is not known; sequences of unknown parents are never mixed in.
    homology : csr_array of float32, shape (n_genes + n_sequences, n_genes + n_sequences)
        Bit scores of the real genes and then of the sequences.
    """

    kind: str
    sequences: tuple[str, ...]
    parents: NDArray[np.intp]
    homology: csr_array

    def mix_into(
        self, visible: GeneDataset, n_synthetic: int, *, barred: NDArray[np.bool_], seed: int
    ) -> tuple[GeneDataset, NDArray[np.intp]]:
        """Mix synthetic genes into a dataset whose labels are hidden already.

        Each synthetic gene copies the edges and annotations of a real gene; every real gene is used once before any is
        used again. A rewired gene has the annotations and domains of its parent and the edges of another gene.

        Parameters
        ----------
        visible : GeneDataset
            The real genes.
        n_synthetic : int
        barred : ndarray of bool, shape (n_genes,)
            Tested genes, whose sequences are not used.
        seed : int

        Returns
        -------
        contaminated : GeneDataset
        parents : ndarray of int, shape (n_synthetic,)
            The parents of the synthetic genes in their order.
        """
        random = np.random.default_rng(seed)
        allowed = np.flatnonzero((self.parents == ABSENT) | ((self.parents >= 0) & ~barred[self.parents]))
        if len(allowed) < n_synthetic:
            raise InputError(f"{self.kind}: found {len(allowed)} sequences to mix in, expected {n_synthetic}")
        chosen = random.permutation(allowed[:n_synthetic])
        n_genes = visible.n_genes
        places = draw_evenly(n_genes, n_synthetic, random)
        names = [f"{SYNTHETIC_PREFIX}{number:06d}" for number in range(1, n_synthetic + 1)]
        sequences = dict(zip(names, (self.sequences[row] for row in chosen.tolist()), strict=True))
        templates = self.parents[chosen] if self.kind == REWIRED else places
        rows = np.concatenate([np.arange(n_genes), n_genes + chosen])
        synthetic = SyntheticGenes(sequences, templates, n_genes)
        joined = synthetic.join(visible, csr_array(self.homology[rows][:, rows]))
        if self.kind == REWIRED:
            there = SyntheticGenes(sequences, places, n_genes).rows
            networks = {name: csr_array(network[there][:, there]) for name, network in visible.networks.items()}
            joined = replace(joined, networks=networks)
        return joined, self.parents[chosen]

    def of_absent(self, absent: NDArray[np.bool_]) -> Pool:
        """Return a pool with one sequence made from each gene in `absent`, for a dataset without these genes."""
        n_genes = len(absent)
        of_each = np.unique(self.parents, return_index=True)[1]
        made = of_each[(self.parents[of_each] >= 0) & absent[self.parents[of_each]]]
        rows = np.concatenate([np.flatnonzero(~absent), n_genes + made])
        sequences = tuple(self.sequences[row] for row in made.tolist())
        return Pool(self.kind, sequences, np.full(len(made), ABSENT), csr_array(self.homology[rows][:, rows]))

    def save(self, path: Path) -> None:
        """Write the pool into a new folder; an interrupted write leaves no partial folder."""
        with written_folder(path) as folder:
            save_npz(folder / "homology.npz", self.homology)
            np.save(folder / "parents.npy", self.parents)
            (folder / "sequences.json").write_text(json.dumps(self.sequences), encoding="ascii")

    @classmethod
    def load(cls, path: Path, kind: str) -> Pool:
        """Read a pool that `save` wrote."""
        sequences = tuple(json.loads((path / "sequences.json").read_text(encoding="ascii")))
        return cls(kind, sequences, np.load(path / "parents.npy"), csr_array(load_npz(path / "homology.npz")))


def check_dataset(dataset: GeneDataset) -> None:
    """Raise InputError for a dataset without folds or sequences, or with synthetic genes already."""
    if dataset.scheme != "cross_validation" or not dataset.sequences or dataset.synthetic.any():
        raise InputError("--dataset: expected one for cross-validation, with sequences and without synthetic genes")


def draw_pool(dataset: GeneDataset, kind: str, ratio: float, mirror: Path, *, seed: int, threads: int) -> Pool:
    """Draw sequences of a kind, enough to mix in `ratio` for each real gene, and compare them with all genes.

    If a file has too few sequences, they are drawn again with new conservative substitutions.
    """
    random = np.random.default_rng(seed)
    sequences, parents = _made(dataset, kind, mirror, seed)
    order = random.permutation(len(sequences))
    n_drawn = round(ratio * dataset.n_genes * _SPARE)
    again = random.integers(0, len(order), size=max(0, n_drawn - len(order)))
    drawn = [sequences[row] for row in order[:n_drawn].tolist()]
    drawn += [substitute_conservatively(sequences[row], SHARE, random) for row in order[again].tolist()]
    made_from = parents[np.concatenate([order[:n_drawn], order[again]])]
    named = {f"{SYNTHETIC_PREFIX}{row}": sequence for row, sequence in enumerate(drawn)}
    return Pool(kind, tuple(drawn), made_from, homology_with(dataset, named, threads=threads))


def mix_generated(visible: GeneDataset, n_synthetic: int, *, seed: int, n_updates: int = 2000) -> GeneDataset:
    """Mix in genes that have features but no sequence, with the edges and annotations of real genes.

    A `FeatureDiffusion`, fitted on the labelled genes of the dataset, draws the features of each for the terms of a
    random labelled gene that is not tested. The new genes have no homologs, and the returned dataset has no sequences.
    """
    random, n_genes = np.random.default_rng(seed), visible.n_genes
    features, back = _scaled(visible.sequence_features)
    known = np.flatnonzero(np.diff(visible.positive.indptr) > 0)
    labels = csr_array(visible.positive[known]).astype(bool)
    labels = csr_array(labels[:, np.flatnonzero(np.diff(labels.tocsc().indptr) >= _FEWEST_GENES)])
    generator = FeatureDiffusion(guidance=_GUIDANCE, n_updates=n_updates, seed=seed)
    generator.fit(features[known], labels, np.zeros(len(known)))
    parents = random.integers(0, len(known), n_synthetic)
    drawn = back(generator.sample(csr_array(labels[parents]), None, seed=seed, like=features[known[parents]]))
    places = draw_evenly(n_genes, n_synthetic, random)
    names = [f"{SYNTHETIC_PREFIX}{number:06d}" for number in range(1, n_synthetic + 1)]
    synthetic = SyntheticGenes(dict.fromkeys(names, "M"), places, n_genes)
    homology = visible.homology.copy()
    homology.resize(n_genes + n_synthetic, n_genes + n_synthetic)
    joined = synthetic.join(visible, csr_array(homology))
    domains = domain_columns(visible.feature_names)
    drawn[:, domains] = visible.sequence_features[np.ix_(places, domains)]  # a gene has a domain or not
    return replace(joined, sequence_features=np.concatenate([visible.sequence_features, drawn]), sequences=())


def _scaled(
    features: NDArray[np.float32],
) -> tuple[NDArray[np.float32], Callable[[NDArray[np.float32]], NDArray[np.float32]]]:
    """Standardise columns as the sequence view does, domains apart, and return what undoes it."""
    measured = ~np.isin(features, (0, 1)).all(axis=0)
    centre = np.where(measured, features.mean(axis=0), 0.0).astype(np.float32)
    spread = np.where(measured, np.maximum(features.std(axis=0), 1e-6), 1.0).astype(np.float32)
    return (features - centre) / spread, lambda scaled: scaled * spread + centre


def _made(dataset: GeneDataset, kind: str, mirror: Path, seed: int) -> tuple[list[str], NDArray[np.intp]]:
    """Return the sequences of a kind, one for each protein, and the row numbers of their parents."""
    own = list(dataset.sequences)
    if kind == MARKOV:
        return draw_decoys(own, "chained", seed=seed), np.arange(len(own))
    if kind == REWIRED:
        random = np.random.default_rng(seed)
        return [substitute_conservatively(sequence, SHARE, random) for sequence in own], np.arange(len(own))
    records = read_fasta(_found(mirror, FILES[kind]))
    row_of = {gene: row for row, gene in enumerate(dataset.genes.tolist())}
    targets = _identifiers(dataset, mirror).resolve(list(records)).targets
    return list(records.values()), np.array([row_of.get(targets.get(name, ""), -1) for name in records], dtype=np.intp)


def dubious_genes(dataset: GeneDataset, mirror: Path) -> Mapping[str, NDArray[np.bool_]]:
    """Return which genes SGD calls Verified, Uncharacterized and Dubious, each of shape (n_genes,)."""
    import pandas as pd

    table = pd.read_csv(_found(mirror, ALIASES[1]), sep="\t", header=None, dtype=str)
    status = table[table[1] == "ORF"].set_index(3)[2]
    bare = [gene.partition(".")[2] for gene in dataset.genes.tolist()]
    found = status[~status.index.duplicated()].reindex(bare).fillna("").to_numpy(dtype=str)
    return {name: np.char.startswith(found, name) for name in ("Verified", "Uncharacterized", "Dubious")}


def _identifiers(dataset: GeneDataset, mirror: Path) -> GeneIdentifiers:
    return GeneIdentifiers(dataset.genes.tolist(), [read_aliases(_found(mirror, name)) for name in ALIASES])


def _found(mirror: Path, name: str) -> Path:
    found = sorted(mirror.rglob(name))
    if not found:
        raise InputError(f"{mirror}: found no {name} below it, expected the files of yeast-2020-cv; check --mirror")
    return found[0]
