"""Precomputed per-protein embeddings: HDF5 as UniProt gives them, or npz."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

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
        If the file is of another kind, holds none of the genes, or vectors of different or zero length.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            vectors = {gene: np.asarray(file[gene], dtype=np.float32).ravel() for gene in genes if gene in file}
    elif zipfile.is_zipfile(path):
        with np.load(path, allow_pickle=False) as file:
            vectors = {gene: np.asarray(file[gene], dtype=np.float32).ravel() for gene in genes if gene in file}
    else:
        raise InputError(f"{path}: expected embeddings as HDF5 or npz, found another kind of file")
    if not vectors:
        raise InputError(f"{path}: holds no embedding of any gene, such as '{genes[0]}'; name each vector by its gene")
    lengths = {len(vector) for vector in vectors.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise InputError(f"{path}: expected vectors of one length, found lengths {sorted(lengths)}")
    bad = next((gene for gene, vector in vectors.items() if not np.isfinite(vector).all()), None)
    if bad is not None:
        raise InputError(f"{path}: the embedding of '{bad}' holds a number that is not finite")
    embeddings = np.zeros((len(genes), lengths.pop()), dtype=np.float32)
    found = np.array([gene in vectors for gene in genes], dtype=bool)
    embeddings[found] = np.stack([vectors[gene] for gene in genes if gene in vectors])
    return embeddings, found
