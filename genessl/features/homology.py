"""Homology: the search for similar sequences among genes and references, and the features made from the hits."""

from __future__ import annotations

import logging
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from sklearn.utils.extmath import randomized_svd

from genessl.errors import InputError

_log = logging.getLogger(__name__)
E_VALUE = 1e-3
# DIAMOND has been seen to wait for ever. It is stopped after ten minutes and a second for each 10^9 pairs of residues;
# the 2 * 10^12 pairs of E. coli's proteins take one core less than half a minute.
_SECONDS, _LEAST_SPEED = 600.0, 1e9
_COLUMNS = ("query", "target", "bits", "identity", "coverage")
_NUCLEOTIDES = set("ACGTNU")
_RESIDUES = set("ACDEFGHIKLMNPQRSTVWYBJZOUX")
# Each query keeps its best hits, so many that the table of all hits has at most _MOST_HITS rows, but never fewer than
# _FEWEST_KEPT: a table of 2 GB for 20,000 copies of one protein. No protein of yeast has more than 112 hits.
_MOST_HITS, _FEWEST_KEPT = 50_000_000, 500
# Random sequences of four letters match each other everywhere: DIAMOND takes 1 GB for 300,000 residues of them, and
# memory and time grow with the square. Of yeast's proteins 4 of 6,059, with 486 residues, are so repetitive.
_REPETITIVE, _MOST_REPETITIVE = 0.2, 300_000


def search_homologs(sequences: Mapping[str, str], *, threads: int = 1, program: str = "auto") -> pd.DataFrame:
    """Compare every sequence with every other one.

    DIAMOND [1]_ is used if it is installed, otherwise HMMER's phmmer (by pyhmmer [2]_). Memory is bounded: a query
    keeps its best hits, at least 500 of them and as many as make 50 million in all; and where sequences of few
    different residues (two residues of one are equal with a probability above 0.2, as in nucleotides) have more than
    300,000 residues together, they are compared with nothing.

    Parameters
    ----------
    sequences : mapping of gene to sequence
    threads : int, default=1
    program : {'auto', 'diamond', 'pyhmmer'}

    Returns
    -------
    DataFrame, a row per hit of another gene below an E-value of 0.001, sorted by query and target
        query, target : int, positions in `sequences`; bits : float64; identity : share of identical residues in the
        best alignment, in [0, 1]; coverage : aligned share of the shorter sequence, in [0, 1].

    References
    ----------
    .. [1] B. Buchfink et al., Sensitive protein alignments at tree-of-life scale using DIAMOND,
       Nature Methods 18, 366-368, 2021, doi:10.1038/s41592-021-01101-x
    .. [2] M. Larralde and G. Zeller, PyHMMER: a Python library binding to HMMER for efficient sequence analysis,
       Bioinformatics 39, btad214, 2023, doi:10.1093/bioinformatics/btad214
    """
    hits = _search(sequences, sequences, threads, program)
    return hits[hits["query"] != hits["target"]].reset_index(drop=True)


def search_references(
    sequences: Mapping[str, str], references: Mapping[str, str], *, threads: int = 1, program: str = "auto"
) -> pd.DataFrame:
    """Compare every sequence with every protein of other organisms, by the same program as `search_homologs`.

    Parameters
    ----------
    sequences, references : mapping of gene or protein to sequence
    threads : int, default=1
    program : {'auto', 'diamond', 'pyhmmer'}

    Returns
    -------
    DataFrame
        As `search_homologs` returns it, with `target` a position in `references`.
    """
    return _search(sequences, references, threads, program)


def _search(queries: Mapping[str, str], targets: Mapping[str, str], threads: int, program: str) -> pd.DataFrame:
    if program not in ("auto", "diamond", "pyhmmer"):
        raise InputError(f"program: found {program!r}, expected auto, diamond or pyhmmer")
    if program == "auto":
        program = "diamond" if shutil.which("diamond") else "pyhmmer"
    _log.info("comparing %d sequences with %d by %s", len(queries), len(targets), program)
    if not queries or not targets:
        return _hits([])
    search = _search_diamond if program == "diamond" else _search_pyhmmer
    most = max(_MOST_HITS // len(queries), _FEWEST_KEPT) + 1  # a gene among its own targets is its best hit
    hits = search(_cleaned(queries), _cleaned(targets), threads, most)
    hits = hits.sort_values("bits", ascending=False, kind="stable")
    return hits.drop_duplicates(["query", "target"]).sort_values(["query", "target"]).reset_index(drop=True)


def _cleaned(sequences: Mapping[str, str]) -> list[str]:
    cleaned = ["".join(r if r in _RESIDUES else "X" for r in sequence) for sequence in sequences.values()]
    repetitive = [row for row, sequence in enumerate(cleaned) if _is_repetitive(sequence)]
    if sum(len(cleaned[row]) for row in repetitive) > _MOST_REPETITIVE:
        _log.warning(
            "%d of %d sequences consist of few different residues, as nucleotides do, and are compared with nothing",
            len(repetitive),
            len(cleaned),
        )
        for row in repetitive:
            cleaned[row] = "X"  # which matches nothing
    return cleaned


def _is_repetitive(sequence: str) -> bool:
    """Return whether two residues of a sequence are equal more often than in any protein but a few."""
    equal = sum(sequence.count(residue) ** 2 for residue in set(sequence) - {"X"})
    return equal > _REPETITIVE * (len(sequence) - sequence.count("X")) ** 2


def bit_scores(hits: pd.DataFrame, n_genes: int, n_targets: int | None = None) -> csr_array:
    """Return hits as a sparse matrix of bit scores, with queries as rows and targets as columns.

    The result is float32, shape (n_genes, n_targets). The targets are the genes unless `n_targets` is given.
    """
    entries = (hits["bits"].to_numpy(dtype=np.float32), (hits["query"].to_numpy(), hits["target"].to_numpy()))
    return csr_array(coo_array(entries, shape=(n_genes, n_genes if n_targets is None else n_targets)))


def similarity_network(scores: csr_array, sending: NDArray[np.bool_] | None = None) -> csr_array:
    """Turn bit scores into a network: b(g, h) / sqrt(b_max(g) b_max(h)), with b_max a gene's score to its best hit.

    b(g, h) is the larger of the scores in the two directions. Two genes that are each other's best hits therefore have
    the weight 1, whatever the length of their sequences.

    Parameters
    ----------
    scores : csr_array of float32, shape (n_genes, n_genes)
        As `bit_scores` returns them; the diagonal is left out.
    sending : ndarray of bool, shape (n_genes,), optional
        Genes that send labels. The other genes are not considered as best hits, and their columns are empty.

    Returns
    -------
    csr_array of float32, shape (n_genes, n_genes)
        Symmetric except for empty columns, with weights in [0, 1] and an empty diagonal.
    """
    n_genes = scores.shape[0]
    larger = coo_array(scores.maximum(scores.T).astype(np.float64))
    rows, columns = larger.coords
    kept = (rows != columns) & (larger.data > 0)
    if sending is not None:
        kept &= sending[columns]
    rows, columns, bits = rows[kept], columns[kept], larger.data[kept]
    best = np.zeros(n_genes)
    np.maximum.at(best, rows, bits)
    best_of_both = best[rows] * np.maximum(best[columns], bits)  # bits are larger only at rows of muted genes
    weights = np.minimum(bits / np.sqrt(best_of_both), 1.0).astype(np.float32)
    return csr_array(coo_array((weights, (rows, columns)), shape=(n_genes, n_genes)))


def homology_profile(
    scores: csr_array, *, n_components: int = 128, seed: int = 0
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Compress the bit scores to all genes into a short vector by truncated singular value decomposition.

    Parameters
    ----------
    scores : csr_array of float32, shape (n_genes, n_genes)
        As `bit_scores` returns them. Their logarithms are decomposed; the score of a gene with itself is set to its
        best score.

    Returns
    -------
    features : ndarray of float32, shape (n_genes, n_components)
        Columns beyond the rank of the matrix are zero.
    names : tuple of str, length n_components
    """
    n_genes = scores.shape[0]
    logarithms = scores.copy().astype(np.float64)
    logarithms.data = np.log1p(logarithms.data)
    features = np.zeros((n_genes, n_components), dtype=np.float32)
    names = tuple(f"homology:{component}" for component in range(1, n_components + 1))
    rank = min(n_components, n_genes - 1)
    if scores.nnz and rank > 0:
        largest = csr_array(logarithms.max(axis=1)).toarray().ravel()
        own = csr_array(coo_array((largest, (np.arange(n_genes), np.arange(n_genes))), shape=scores.shape))
        left, values, _ = randomized_svd(csr_array(logarithms + own), rank, random_state=seed)
        features[:, :rank] = left * values
    return features, names


def _search_diamond(queries: list[str], targets: list[str], threads: int, most: int) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database, table = folder / "targets.dmnd", folder / "hits.tsv"
        query = _write_fasta(folder / "queries.fasta", queries)
        shared = ["--threads", str(threads), "--quiet"]
        target = _write_fasta(folder / "targets.fasta", targets)
        _run(["diamond", "makedb", "--in", str(target), "--db", str(database), *shared], _SECONDS)
        fields = ["qseqid", "sseqid", "bitscore", "nident", "length"]
        kept = str(most if len(targets) > most else 0)  # 0: all
        options = ["--very-sensitive", "--evalue", str(E_VALUE), "--max-target-seqs", kept, "--masking", "0"]
        search = ["diamond", "blastp", "--query", str(query), "--db", str(database), "--out", str(table)]
        seconds = _SECONDS + sum(map(len, queries)) * sum(map(len, targets)) / _LEAST_SPEED
        _run([*search, "--outfmt", "6", *fields, *options, *shared], seconds)
        if not table.stat().st_size:
            return _hits([])
        hits = pd.read_csv(table, sep="\t", names=fields)
    lengths = [np.array([len(sequence) for sequence in sequences]) for sequences in (queries, targets)]
    coverage = np.minimum(1.0, hits["length"] / np.minimum(lengths[0][hits["qseqid"]], lengths[1][hits["sseqid"]]))
    identity = hits["nident"] / hits["length"]
    columns = (hits["qseqid"], hits["sseqid"], hits["bitscore"].astype(float), identity, coverage)
    return pd.DataFrame(dict(zip(_COLUMNS, columns)))


def _write_fasta(path: Path, sequences: list[str]) -> Path:
    # DIAMOND refuses a protein that could be DNA; an X at its end, which aligns with nothing, marks it as a protein.
    shown = [sequence if set(sequence) - _NUCLEOTIDES else sequence + "X" for sequence in sequences]
    path.write_text("".join(f">{row}\n{sequence}\n" for row, sequence in enumerate(shown)), encoding="ascii")
    return path


def _run(command: list[str], seconds: float) -> None:
    try:
        finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{command[0]} {command[1]} came to no end in {seconds:.0f} seconds; run it again, or take {command[0]}"
            " from the PATH so that pyhmmer compares the sequences"
        ) from error
    if finished.returncode:
        reason = " ".join((finished.stderr or finished.stdout).split())
        raise InputError(f"{command[0]} {command[1]} failed: {reason}; check the installation of {command[0]}")


def _search_pyhmmer(queries: list[str], targets: list[str], threads: int, most: int) -> pd.DataFrame:
    import pyhmmer

    alphabet = pyhmmer.easel.Alphabet.amino()

    def digital(sequences: list[str]) -> list[Any]:
        texts = (pyhmmer.easel.TextSequence(name=str(row).encode(), sequence=s) for row, s in enumerate(sequences))
        return [text.digitize(alphabet) for text in texts]

    block = pyhmmer.easel.DigitalSequenceBlock(alphabet, digital(targets))
    found = []
    phmmer: Any = pyhmmer.hmmer.phmmer  # typed for one alphabet at a time
    for query, hits in enumerate(phmmer(digital(queries), block, cpus=threads, E=E_VALUE)):
        for hit in islice(hits.reported, most):  # the best first
            target = int(hit.name)
            alignment = hit.best_domain.alignment
            matched = sum(letter.isalpha() for letter in alignment.identity_sequence)
            aligned = len(alignment.identity_sequence)
            coverage = min(1.0, aligned / min(len(queries[query]), len(targets[target])))
            found.append((query, target, float(hit.score), matched / aligned, coverage))
        if query and query % 1000 == 0:
            _log.info("compared %d of %d sequences", query, len(queries))
    return _hits([row for row in found if row[2] > 0])


def _hits(rows: list[tuple[int, int, float, float, float]]) -> pd.DataFrame:
    hits = pd.DataFrame(rows, columns=list(_COLUMNS))
    return hits.astype({"query": np.int64, "target": np.int64, "bits": float, "identity": float, "coverage": float})
