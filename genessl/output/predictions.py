"""Writing predictions as a table, in the CAFA format and as GAF, and reading the table."""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.folders import one_field, written_file
from genessl.data.ontology import Ontology
from genessl.data.text_files import read_lines
from genessl.errors import InputError
from genessl.output.gaf import GafWriter, Origin, database_of
from genessl.output.rows import TICKS, KeptRows, kept_rows, write_rows

HEADER = ("gene", "term", "name", "aspect", "score", "known")
GAF_THRESHOLD = 0.5
_COMPRESSION = 1


def write_predictions(
    path: str | Path,
    scores: NDArray[np.float32],
    genes: NDArray[np.str_],
    ontology: Ontology,
    known: csr_array,
    *,
    cafa: str | Path | None = None,
    gaf: str | Path | None = None,
    model: str = "genessl",
    taxon: str = "",
    date: int = 0,
    gaf_threshold: float = GAF_THRESHOLD,
) -> None:
    """Write one model's predictions; either all files are written or none, gzipped if the name ends in .gz.

    The table has the columns gene, term, name, aspect, score and known. Its rows follow the order of `genes`, and
    within a gene descending score and then the term. A gene keeps its 1,500 best terms that score at least 0.01 when
    rounded to four decimals; among equal scores parents are kept before their children. The CAFA file has the same
    rows.

    GAF has no column for a score. Its file holds the terms of the table that score at least `gaf_threshold`, are not
    known by experiment, and have no descendant in the file. The evidence is IEA. The relation is `enables`,
    `involved_in`, `located_in`, or `part_of` for protein-containing complexes. The reference is `genessl:{model}`,
    because no GO_REF describes this method. The database is UniProtKB if all genes are named by UniProt accessions,
    otherwise genessl. The same input gives the same bytes.

    Parameters
    ----------
    path : str or Path
    scores : ndarray of float32, shape (n_genes, n_terms), in [0, 1]
        A parent scores at least as high as its child.
    genes : ndarray of str, shape (n_genes,)
    ontology : Ontology
        Its n_terms terms, without roots, are the columns.
    known : csr_array of bool, shape (n_genes, n_terms)
        Terms known by experiment, closed upwards.
    cafa, gaf : str or Path, optional
        Where to write these formats.
    model : str, default='genessl'
        Name of the model, stated in the CAFA header and the GAF reference.
    taxon : str, default=''
        NCBI taxon for GAF, with or without `taxon:`; if empty, 32644 (unidentified).
    date : int, default=0
        Date in GAF: the newest date of the annotations on which the predictions are based, as YYYYMMDD.
    gaf_threshold : float, default=0.5
        Lowest score in GAF, in (0, 1].

    Raises
    ------
    InputError
        If GAF is asked for without a date, or with a threshold outside (0, 1].
    """
    _check_shapes(scores, known, (len(genes), len(ontology.terms)))
    with ExitStack() as files:
        writers: list[_Table | _Cafa | GafWriter] = [_Table(_opened(files, path), ontology)]
        if cafa is not None:
            writers.append(_Cafa(_opened(files, cafa), ontology, model))
        if gaf is not None:
            origin = Origin(model, taxon, date, database_of(genes))
            writers.append(GafWriter(_opened(files, gaf), ontology, origin, gaf_threshold))
        for kept in kept_rows(scores, genes, ontology, known):
            for writer in writers:
                writer.write(kept)
        for writer in writers:
            writer.close()


def _check_shapes(scores: NDArray[np.float32], known: csr_array, shape: tuple[int, int]) -> None:
    if scores.shape != shape or known.shape != shape:
        raise ValueError(f"scores {scores.shape} and known {known.shape} need the shape {shape} of genes and terms")


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read the genes, terms and scores of a predictions table.

    Returns
    -------
    DataFrame
        Columns gene and term (categorical), score (float64), in the order of the file; without rows if the model
        predicted nothing.

    Raises
    ------
    InputError
        If the file is damaged or empty, lacks one of these columns, or holds a score that is no number from 0 to 1.
    """
    columns = ["gene", "term", "score"]
    number, header = next(read_lines(path))
    missing = [column for column in columns if column not in header.split("\t")]
    if missing:
        raise InputError(
            f"{path}:{number}: expected a header with {', '.join(columns)}, found {header[:60]!r};"
            " give a predictions table of genessl"
        )
    try:
        table = pd.read_csv(
            path,
            sep="\t",
            usecols=columns,
            dtype={"gene": "category", "term": "category", "score": "float64"},
            compression="gzip" if _is_gzip(path) else None,
            keep_default_na=False,
            quoting=3,
        )
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(_first_bad_row(path, header) or f"{path}: expected a predictions table ({error})") from error
    if not table["score"].between(0.0, 1.0).all():
        raise InputError(_first_bad_row(path, header) or f"{path}: expected scores from 0 to 1; predict again")
    table["score"] = _exact(table["score"].to_numpy())
    return table[columns]


def _exact(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the float nearest to each four-decimal score, which fast parsing and then a threshold may miss."""
    nearest = np.rint(scores * TICKS) / TICKS
    return np.where(np.abs(scores - nearest) < 1e-12, nearest, scores)


def _is_gzip(path: str | Path) -> bool:
    with Path(path).open("rb") as head:
        return head.read(2) == b"\x1f\x8b"


def _first_bad_row(path: str | Path, header: str) -> str | None:
    """Return a sentence about the first row that is no prediction, or None; reading may report a damaged file."""
    names = header.split("\t")
    for number, line in read_lines(path):
        fields = line.split("\t")
        if number == 1:
            continue
        if len(fields) != len(names):
            return f"{path}:{number}: expected {len(names)} columns, found {len(fields)}; predict again"
        score = fields[names.index("score")]
        try:
            valid = 0.0 <= float(score) <= 1.0
        except ValueError:
            valid = False
        if not valid:
            return f"{path}:{number}: expected a score from 0 to 1, found {score!r}; predict again"
    return None


def _opened(files: ExitStack, path: str | Path) -> BinaryIO:
    """Open a file that appears once everything is written; a gzip file contains no name and no time."""
    raw = files.enter_context(files.enter_context(written_file(path)).open("wb"))
    if Path(path).suffix != ".gz":
        return raw
    packed = gzip.GzipFile(filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=raw, mtime=0)
    return cast(BinaryIO, files.enter_context(packed))


class _Table:
    """The writer of the table, which joins one prepared string per term with one per score."""

    def __init__(self, file: BinaryIO, ontology: Ontology) -> None:
        self.file = file
        described = zip(ontology.terms, ontology.names, ontology.aspects.tolist())
        self.terms = ["\t".join((*map(one_field, texts), "")) for texts in described]
        self.tails = [f"{ticks / TICKS:.4f}\t{flag}\n" for flag in (0, 1) for ticks in range(TICKS + 1)]
        file.write(("\t".join(HEADER) + "\n").encode())

    def write(self, kept: KeptRows) -> None:
        text = io.StringIO()
        for gene, columns, ticks, known in zip(kept.genes, kept.columns, kept.ticks, kept.known):
            tails = (ticks + (TICKS + 1) * known[columns]).tolist()
            write_rows(text, f"{gene}\t", [self.terms[k] + self.tails[t] for k, t in zip(columns.tolist(), tails)])
        self.file.write(text.getvalue().encode())

    def close(self) -> None:
        self.file.close()


class _Cafa:
    """The writer of the CAFA format: a header, rows of gene, term and score, and END."""

    def __init__(self, file: BinaryIO, ontology: Ontology, model: str) -> None:
        self.file = file
        self.terms = [f"{term}\t" for term in ontology.terms]
        self.tails = [f"{ticks / TICKS:.4f}\n" for ticks in range(TICKS + 1)]
        file.write(f"AUTHOR genessl\nMODEL {model}\nKEYWORDS machine learning, sequence, interactions.\n".encode())

    def write(self, kept: KeptRows) -> None:
        text = io.StringIO()
        for gene, columns, ticks in zip(kept.genes, kept.columns, kept.ticks):
            rows = [self.terms[k] + self.tails[t] for k, t in zip(columns.tolist(), ticks.tolist())]
            write_rows(text, f"{gene}\t", rows)
        self.file.write(text.getvalue().encode())

    def close(self) -> None:
        self.file.write(b"END\n")
        self.file.close()
