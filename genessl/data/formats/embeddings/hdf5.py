"""HDF5 with a vector per protein, as UniProt, ProtT5's script and bio_embeddings write it, or with one matrix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import h5py
import numpy as np

from genessl.data.formats.embeddings.embedding_file import (
    EmbeddingFile,
    Place,
    Vector,
    as_text,
    check_finite,
    matrix_keys,
    read_vector,
    reading,
    row_names,
)
from genessl.data.formats.format import Format

_ORIGINAL = "original_id"  # bio_embeddings numbers the entries and keeps the names of the sequences here
_PEEKED = 5
_BLOCK = 8192  # rows


def read_hdf5(path: str | Path) -> EmbeddingFile:
    """List the vectors of an HDF5 file.

    A vector's name is the attribute ``original_id`` of its entry where there is one, else the entry's name; an entry
    may be a dataset or a group of one dataset. A file may instead hold names (``ids``, ``accessions``, …) beside a
    matrix (``embeddings``, ``X``, …).

    Raises
    ------
    InputError
        If the file is damaged, or names and matrix do not fit.
    """
    path = Path(path)
    with reading(path), h5py.File(path, "r") as file:
        keys = matrix_keys(list(file))
        if keys is not None and all(isinstance(file[key], h5py.Dataset) for key in keys):
            names = row_names(path, keys, file[keys[0]], file[keys[1]])
            return EmbeddingFile(path, names, tuple(range(len(names))), partial(_load_rows, matrix=keys[1]))
        found = list(_entries(file))
    return EmbeddingFile(path, tuple(names for names, _ in found), tuple(place for _, place in found), _load_entries)


def _entries(file: h5py.File) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the names and the place of each entry that may be a vector."""
    paths: list[str] = []
    file.visit(paths.append)
    children: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        parent, slash, _ = path.rpartition("/")
        if slash:
            children[parent].append(path)
    has_originals = any(_ORIGINAL in file[path].attrs for path in islice(paths, _PEEKED))
    for path in paths:
        parent = path.rpartition("/")[0]
        if len(children[path]) == 1 if path in children else len(children.get(parent, ())) == 1:
            if path in children:
                continue  # its only child has its name, too
            names: tuple[str, ...] = (parent, path)
        else:
            names = (path,)
        if has_originals:
            original = file[path].attrs.get(_ORIGINAL, file[names[0]].attrs.get(_ORIGINAL))
            names = (as_text(original),) if original is not None else names
        yield names, path


def _load_entries(path: Path, entries: Sequence[tuple[str, Place]]) -> Iterator[Vector]:
    with h5py.File(path, "r") as file:
        for name, place in entries:
            yield read_vector(path, name, file[place])


def _load_rows(path: Path, entries: Sequence[tuple[str, Place]], *, matrix: str) -> Iterator[Vector]:
    with h5py.File(path, "r") as file:
        vectors: dict[Place, Vector] = {}
        wanted = np.array(sorted({int(place) for _, place in entries}), dtype=np.int64)
        for start in range(0, len(file[matrix]), _BLOCK):
            inside = wanted[(wanted >= start) & (wanted < start + _BLOCK)]
            if len(inside):
                block = np.asarray(file[matrix][start : start + _BLOCK], dtype=np.float32)
                vectors |= {int(row): block[row - start].copy() for row in inside}
    for name, place in entries:
        check_finite(path, name, vectors[place])
        yield vectors[place]


FORMAT = Format(
    name="hdf5",
    title="HDF5",
    recognised="The file has the signature of HDF5",
    gives=(
        "One vector a protein: datasets named by the protein, as UniProt offers them; entries with the attribute"
        " original_id, as bio_embeddings writes them; or names (ids, names, genes, accessions) beside a matrix"
        " (embeddings, vectors, X). Names are joined to genes through the identifiers"
    ),
    refuses=(
        "Entries that are no vector of finite numbers, vectors of different lengths and embeddings per residue are"
        " errors; vectors of no gene, and different vectors of one gene, are left out and counted"
    ),
    matches=h5py.is_hdf5,
    read=read_hdf5,
)
