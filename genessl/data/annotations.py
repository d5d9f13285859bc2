"""Annotations of genes with terms: each format in; one table of genes, terms and evidence out, for `labels.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from genessl.data.evidence import EXPERIMENTAL, KNOWN_CODES, check_evidence
from genessl.data.formats.annotations import ANNOTATION_FORMATS
from genessl.data.formats.annotations.gaf import read_gaf
from genessl.data.formats.annotations.table import joined_tables
from genessl.data.formats.format import recognise
from genessl.data.text_files import read_head
from genessl.errors import InputError

__all__ = ["EXPERIMENTAL", "KNOWN_CODES", "check_evidence", "read_annotations", "read_gaf"]


def read_annotations(paths: str | Path | Sequence[str | Path]) -> pd.DataFrame:
    """Read annotations of one file or several, each in a format that its content shows.

    The formats are GAF, GPAD, the tables of QuickGO, gene2go, TAIR and BioMart, InterProScan's table with GO terms,
    eggNOG-mapper's table, and two columns of a gene and its terms. The last three hold predictions: their rows have
    the evidence code IEA.

    Parameters
    ----------
    paths : str, Path, or sequence of these
        The rows of several files are put one below the other.

    Returns
    -------
    DataFrame, one row per annotation in the order of the files, with the columns

        line : int, the line in its file, from 1
        gene, symbol, term, evidence, with_from, aspect, name, synonyms, assigned_by : categorical of str, without
            spaces around; a gene is empty where the row has no identifier, symbol or synonym
        qualifier : categorical of str, without NOT; several are joined by ``|``
        negated : bool, whether the qualifier held NOT
        date : int64, as YYYYMMDD; 0 where the file holds no date

    Its ``attrs["repairs"]`` counts by reason the rows in which something was mended; ``attrs["newest"]`` is the newest
    date of a GAF or GPAD, which tells until when annotations were known; ``attrs["computed"]`` names the formats read
    that hold predictions of a program only.

    Raises
    ------
    InputError
        If a file is damaged or of no such format, or there is none.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    if not files:
        raise InputError("annotations: found an empty list, expected one file or several")
    return joined_tables([recognise(read_head(file), ANNOTATION_FORMATS, "annotations").read(file) for file in files])
