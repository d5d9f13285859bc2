"""t0, until when the annotations tell what was known, and what the later annotations add to it."""

from __future__ import annotations

import logging
from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from genessl.assembly.sources import Sources
from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.labels import Labels, label_genes
from genessl.errors import InputError

_log = logging.getLogger(__name__)


def newest_date(sources: Sources) -> int:
    """Return the newest date of the annotations, which is t0: the date up to which they hold what was known.

    The day on which a program computed a table of predictions does not count.
    """
    newest = _newest(sources.annotations)
    file = sources.files.get("annotations", "annotations")
    if not newest:
        computed = sources.annotations.attrs.get("computed")
        if computed:
            raise InputError(
                f"{file}: found {computed}, which hold predictions only, expected experimental annotations as well;"
                " list a GAF with dates beside it"
            )
        raise InputError(
            f"{file}: found no date in any row, expected YYYYMMDD or YYYY-MM-DD in column 14, which says until when"
            " annotations were known; give a GAF with dates"
        )
    latest = int(sources.annotations["date"].max())
    if sources.later_annotations is not None and latest > newest:
        _log.warning(
            "%s: predictions were computed on %d, after %d, the newest date of the experiments, perhaps from what the"
            " later annotations test; take predictions of that date for a fair test",
            file,
            latest,
            newest,
        )
    return newest


def later_truth(
    sources: Sources,
    identifiers: GeneIdentifiers,
    labels: Labels,
    coverage: Coverage,
    evidence: Collection[str],
) -> pd.DataFrame | None:
    """Return what experiments tell later as rows of gene and term, closed upwards, without roots; None if not given."""
    if sources.later_annotations is None:
        return None
    genes = list(sources.sequences)
    newest, known = (_newest(table) for table in (sources.later_annotations, sources.annotations))
    if 0 < newest < known:
        _log.warning(
            "%s: the newest row is of %d, before %d, the newest of `annotations`; check that they are not exchanged",
            sources.files.get("later annotations", "later annotations"),
            newest,
            known,
        )
    later = label_genes(
        sources.later_annotations,
        identifiers,
        genes,
        sources.ontology,
        coverage,
        source="later annotations",
        file=sources.files.get("later annotations"),
        evidence=evidence,
    ).positive
    rows = np.repeat(np.arange(len(genes)), np.diff(later.indptr))
    kept = ~sources.ontology.roots[later.indices]
    gained = csr_array(later.astype(np.int8) - later.astype(np.int8) * labels.positive)
    gained.eliminate_zeros()
    if sources.ontology.roots[gained.indices].all():
        raise InputError(
            f"{sources.files.get('later annotations', 'later annotations')}: found no experimental annotation that"
            " `annotations` lacks, expected some to test predictions by; give a later GAF, or set `evaluation.scheme`"
            " to cross_validation or none"
        )
    terms = np.array(sources.ontology.terms)
    return pd.DataFrame({"gene": np.array(genes)[rows[kept]], "term": terms[later.indices[kept]]})


def _newest(annotations: pd.DataFrame) -> int:
    return int(annotations.attrs.get("newest", annotations["date"].max()))
