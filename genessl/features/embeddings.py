"""Precomputed per-protein embeddings, found by the genes' names or through identifiers."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genessl.data.coverage import HELD, JOINED, Coverage
from genessl.data.formats.embeddings import EMBEDDING_FORMATS
from genessl.data.formats.embeddings.embedding_file import EmbeddingFile, Vector
from genessl.data.formats.embeddings.other_kinds import other_kind
from genessl.data.identifiers import UNKNOWN, GeneIdentifiers, Resolution
from genessl.data.sequences import gene_of_word
from genessl.data.text_files import NO_PERMISSION
from genessl.errors import InputError

__all__ = ["EmbeddingFile", "embedding_names", "join_embeddings", "read_embedding_file", "read_embeddings"]

_log = logging.getLogger(__name__)
_ENOUGH = 0.5
_PEEKED = 5
_ABSENT = "no embedding in the file"
_DIFFERENT = "different embeddings of one gene"
_OTHER = "another embedding of the gene"


def read_embeddings(
    path: str | Path | Sequence[str | Path], genes: Sequence[str], identifiers: GeneIdentifiers | None = None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read the embedding of each gene.

    Parameters
    ----------
    path : path or sequence of paths
        HDF5 or npz with one vector per gene, see `read_embedding_file`; the vectors of several files are joined to one.
    genes : sequence of str, length n_genes
    identifiers : GeneIdentifiers, optional
        Of the genes; by default a vector is found by the gene's own name only.

    Returns
    -------
    embeddings : ndarray of float32, shape (n_genes, n_dimensions)
        Zero where a file has no vector.
    found : ndarray of bool, shape (n_genes,)
        Whether any file has a vector.

    Raises
    ------
    InputError
        If a file is damaged or of another kind, if it holds none of the genes, if an entry is no vector of finite
        numbers, or if the vectors have different or zero lengths.
    """
    paths = [path] if isinstance(path, str | Path) else path
    files = [read_embedding_file(file) for file in paths]
    blocks = [join_embeddings(file, genes, identifiers, Coverage(), source="embeddings") for file in files]
    return np.concatenate([vectors for vectors, _ in blocks], axis=1), np.any([found for _, found in blocks], axis=0)


def read_embedding_file(path: str | Path) -> EmbeddingFile:
    """List the vectors of a file of embeddings, HDF5 or npz, without reading more than the first.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another kind, or its first entries are no vectors.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: found a folder, expected a file; name the file in it")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: {NO_PERMISSION}")
    for format in EMBEDDING_FORMATS:
        if format.matches(path):
            file: EmbeddingFile = format.read(path)
            _check_first(file)
            return file
    raise other_kind(path)


def _check_first(file: EmbeddingFile) -> None:
    """Raise InputError if none of the first entries is a vector; others than vectors may stand among them."""
    if not file.names:
        raise InputError(f"{file.path}: found no entry, expected one vector a protein; write the file again")
    errors = []
    for row in range(min(_PEEKED, len(file.names))):
        try:
            file.vectors([row])
            return
        except InputError as error:
            errors.append(error)
    raise errors[0]


def join_embeddings(
    file: EmbeddingFile,
    genes: Sequence[str],
    identifiers: GeneIdentifiers | None,
    coverage: Coverage,
    *,
    source: str,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Find the vector of each gene, and count the genes without one and the vectors without a gene.

    A vector belongs to the gene of its name; else to that of the name's first word, with the accession of a
    ``sp|accession|name``; else to the one that the identifiers give; else to the one whose name becomes the vector's
    where '.' and '/' become '_', as the script of ProtT5 writes it. A gene takes the vector of the first of these
    ways; it takes none if that way leads to several vectors that differ.

    Parameters
    ----------
    file : EmbeddingFile
    genes : sequence of str, length n_genes
    identifiers : GeneIdentifiers, optional
    coverage : Coverage
    source : str
        Name under which the losses are counted.

    Returns
    -------
    embeddings : ndarray of float32, shape (n_genes, n_dimensions)
    found : ndarray of bool, shape (n_genes,)

    Raises
    ------
    InputError
        As `read_embeddings`.
    """
    losses: Counter[str] = Counter()
    rows_of, left = _rows_of_genes(file, genes, identifiers, losses)
    vectors = _vectors(file, rows_of, losses)
    if not vectors:
        shown = f", not like '{file.names[0][0]}'" if file.names else ""
        raise InputError(
            f"{file.path}: found no embedding of any gene, such as '{genes[0]}'; name each vector by its gene's"
            f" identifier{shown}, or add an alias table under `identifiers`"
        )
    lengths = {len(vector) for vector in vectors.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise InputError(
            f"{file.path}: found vectors of the lengths {', '.join(map(str, sorted(lengths)))}, expected one length"
            " above 0; give the embeddings of one model"
        )
    embeddings = np.zeros((len(genes), lengths.pop()), dtype=np.float32)
    found = np.array([gene in vectors for gene in genes], dtype=bool)
    _tell(file, genes, len(vectors), left, identifiers)
    embeddings[found] = np.stack([vectors[gene] for gene in genes if gene in vectors])
    different = len(rows_of) - len(vectors)
    _count(coverage, source, "genes", len(vectors), {_ABSENT: len(genes) - len(rows_of), _DIFFERENT: different})
    _count(coverage, source, "vectors", len(file.names) - losses.total(), losses)
    return embeddings, found


def embedding_names(n_dimensions: int, file: int | None = None) -> tuple[str, ...]:
    """Return the names of an embedding's columns; `file` is the number of its file where there are several.

    >>> embedding_names(2), embedding_names(1, file=2)
    (('embedding:1', 'embedding:2'), ('embedding:2:1',))
    """
    prefix = "embedding" if file is None else f"embedding:{file}"
    return tuple(f"{prefix}:{number}" for number in range(1, n_dimensions + 1))


def _count(coverage: Coverage, source: str, unit: str, joined: int, losses: Mapping[str, int]) -> None:
    coverage.add(source, unit, HELD, joined + sum(losses.values()))
    coverage.add(source, unit, JOINED, joined)
    for reason, count in losses.items():
        if count or reason == _ABSENT:
            coverage.add(source, unit, reason, count)


def _tell(
    file: EmbeddingFile, genes: Sequence[str], n_found: int, left: list[str], identifiers: GeneIdentifiers | None
) -> None:
    """Log how many genes have an embedding; warn, with advice, if few have one while vectors are left."""
    told = f"{file.path}: {n_found} of {len(genes)} genes have an embedding"
    if n_found >= _ENOUGH * len(genes) or not left:
        _log.info("%s", told)
    else:
        advice = identifiers.advice(left) if identifiers is not None else "add an alias table under `identifiers`"
        _log.warning("%s; for the %d vectors of no gene: %s", told, len(left), advice)


def _rows_of_genes(
    file: EmbeddingFile, genes: Sequence[str], identifiers: GeneIdentifiers | None, losses: Counter[str]
) -> tuple[dict[str, list[int]], list[str]]:
    """Return the rows of the vectors that the most direct way gives to each gene, and the names of those of no gene.

    These are counted.
    """
    own = {gene: gene for gene in genes}
    words = {name: gene_of_word(name.split(maxsplit=1)[0]) if name.strip() else name for name in chain(*file.names)}
    others = [word for name, word in words.items() if name not in own and word not in own]
    resolution = identifiers.resolve(others) if identifiers is not None else Resolution({}, {})
    written = _as_written_by_prott5(genes)
    ways: tuple[Callable[[str], str | None], ...] = (
        own.get,
        lambda name: own.get(words[name]),
        lambda name: resolution.targets.get(words[name]),
        written.get,
    )
    rows_of: dict[str, list[int]] = {}
    waiting = dict(enumerate(file.names))
    for find in ways:
        found: dict[str, list[int]] = {}
        for row, names in list(waiting.items()):
            gene = next((gene for name in names if (gene := find(name)) is not None), None)
            if gene is not None:
                found.setdefault(gene, []).append(row)
                del waiting[row]
        losses[_OTHER] += sum(len(rows) for gene, rows in found.items() if gene in rows_of)
        rows_of = found | rows_of
    left = [words[names[0]] for names in waiting.values()]
    losses.update(resolution.lost.get(name, UNKNOWN) for name in left)
    return rows_of, left


def _as_written_by_prott5(genes: Sequence[str]) -> dict[str, str]:
    """Return genes by their names with '_' for '.' and '/', without names that several genes would have."""
    written: dict[str, list[str]] = {}
    for gene in genes:
        written.setdefault(gene.replace(".", "_").replace("/", "_"), []).append(gene)
    return {name: genes[0] for name, genes in written.items() if len(genes) == 1}


def _vectors(file: EmbeddingFile, rows_of: dict[str, list[int]], losses: Counter[str]) -> dict[str, Vector]:
    """Return the vector of each gene, and count those that differ from another one of their gene."""
    genes, rows = list(rows_of), [row for rows in rows_of.values() for row in rows]
    vectors = iter(file.vectors(rows))
    found: dict[str, Vector] = {}
    for gene in genes:
        first, *more = islice(vectors, len(rows_of[gene]))
        if all(np.array_equal(first, other) for other in more):
            found[gene] = first
            losses[_OTHER] += len(more)
        else:
            losses[_DIFFERENT] += 1 + len(more)
            _log.info("%s: %d embeddings of '%s' differ and are not used", file.path, 1 + len(more), gene)
    return found
