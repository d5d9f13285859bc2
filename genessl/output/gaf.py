"""GafWriter, which writes predictions as GAF 2.2: new terms above a threshold, of which only the most specific."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.gene_names import is_accession
from genessl.data.ontology import Ontology
from genessl.errors import InputError
from genessl.output.rows import TICKS, UNKNOWN, KeptRows, write_rows

UNIDENTIFIED_ORGANISM = "32644"
_ASPECT_LETTER = {"BPO": "P", "MFO": "F", "CCO": "C"}
_RELATION = {"BPO": "involved_in", "MFO": "enables", "CCO": "located_in"}
_COMPLEX = "GO:0032991"
_ISOFORM = re.compile(r"-\d+$")


@dataclass(frozen=True)
class Origin:
    """The origin of an annotation as stated in GAF; see `genessl.output.predictions.write_predictions`."""

    model: str
    taxon: str
    date: int
    database: str


class GafWriter:
    """Write predictions as GAF, a chunk of genes at a time.

    These are the terms of the table whose probability (score, where that is not known) is at least the threshold, which
    are not known by experiment, and have no descendant that is held as well. Evidence is IEA. The relation is
    `enables`, `involved_in`, `located_in`, or `part_of` for protein-containing complexes. The reference is
    `genessl:{model}`, because no GO_REF describes this method. The symbol is the gene where none is known. The database
    is UniProtKB where all genes are named by UniProt accessions, else genessl.

    Parameters
    ----------
    file : file open for writing bytes
    ontology : Ontology
        Its terms are the columns of the scores, without roots.
    origin : Origin
    threshold : float
        Lowest probability, in (0, 1].

    Raises
    ------
    InputError
        If the threshold is out of range, or the date is no date.
    """

    def __init__(self, file: BinaryIO, ontology: Ontology, origin: Origin, threshold: float) -> None:
        if not 0.0 < threshold <= 1.0:
            raise InputError(f"gaf_threshold: found {threshold}, expected a number above 0 and at most 1")
        if pd.isna(pd.to_datetime(str(origin.date), format="%Y%m%d", errors="coerce")):
            raise InputError(
                f"date: found {origin.date}, expected the newest annotation's date as YYYYMMDD, which GAF needs"
            )
        self.file = file
        self.least = round(threshold * TICKS)
        self.ancestors = ontology.ancestors.astype(np.int32)
        taxon = origin.taxon.removeprefix("taxon:") or UNIDENTIFIED_ORGANISM
        self.database = origin.database
        self.middles = [
            f"{relation}\t{term}\tgenessl:{origin.model}\tIEA\t\t{_ASPECT_LETTER.get(aspect, aspect)}\t"
            for relation, term, aspect in zip(_relations(ontology), ontology.terms, ontology.aspects.tolist())
        ]
        self.end = f"\t\tprotein\ttaxon:{taxon}\t{origin.date}\tgenessl\t\t"
        file.write(_gaf_header(origin, threshold).encode())

    def write(self, kept: KeptRows) -> None:
        """Write the terms that are new, probable enough and the most specific of these."""
        candidates = np.zeros_like(kept.known)
        for row, (columns, ticks, chance) in enumerate(zip(kept.columns, kept.ticks, kept.probability)):
            candidates[row, columns[np.where(chance == UNKNOWN, ticks, chance) >= self.least]] = True
        candidates &= ~kept.known
        held = csr_array(csr_array(candidates.astype(np.int32)) @ self.ancestors)  # counts a term and its descendants
        text = io.StringIO()
        for row, (gene, symbol, name) in enumerate(zip(kept.genes, kept.names.symbols, kept.names.descriptions)):
            inside = slice(held.indptr[row], held.indptr[row + 1])
            lowest = np.sort(held.indices[inside][held.data[inside] == 1])
            specific = lowest[candidates[row, lowest]].tolist()
            prefix = f"{self.database}\t{gene}\t{symbol or gene}\t"
            write_rows(text, prefix, [self.middles[column] for column in specific], f"{name}{self.end}")
        self.file.write(text.getvalue().encode())

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _gaf_header(origin: Origin, threshold: float) -> str:
    day = str(origin.date)
    return (
        "!gaf-version: 2.2\n"
        "!generated-by: genessl\n"
        f"!date-generated: {day[:4]}-{day[4:6]}-{day[6:]}\n"
        f"!Predictions of the model {origin.model} that no curator has reviewed.\n"
        f"!Probability (score, where that is not known) at least {threshold:g},\n"
        "!most specific terms only, without terms known by experiment.\n"
        "!The date is that of the newest annotation that the model could see.\n"
    )


def _relations(ontology: Ontology) -> list[str]:
    relations = [_RELATION.get(aspect, "involved_in") for aspect in ontology.aspects.tolist()]
    if _COMPLEX in ontology.index:
        column = ontology.index[_COMPLEX]
        for term in np.flatnonzero(ontology.ancestors[:, [column]].toarray().ravel()).tolist():
            relations[term] = "part_of"
    return relations


def database_of(genes: NDArray[np.str_]) -> str:
    """Return 'UniProtKB' if every gene is named by a UniProt accession, otherwise 'genessl'."""
    accessions = len(genes) > 0 and all(is_accession(_ISOFORM.sub("", gene)) for gene in genes.tolist())
    return "UniProtKB" if accessions else "genessl"
