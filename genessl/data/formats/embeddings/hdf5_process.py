"""A process that opens one HDF5 file: a question as JSON in, an answer as a line of JSON out, vectors after it."""

from __future__ import annotations

import json
import math
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from genessl.data.formats.embeddings.embedding_file import (
    Place,
    Vector,
    as_text,
    check_finite,
    matrix_keys,
    read_vector,
    reading,
    row_names,
)
from genessl.errors import InputError

_ORIGINAL = "original_id"  # bio_embeddings numbers the entries and keeps the names of the sequences here
_PEEKED = 5
_BLOCK = 8192  # rows
_BYTES = 8 << 30  # of memory, beside the size of the file


def main() -> None:
    """Answer the question that stands in the standard input."""
    question = json.load(sys.stdin)
    path = Path(question["path"])
    _bound_memory(_BYTES + 4 * path.stat().st_size)
    if hasattr(signal, "alarm"):  # the process must end even if the one that asked is gone
        signal.alarm(math.ceil(question["seconds"]) + 1)
    answer: dict[str, Any]
    vectors: list[Vector] = []
    try:
        with reading(path), h5py.File(path, "r") as file:
            if question["ask"] == "names":
                answer = _names(path, file)
            else:
                vectors = list(_vectors(path, file, question["entries"], question["matrix"]))
                answer = {"lengths": [len(vector) for vector in vectors]}
    except InputError as error:
        answer, vectors = {"error": str(error)}, []
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    for vector in vectors:
        sys.stdout.buffer.write(vector.tobytes())
    sys.stdout.buffer.flush()


def _bound_memory(n_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # there is none on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or most > n_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, most))


def _names(path: Path, file: h5py.File) -> dict[str, Any]:
    """Return the names and places of all vectors, and the key of the matrix if the file has one."""
    keys = matrix_keys(list(file))
    if keys is not None and all(isinstance(file[key], h5py.Dataset) for key in keys):
        names = row_names(path, keys, file[keys[0]], file[keys[1]])
        return {"names": names, "places": list(range(len(names))), "matrix": keys[1]}
    found = list(_entries(file))
    return {"names": [names for names, _ in found], "places": [place for _, place in found], "matrix": None}


def _vectors(path: Path, file: h5py.File, entries: Sequence[tuple[str, Place]], matrix: str | None) -> Iterator[Vector]:
    if matrix is not None:
        yield from _rows(path, file, entries, matrix)
        return
    for name, place in entries:
        yield read_vector(path, name, file[place])


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


def _rows(path: Path, file: h5py.File, entries: Sequence[tuple[str, Place]], matrix: str) -> Iterator[Vector]:
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


if __name__ == "__main__":
    main()
