"""Every reader of raw files, with valid files of its formats, for the tests and the fuzzing of hostile files."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from genessl.data.aliases import read_aliases
from genessl.data.annotations import read_annotations
from genessl.data.networks import read_network
from genessl.data.ontology import read_obo
from genessl.data.sequences import read_proteins
from genessl.features.domains import read_domains
from genessl.features.embeddings import read_embeddings
from tests.conventions import CONVENTIONS, OBO
from tests.file_examples import TEXTS


def _convention_files(wanted: Callable[[str], bool]) -> list[bytes]:
    import tempfile

    found = []
    for convention in CONVENTIONS.values():
        with tempfile.TemporaryDirectory() as folder:
            convention.write(Path(folder))
            for path in sorted(Path(folder).iterdir()):
                if wanted(path.name):
                    data = path.read_bytes()
                    found.append(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    return found


def _embeddings() -> list[bytes]:
    npz, hdf5 = io.BytesIO(), io.BytesIO()
    np.savez(npz, G1=np.ones(3, np.float32), G2=np.zeros(3, np.float32))
    with h5py.File(hdf5, "w") as file:
        file["G1"] = np.ones(3, np.float32)
        file["0"] = np.ones(3, np.float32)
        file["0"].attrs["original_id"] = "G2"
    return [npz.getvalue(), hdf5.getvalue()]


READERS: dict[str, Callable[[Path], Any]] = {
    "sequences": read_proteins,
    "annotations": read_annotations,
    "ontology": read_obo,
    "aliases": read_aliases,
    "networks": lambda path: read_network(path, None),
    "edges": lambda path: read_network(path, "edges"),
    "domains": read_domains,
    "embeddings": lambda path: read_embeddings(path, ["G1", "G2"]),
}


def examples() -> dict[str, list[bytes]]:
    """Return valid files of each reader: one of each format, and those of the imitated databases."""
    texts = {kind: [text.encode() for text in named.values()] for kind, named in TEXTS.items()}
    texts["sequences"] += _convention_files(lambda name: name.startswith("proteins"))
    texts["annotations"] += _convention_files(lambda name: name == "t0.gaf")
    texts["ontology"] += [OBO.encode()]
    texts["aliases"] += _convention_files(lambda name: "alias" in name or "mapping" in name)
    texts["networks"] += _convention_files(lambda name: name == "network.txt")
    edges = [b"G1\tG2\t0.5\n", b'"gene1","gene2","weight"\n"G1","G2",0.5\n', b"G1 pp G2\n"]
    return {**texts, "edges": edges, "embeddings": _embeddings()}
