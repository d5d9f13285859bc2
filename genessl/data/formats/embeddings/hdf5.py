"""HDF5 with a vector per protein, as UniProt, ProtT5's script and bio_embeddings write it, or with one matrix."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import genessl
from genessl.data.formats.embeddings.embedding_file import EmbeddingFile, Place, Vector
from genessl.data.formats.format import Format
from genessl.errors import InputError

_SECONDS, _SECONDS_PER_MB = 30, 2


def read_hdf5(path: str | Path) -> EmbeddingFile:
    """List the vectors of an HDF5 file.

    A vector's name is the attribute ``original_id`` of its entry where there is one, else the entry's name; an entry
    may be a dataset or a group of one dataset. A file may instead hold names (``ids``, ``accessions``, …) beside a
    matrix (``embeddings``, ``X``, …).

    The file is opened in a process of its own, because damaged files can crash the HDF5 library or keep it busy for
    ever.

    Raises
    ------
    InputError
        If the file is damaged, or names and matrix do not fit.
    """
    path = Path(path)
    answer, _ = _ask(path, {"ask": "names"})
    names = tuple(tuple(entry) for entry in answer["names"])
    return EmbeddingFile(path, names, tuple(answer["places"]), partial(_load, matrix=answer["matrix"]))


def _load(path: Path, entries: Sequence[tuple[str, Place]], *, matrix: str | None) -> Iterator[Vector]:
    answer, data = _ask(path, {"ask": "vectors", "entries": list(entries), "matrix": matrix})
    ends = np.cumsum(answer["lengths"], dtype=np.int64)
    return iter(np.split(np.frombuffer(data, dtype=np.float32), ends[:-1]) if len(ends) else [])


def _ask(path: Path, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Let a process of its own open the file; return its answer and the bytes after it."""
    package = str(Path(genessl.__file__).parents[1])
    search = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    seconds = _SECONDS + _SECONDS_PER_MB * (path.stat().st_size >> 20)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "genessl.data.formats.embeddings.hdf5_process"],
            input=json.dumps({"path": str(path), "seconds": seconds, **question}).encode(),
            capture_output=True,
            timeout=seconds,
            env={**os.environ, "PYTHONPATH": search},
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{path}: the HDF5 library comes to no end with it; download or write it again") from error
    if done.returncode < 0:
        raise InputError(f"{path}: the HDF5 library broke down while it read the file; download or write it again")
    if done.returncode:
        raise RuntimeError(done.stderr.decode("utf-8", "replace"))
    first, _, data = done.stdout.partition(b"\n")
    answer: dict[str, Any] = json.loads(first)
    if "error" in answer:
        raise InputError(answer["error"])
    return answer, data


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
