"""Writing predictions as a table, in the CAFA format and as GAF, and reading the table."""

from __future__ import annotations

import gzip
import io
import logging
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.folders import one_field, written_file
from genessl.data.gene_names import GeneNames
from genessl.data.ontology import Ontology
from genessl.data.text_files import read_lines
from genessl.errors import InputError
from genessl.output.gaf import GafWriter, Origin, database_of
from genessl.output.rows import LOWEST_SCORE, TICKS, UNKNOWN, KeptRows, kept_rows, write_rows

_log = logging.getLogger(__name__)

HEADER = ("gene", "term", "name", "aspect", "score", "probability", "known", "symbol", "description")
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
    names: GeneNames | None = None,
    probability: NDArray[np.float32] | None = None,
) -> None:
    """Write one model's predictions; either all files are written or none, gzipped if the name ends in .gz.

    The table has the columns gene, term, name, aspect, score, probability, known, symbol and description. Its rows
    follow the order of `genes`, and within a gene descending probability, score and then the term; a probability that
    is not known is left empty and comes last. A gene keeps its 1,500 best terms that score at least 0.01 when rounded
    to four decimals; among equal ones parents are kept before their children. The CAFA file has the same rows.

    GAF has no column for a score. Its file holds the terms of the table whose probability, or score where that is not
    known, is at least `gaf_threshold`, which are not known by experiment, and have no descendant in the file. The
    evidence is IEA. The relation is `enables`, `involved_in`, `located_in`, or `part_of` for protein-containing
    complexes. The reference is `genessl:{model}`, because no GO_REF describes this method. The database is UniProtKB if
    all genes are named by UniProt accessions, otherwise genessl. The same input gives the same bytes.

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
        Lowest probability in GAF, in (0, 1].
    names : GeneNames, optional
        Symbols and descriptions of the genes; both columns are empty without them, and GAF takes the gene for a symbol.
    probability : ndarray of float32, shape (n_genes, n_terms), optional
        That the gene has the term, in [0, 1], at least its child's; not a number where it is not known.

    Raises
    ------
    InputError
        If GAF is asked for without a date, or with a threshold outside (0, 1].
    """
    _check_shapes((len(genes), len(ontology.terms)), scores, known, scores if probability is None else probability)
    with ExitStack() as files:
        writers: list[_Table | _Cafa | GafWriter] = [_Table(_opened(files, path), ontology)]
        if cafa is not None:
            writers.append(_Cafa(_opened(files, cafa), ontology, model))
        if gaf is not None:
            origin = Origin(model, taxon, date, database_of(genes))
            writers.append(GafWriter(_opened(files, gaf), ontology, origin, gaf_threshold))
        for kept in kept_rows(scores, genes, ontology, known, names or GeneNames.none(len(genes)), probability):
            for writer in writers:
                writer.write(kept)
        for writer in writers:
            writer.close()


def write_scores(
    path: str | Path,
    scores: NDArray[np.float32],
    dataset: GeneDataset,
    *,
    probability: NDArray[np.float32] | None = None,
    **options: Any,
) -> None:
    """Write the scores of a dataset's real genes; those added by `contamination` are left out.

    Parameters
    ----------
    path, scores, probability
        As in `write_predictions`, of all genes of the dataset.
    dataset : GeneDataset
    **options
        Further ones of `write_predictions`.
    """
    if round(float(scores.max(initial=0.0)), 4) < LOWEST_SCORE:
        _log.warning("no score reaches %g, the lowest that is written: %s has no prediction", LOWEST_SCORE, path)
    if dataset.synthetic.any():
        real = np.flatnonzero(~dataset.synthetic)
        probability = None if probability is None else probability[real]
        scores, dataset = scores[real], dataset.take(real)
    write_predictions(
        path,
        scores,
        dataset.genes,
        dataset.ontology,
        dataset.positive,
        names=dataset.names,
        probability=probability,
        **options,
    )


def _check_shapes(shape: tuple[int, int], *matrices: NDArray[np.float32] | csr_array) -> None:
    if wrong := [matrix.shape for matrix in matrices if matrix.shape != shape]:
        raise ValueError(f"found {wrong[0]}; scores, known and probability need the shape {shape} of genes and terms")


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read the genes, terms, scores and probabilities of a predictions table.

    Returns
    -------
    DataFrame
        Columns gene and term (categorical), score and probability (float64), in the order of the file; without rows if
        the model predicted nothing. A probability that is not known, as in tables of genessl 0.1, is not a number.

    Raises
    ------
    InputError
        If the file is damaged or empty, lacks one of the other columns, or holds a score or a probability that is no
        number from 0 to 1.
    """
    columns = ["gene", "term", "score"]
    number, header = next(read_lines(path))
    missing = [column for column in columns if column not in header.split("\t")]
    if missing:
        raise InputError(
            f"{path}:{number}: expected a header with {', '.join(columns)}, found {header[:60]!r};"
            " give a predictions table of genessl"
        )
    told = ["probability"] if "probability" in header.split("\t") else []
    try:
        table = pd.read_csv(
            path,
            sep="\t",
            usecols=columns + told,
            dtype={"gene": "category", "term": "category", "score": "float64", "probability": "float64"},
            compression="gzip" if _is_gzip(path) else None,
            keep_default_na=False,
            na_values={"probability": [""]},
            quoting=3,
        )
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(_first_bad_row(path, header) or f"{path}: expected a predictions table ({error})") from error
    if not told:
        table["probability"] = np.nan
    within = table["score"].between(0.0, 1.0) & (table["probability"].between(0.0, 1.0) | table["probability"].isna())
    if not within.all():
        raise InputError(_first_bad_row(path, header) or f"{path}: expected scores from 0 to 1; predict again")
    for name in ("score", "probability"):
        table[name] = _exact(table[name].to_numpy())
    return table[[*columns, "probability"]]


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
        for name in ("score", "probability"):
            text = fields[names.index(name)] if name in names else ""
            if not _is_share(text) and (text or name == "score"):
                return f"{path}:{number}: expected a {name} from 0 to 1, found {text!r}; predict again"
    return None


def _is_share(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False


def _opened(files: ExitStack, path: str | Path) -> BinaryIO:
    """Open a file that appears once everything is written; a gzip file contains no name and no time."""
    raw = files.enter_context(files.enter_context(written_file(path)).open("wb"))
    if Path(path).suffix != ".gz":
        return raw
    packed = gzip.GzipFile(filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=raw, mtime=0)
    return cast(BinaryIO, files.enter_context(packed))


class _Table:
    """The writer of the table, which joins one prepared string per term with one per score and probability."""

    def __init__(self, file: BinaryIO, ontology: Ontology) -> None:
        self.file = file
        described = zip(ontology.terms, ontology.names, ontology.aspects.tolist())
        self.terms = ["\t".join((*map(one_field, texts), "")) for texts in described]
        self.scores = [f"{ticks / TICKS:.4f}\t" for ticks in range(TICKS + 1)]
        chances = ["", *(f"{ticks / TICKS:.4f}" for ticks in range(TICKS + 1))]
        self.tails = [f"{chance}\t{flag}\t" for flag in (0, 1) for chance in chances]
        file.write(("\t".join(HEADER) + "\n").encode())

    def write(self, kept: KeptRows) -> None:
        text = io.StringIO()
        suffixes = map("\t".join, zip(kept.names.symbols, kept.names.descriptions))
        found = zip(kept.genes, kept.columns, kept.ticks, kept.probability, kept.known, suffixes)
        for gene, columns, ticks, chances, known, suffix in found:
            tails = (chances - UNKNOWN + (TICKS + 2) * known[columns]).tolist()
            places = zip(columns.tolist(), ticks.tolist(), tails)
            rows = [self.terms[k] + self.scores[s] + self.tails[t] for k, s, t in places]
            write_rows(text, f"{gene}\t", rows, suffix)
        self.file.write(text.getvalue().encode())

    def close(self) -> None:
        self.file.close()


class _Cafa:
    """The writer of the CAFA format: a header, rows of gene, term and score, and END."""

    def __init__(self, file: BinaryIO, ontology: Ontology, model: str) -> None:
        self.file = file
        self.terms = [f"{term}\t" for term in ontology.terms]
        self.tails = [f"{ticks / TICKS:.4f}" for ticks in range(TICKS + 1)]
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
