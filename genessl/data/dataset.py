"""GeneDataset: all that is known about one organism's genes, aligned row by row."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, triu

from genessl.data.dataset_checks import TRAIN as TRAIN  # other files import both from here
from genessl.data.dataset_checks import VALIDATION as VALIDATION
from genessl.data.dataset_checks import as_mask, as_path, as_row_numbers, check_dataset
from genessl.data.dataset_files import read_files, write_files
from genessl.data.folders import written_folder
from genessl.data.gene_names import GeneNames
from genessl.data.ontology import ASPECTS, Ontology
from genessl.data.references import References, labelled_aspects
from genessl.data.sparse import keep_rows
from genessl.errors import InputError, nearest

SYNTHETIC_PREFIX = "synthetic_"


@dataclass(frozen=True, eq=False)
class GeneDataset:
    """The sequence view, the network view and the labels of one organism's genes; rows follow `genes` everywhere.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
        Unique identifiers.
    sequence_features : ndarray of float32, shape (n_genes, n_features)
        The sequence view.
    feature_names : tuple of str, length n_features
    homology : csr_array of float32, shape (n_genes, n_genes)
        Bit scores of each gene (row) against the others (columns), empty diagonal.
    networks : mapping of str to csr_array of float32, shape (n_genes, n_genes)
        The network view: symmetric, weights in [0, 1], empty diagonal.
    ontology : Ontology
        The columns: non-root terms that any gene has.
    positive : csr_array of bool, shape (n_genes, n_terms)
        Terms a gene has by experiment, closed upwards.
    negative : csr_array of bool, shape (n_genes, n_terms)
        Terms a gene is known not to have, closed downwards. What is in neither is unknown.
    electronic : csr_array of bool, shape (n_genes, n_terms)
        Terms a gene has by other than experimental evidence, closed upwards: a weak source, never ground truth.
    electronic_sources : mapping of str to csr_array of bool, shape (n_genes, n_terms), optional
        The electronic labels source by source (keywords, domains, phylogeny, ...), each closed upwards. Where it is
        empty, `electronic` is taken for the only source.
    split : ndarray of uint8, shape (n_genes,)
        0 train, 1 validation; under cross-validation the number of the fold, of which fold 1 serves as
        validation genes when all labels are fitted.
    scheme : {'temporal', 'cross_validation', 'none'}
    n_folds : int
        Folds under cross-validation, else 0.
    label_fraction : float
        Share of the labelled genes outside the hidden fold that `hide` leaves labelled, in (0, 1]; below 1 under
        cross-validation only.
    seed : int
        Seed of that choice.
    taxon : str
        A label that predictions carry.
    annotation_date : int
        The newest date among the annotations, as YYYYMMDD.
    references : References, optional
        Labelled proteins of other organisms. They hold no label of these genes: hiding labels leaves them alone.
    sequences : tuple of str, length n_genes, or empty
        The proteins, in capitals, for what the sequence view does not show; empty where they were not kept.
    substituted : ndarray of float32, shape (n_copies, n_genes, n_composition), optional
        The first n_composition columns of the sequence view, those of `composition_features`, for copies of the
        proteins with conservative substitutions.
    templates : ndarray of str, shape (n_genes,), optional
        For each gene that `contamination` mixed into the pool the real gene whose place it takes, and "" for real
        genes. No predictor may look at it.
    names : GeneNames, optional
        Symbols, accessions and descriptions, for display. No predictor may look at them.
    embeddings : dict
        What `network_embeddings` computed of these networks, so that it is computed once. It is not saved.

    Raises
    ------
    InputError
        If a field has the wrong shape, type or range.

    Examples
    --------
    Three genes, of which the first two interact and share a term:

    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from genessl.data.dataset import GeneDataset
    >>> from genessl.data.ontology import ontology_from_edges
    >>> none = csr_array((3, 1), dtype=bool)
    >>> dataset = GeneDataset(
    ...     genes=np.array(["YAL001C", "YAL002W", "YAL003W"]),
    ...     sequence_features=np.array([[1160], [1274], [206]], dtype=np.float32),
    ...     feature_names=("length",),
    ...     homology=csr_array((3, 3), dtype=np.float32),
    ...     networks={"string": csr_array(np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]], dtype=np.float32))},
    ...     ontology=ontology_from_edges({"GO:0006412": ("translation", "biological_process")}, []),
    ...     positive=csr_array(np.array([[True], [True], [False]])),
    ...     negative=none,
    ...     electronic=none,
    ...     split=np.array([0, 1, 0], dtype=np.uint8),
    ... )
    >>> dataset.labelled[:, 0].tolist()
    [True, True, False]
    """

    genes: NDArray[np.str_]
    sequence_features: NDArray[np.float32]
    feature_names: tuple[str, ...]
    homology: csr_array
    networks: Mapping[str, csr_array]
    ontology: Ontology
    positive: csr_array
    negative: csr_array
    electronic: csr_array
    split: NDArray[np.uint8]
    scheme: str = "none"
    n_folds: int = 0
    label_fraction: float = 1.0
    seed: int = 0
    taxon: str = ""
    annotation_date: int = 0
    electronic_sources: Mapping[str, csr_array] = field(default_factory=dict)
    references: References | None = None
    sequences: tuple[str, ...] = ()
    substituted: NDArray[np.float32] | None = None
    templates: NDArray[np.str_] | None = None
    names: GeneNames | None = None
    embeddings: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for matrix in (self.homology, *self.networks.values(), self.positive, self.negative, self.electronic):
            matrix.sort_indices()  # so that sums over rows are the same to the bit, whoever read the matrix before
        check_dataset(self)

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return len(self.genes)

    @property
    def n_terms(self) -> int:
        """Number of terms, the columns."""
        return len(self.ontology.terms)

    @cached_property
    def by_name(self) -> tuple[GeneDataset, NDArray[np.intp]]:
        """The dataset with its genes sorted by identifier, and their row numbers in this one."""
        order = np.argsort(self.genes, kind="stable")
        in_order = np.array_equal(order, np.arange(self.n_genes))
        return (self if in_order else self.take(order)), order

    @cached_property
    def synthetic(self) -> NDArray[np.bool_]:
        """Whether `contamination` mixed a gene into the pool, shape (n_genes,)."""
        return np.zeros(self.n_genes, dtype=bool) if self.templates is None else self.templates != ""

    @cached_property
    def aspects(self) -> tuple[str, ...]:
        """The aspects among the columns, in the order BPO, MFO, CCO."""
        present = set(self.ontology.aspects.tolist())
        return tuple(aspect for aspect in ASPECTS if aspect in present) + tuple(sorted(present - set(ASPECTS)))

    @cached_property
    def labelled(self) -> NDArray[np.bool_]:
        """Whether a gene has an experimental annotation in an aspect, shape (n_genes, n_aspects).

        As in CAFA, protein binding alone does not count.
        """
        return labelled_aspects(self.positive, self.ontology, self.aspects)

    @cached_property
    def accretion(self) -> NDArray[np.float64]:
        """Information accretion of each column over the visible labels, in bits, shape (n_terms,).

        The columns hold no root; a term without a parent among them is compared to the genes that have any term of its
        aspect.
        """
        accretion = self.ontology.information_accretion(self.positive)
        having = np.bincount(self.positive.indices, minlength=self.n_terms)
        for aspect in self.aspects:
            members = self.ontology.aspects == aspect
            annotated = int((np.asarray(self.positive.astype(np.int32) @ members.astype(np.int32)) > 0).sum())
            top = members & self.ontology.roots
            accretion[top] = np.log2((annotated + 1) / (having[top] + 1))
        return accretion

    def take(self, rows: Sequence[int] | Sequence[bool] | NDArray[np.integer[Any]] | NDArray[np.bool_]) -> GeneDataset:
        """Return the dataset of some genes.

        Parameters
        ----------
        rows : list or ndarray of int, shape (n,), or of bool, shape (n_genes,)
            Row numbers from 0, in the order wanted, or whether to keep each gene.

        Raises
        ------
        InputError
            If `rows` is anything else, or a row repeats or does not exist.
        """
        rows = as_row_numbers(rows, self.n_genes)
        return replace(
            self,
            genes=self.genes[rows],
            sequence_features=self.sequence_features[rows],
            homology=csr_array(self.homology[rows][:, rows]),
            networks={name: csr_array(network[rows][:, rows]) for name, network in self.networks.items()},
            positive=csr_array(self.positive[rows]),
            negative=csr_array(self.negative[rows]),
            electronic=csr_array(self.electronic[rows]),
            split=self.split[rows],
            electronic_sources={name: csr_array(labels[rows]) for name, labels in self.electronic_sources.items()},
            references=None if self.references is None else self.references.take(rows),
            sequences=tuple(self.sequences[row] for row in rows.tolist()) if self.sequences else (),
            substituted=None if self.substituted is None else self.substituted[:, rows],
            templates=None if self.templates is None else self.templates[rows],
            names=None if self.names is None else self.names.take(rows.tolist()),
            embeddings={},
        )

    def without_labels(self, hidden: Sequence[bool] | NDArray[np.bool_]) -> GeneDataset:
        """Return the dataset in which some genes have no experimental labels in any aspect.

        Parameters
        ----------
        hidden : list or ndarray of bool, shape (n_genes,)

        Raises
        ------
        InputError
            If `hidden` is anything else.
        """
        kept = ~as_mask("hidden", hidden, self.n_genes)
        return replace(self, positive=keep_rows(self.positive, kept), negative=keep_rows(self.negative, kept))

    def hide(self, fold: int) -> GeneDataset:
        """Return the dataset without a fold's labels; of the others a fold are validation genes and the rest train.

        With a `label_fraction` below 1 only that share of the labelled genes among them, at least one of the training
        and one of the validation genes, keeps its experimental and electronic annotations; a smaller fraction keeps a
        subset. Validation genes are thinned like the others, because predictors learn from their labels, too. Genes
        without experimental labels, hidden ones among them, keep their electronic annotations; synthetic ones lose them
        with the gene whose place they take. Which genes keep theirs does not depend on synthetic genes.

        Raises
        ------
        InputError
            If the dataset has no such fold.
        """
        number = isinstance(fold, (int, np.integer)) and not isinstance(fold, bool)
        if self.scheme != "cross_validation" or not number or not 0 <= fold < self.n_folds:
            raise InputError(f"fold: found {fold!r:.60}, expected a fold of a dataset with {self.n_folds} folds")
        hidden = self.split == fold
        validation = self.split == (fold + 1) % self.n_folds
        visible = replace(
            self.without_labels(hidden), split=validation.astype(np.uint8), scheme="none", n_folds=0, label_fraction=1.0
        )
        if self.label_fraction == 1.0:
            return visible
        labelled = (np.diff(visible.positive.indptr) > 0) | (np.diff(visible.negative.indptr) > 0)
        real = np.flatnonzero(~self.synthetic)
        order = real[np.argsort(self.genes[real])][np.random.default_rng(self.seed).permutation(len(real))]
        dropped = np.zeros(self.n_genes, dtype=bool)
        for part in (validation, ~validation):
            candidates = order[(labelled & part)[order]]
            dropped[candidates[max(1, round(self.label_fraction * len(candidates))) :]] = True
        if self.templates is not None:
            dropped |= np.isin(self.templates, self.genes[dropped])
        sources = {name: keep_rows(labels, ~dropped) for name, labels in self.electronic_sources.items()}
        thinned = visible.without_labels(dropped)
        return replace(thinned, electronic=keep_rows(self.electronic, ~dropped), electronic_sources=sources)

    def to_networkx(self, name: str) -> Any:
        """Return one network as a `networkx.Graph`, for its algorithms and drawings.

        Parameters
        ----------
        name : str
            A key of `networks`.

        Returns
        -------
        networkx.Graph
            All genes by name, in the order of `genes`, those without an edge among them; `weight` on each edge.

        Raises
        ------
        InputError
            If the dataset has no network of that name.

        Examples
        --------
        With the three genes of the class's example:

        >>> graph = dataset.to_networkx("string")
        >>> list(graph.nodes), list(graph.edges(data="weight"))
        (['YAL001C', 'YAL002W', 'YAL003W'], [('YAL001C', 'YAL002W', 0.5)])
        """
        import networkx  # only here, because loading it takes long

        if not isinstance(name, str) or name not in self.networks:
            suggested = nearest(name, self.networks) if isinstance(name, str) else ""
            known = ", ".join(map(repr, self.networks)) or "none, because the dataset has no network"
            raise InputError(f"name: there is no network {name!r:.60}{suggested}; expected one of {known}")
        graph = networkx.Graph(name=name)
        genes = self.genes.tolist()
        graph.add_nodes_from(genes)
        edges = triu(self.networks[name]).tocoo()
        ends = ([genes[row] for row in rows.tolist()] for rows in edges.coords)
        graph.add_weighted_edges_from(zip(*ends, edges.data.tolist(), strict=True))
        return graph

    def to_pyg(self) -> Any:
        """Return the genes and all networks as a graph of PyTorch Geometric, for its own layers and loaders.

        Returns
        -------
        torch_geometric.data.HeteroData
            Nodes of the type ``"gene"``, in the order of `genes`, with

            - ``x``: the sequence view, float32, shape (n_genes, n_features);
            - ``y``: whether a gene has a term by experiment, bool, shape (n_genes, n_terms), dense;
            - ``y_known``: whether it is known to have or not to have the term, bool, shape (n_genes, n_terms);
            - ``labelled``: whether it has an experimental annotation in an aspect, bool, shape (n_genes, n_aspects);
            - ``train_mask``, ``val_mask``: genes that are labelled in any aspect, bool, shape (n_genes,), without and
              with the validation genes;
            - ``split``, uint8, shape (n_genes,), and ``name``, a list of str.

            Edges of the type ``("gene", name, "gene")`` for each network, in both directions, with ``edge_index``,
            int64, shape (2, n_edges), and ``edge_weight``, float32, shape (n_edges,). The lists ``terms`` and
            ``aspects`` name the columns.

        Notes
        -----
        What is neither in `positive` nor in `negative` is unknown, not absent: a loss over all of ``y`` takes it for
        absent. Only visible labels are in the graph, so that of a dataset from `hide` holds none of the hidden fold.

        Examples
        --------
        With the three genes of the class's example:

        >>> from torch_geometric.nn import GCNConv
        >>> data = dataset.to_pyg()
        >>> joined = data["gene", "string", "gene"]
        >>> joined.edge_index.tolist(), joined.edge_weight.tolist()
        ([[0, 1], [1, 0]], [0.5, 0.5])
        >>> GCNConv(1, 16)(data["gene"].x, joined.edge_index, joined.edge_weight).shape
        torch.Size([3, 16])
        """
        from genessl.data.pyg import hetero_data  # only here, because it loads torch

        return hetero_data(self)

    def save(self, path: str | Path) -> None:
        """Write the dataset into a new folder, whole or not at all."""
        with written_folder(as_path(path)) as folder:
            self.write_into(folder)

    def write_into(self, folder: Path) -> None:
        """Write the dataset's files into an existing folder; the same dataset gives the same bytes."""
        write_files(self, folder)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a dataset that `save` wrote.

        Raises
        ------
        InputError
            If the folder holds no dataset, or a damaged one.
        """
        folder = as_path(path)
        if not (folder / "dataset.json").is_file():
            raise InputError(f"{folder}: expected a saved dataset, found no dataset.json; build the dataset first")
        try:
            return cls(**read_files(folder))
        except InputError as error:
            raise InputError(f"{folder}: {error}; build the dataset again") from error
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{folder}: the saved dataset is damaged ({reason}); build the dataset again") from error
