"""Precomputed per-protein embeddings, read from HDF5 as UniProt provides them, or from npz."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from genessl.errors import InputError


def read_embeddings(path: str | Path, genes: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read the embedding of each gene.

    Parameters
    ----------
    path : path
        HDF5 or npz with one vector per gene, under the gene's name.
    genes : sequence of str, length n_genes

    Returns
    -------
    embeddings : ndarray of float32, shape (n_genes, n_dimensions)
        Zero where the file has no vector.
    found : ndarray of bool, shape (n_genes,)

    Raises
    ------
    InputError
        If the file is damaged or of another kind, if it holds none of the genes, if an entry is no vector of finite
        numbers, or if the vectors have different or zero lengths.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    vectors = _vectors(path, genes)
    if not vectors:
        raise InputError(
            f"{path}: found no embedding of any gene, such as '{genes[0]}'; name each vector by its gene's identifier"
        )
    lengths = {len(vector) for vector in vectors.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise InputError(
            f"{path}: found vectors of the lengths {', '.join(map(str, sorted(lengths)))}, expected one length above 0;"
            " give the embeddings of one model"
        )
    embeddings = np.zeros((len(genes), lengths.pop()), dtype=np.float32)
    found = np.array([gene in vectors for gene in genes], dtype=bool)
    embeddings[found] = np.stack([vectors[gene] for gene in genes if gene in vectors])
    return embeddings, found


def _vectors(path: Path, genes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    try:
        if h5py.is_hdf5(path):
            with h5py.File(path, "r") as file:
                return {gene: _vector(path, gene, file[gene]) for gene in genes if gene in file}
        if zipfile.is_zipfile(path):
            with np.load(path, allow_pickle=False) as file:
                held = set(file.files)
                return {gene: _vector(path, gene, file[gene]) for gene in genes if gene in held}
    except InputError:
        raise
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: the file cannot be read ({reason}); download or write it again") from error
    raise InputError(f"{path}: found another kind of file, expected embeddings as HDF5 or npz; convert the file")


def _vector(path: Path, gene: str, entry: Any) -> NDArray[np.float32]:
    kind = getattr(entry, "dtype", None)
    if kind is None or kind.kind not in "fiu":
        raise InputError(f"{path}: expected a vector of numbers for '{gene}', found {kind or 'a group of entries'}")
    vector = np.squeeze(np.asarray(entry, dtype=np.float32))
    if vector.ndim > 1:
        raise InputError(
            f"{path}: expected one vector for '{gene}', found an array of shape {entry.shape};"
            " give embeddings per protein, not per residue"
        )
    if not np.isfinite(vector).all():
        raise InputError(f"{path}: found a number for '{gene}' that is not finite; compute this embedding again")
    return np.atleast_1d(vector)
