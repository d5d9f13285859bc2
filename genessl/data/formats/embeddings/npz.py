"""NumPy's npz with a vector per protein, or with names beside one matrix."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from genessl.data.formats.embeddings.embedding_file import (
    EmbeddingFile,
    Place,
    Vector,
    check_finite,
    matrix_keys,
    read_vector,
    reading,
    row_names,
)
from genessl.data.formats.embeddings.other_kinds import REMEDY
from genessl.data.formats.format import Format
from genessl.errors import InputError

_MOST_EXPANSION, _FREE_EXPANSION = 200, 64 << 20  # numbers hardly compress


def read_npz(path: str | Path) -> EmbeddingFile:
    """List the vectors of an npz file: arrays named by proteins, or names (``ids``, …) beside a matrix (``X``, …).

    Raises
    ------
    InputError
        If the file is damaged, if names and matrix do not fit, or if an array grows out of all proportion.
    """
    path = Path(path)
    with reading(path):
        _refuse_bombs(path)
        with np.load(path, allow_pickle=False) as file:
            keys = matrix_keys(file.files)
            if keys is not None:
                names = row_names(path, keys, file[keys[0]], file[keys[1]])
                return EmbeddingFile(path, names, tuple(range(len(names))), partial(_load_rows, matrix=keys[1]))
            places = tuple(file.files)
            if places[:1] == ("arr_0",):
                raise InputError(f"{path}: found arrays without names, expected one for each protein; {REMEDY}")
    return EmbeddingFile(path, tuple((name,) for name in places), places, _load_arrays)


def _matches(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with reading(path), zipfile.ZipFile(path) as archive:
        return any(name.endswith(".npy") for name in archive.namelist())


def _refuse_bombs(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.file_size > max(_FREE_EXPANSION, _MOST_EXPANSION * member.compress_size):
                raise InputError(
                    f"{path}: {member.file_size >> 20} MB come out of {member.compress_size >> 10} KB at"
                    f" '{member.filename}', which no embedding does; write the file again"
                )


def _load_arrays(path: Path, entries: Sequence[tuple[str, Place]]) -> Iterator[Vector]:
    with np.load(path, allow_pickle=False) as file:
        for name, place in entries:
            yield read_vector(path, name, file[str(place)])


def _load_rows(path: Path, entries: Sequence[tuple[str, Place]], *, matrix: str) -> Iterator[Vector]:
    with np.load(path, allow_pickle=False) as file:
        rows = file[matrix]
    for name, place in entries:
        vector = np.asarray(rows[int(place)], dtype=np.float32)
        check_finite(path, name, vector)
        yield vector


FORMAT = Format(
    name="npz",
    title="npz of NumPy",
    recognised="The file is a zip archive of arrays (.npy)",
    gives=(
        "One vector a protein: arrays named by the protein, or names (ids, names, genes, accessions) beside a matrix"
        " (embeddings, vectors, X). Names are joined to genes through the identifiers"
    ),
    refuses=(
        "Pickled objects, entries that are no vector of finite numbers and vectors of different lengths are errors;"
        " vectors of no gene, and different vectors of one gene, are left out and counted"
    ),
    matches=_matches,
    read=read_npz,
)
