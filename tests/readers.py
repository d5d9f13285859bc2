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


DOMAINS = (
    b"G1\t0123456789abcdef0123456789abcdef\t120\tPfam\tPF00069\tProtein kinase domain\t5\t60\t1.2E-20\tT\t01-01-2020\t"
    b"IPR000719\tProtein kinase domain\tGO:0004672\t-\n",
    b"Pkinase PF00069.31 G1 - 1e-20 60.0 0.1 2e-20 59.0 0.1 1.0 1 0 0 1 1 1 1 Protein kinase domain\n",
)
ALIASES = (
    b"abc1\tSYN001\nabc2\tSYN002\n",
    b"Entry\tGene Names\tSTRING\tRefSeq\nSYN001\tabc1\t1.xyz1;\tNP_1.1;\n",
    b"!gpi-version: 2.1\nUniProtKB:P90001\tgenA\tname\tabc|def\tPR:1\ttaxon:9\t\t\t\tSGD:S1\t\n",
)

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
    """Return valid files of each reader."""
    networks = _convention_files(lambda name: name == "network.txt")
    return {
        "sequences": _convention_files(lambda name: name.startswith("proteins")),
        "annotations": _convention_files(lambda name: name == "t0.gaf"),
        "ontology": [OBO.encode()],
        "aliases": [*ALIASES, *_convention_files(lambda name: "alias" in name or "mapping" in name)],
        "networks": networks,
        "edges": [b"G1\tG2\t0.5\n", b'"gene1","gene2","weight"\n"G1","G2",0.5\n', b"G1 pp G2\n"],
        "domains": list(DOMAINS),
        "embeddings": _embeddings(),
    }
