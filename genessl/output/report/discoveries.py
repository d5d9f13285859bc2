"""The strongest new predictions of a model for genes without an experimental annotation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset
from genessl.data.gene_names import GeneNames

SPECIFIC_SHARE = 0.05
MOST_PER_TERM = 3
_FEWEST_GENES = 3


def strongest_new_predictions(
    predictions: pd.DataFrame,
    dataset: GeneDataset,
    *,
    per_aspect: int = 20,
    share: float = SPECIFIC_SHARE,
    genes: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Choose the most probable specific predictions for genes without an experimental annotation in the aspect.

    Where no probability is known, the strongest by their score.

    A term is specific if at most `share` of the genes annotated in its aspect have it, or at most three genes. Terms
    that the gene has by electronic annotation are left out, because they are not new. Each gene is listed once per
    aspect, with its best term; of terms that are equal in this, with the rarest. Each term is listed for its three best
    genes only, so that one term does not fill the list.

    Parameters
    ----------
    predictions : DataFrame
        Columns gene, term, score and probability, as `read_predictions` returns them.
    dataset : GeneDataset
    per_aspect : int, default=20
        The most rows of an aspect.
    share : float, default=0.05
        In (0, 1].
    genes : ndarray of bool, shape (n_genes, n_aspects), optional
        Which genes are listed in which aspect; by default those without an experimental annotation in it.

    Returns
    -------
    DataFrame
        Columns aspect, gene, term, name, score, probability, symbol, accession and description; aspects as in the
        dataset, then by descending probability and score.
    """
    rows = _positions(predictions["gene"], {gene: row for row, gene in enumerate(dataset.genes.tolist())})
    columns = _positions(predictions["term"], dataset.ontology.index)
    found = (rows >= 0) & (columns >= 0)
    rows, columns = rows[found], columns[found]
    told = predictions[["probability", "score"]].fillna(0.0).to_numpy()[found]
    position = {aspect: number for number, aspect in enumerate(dataset.aspects)}
    aspect_of = np.array([position[aspect] for aspect in dataset.ontology.aspects.tolist()], dtype=np.intp)
    annotated = dataset.labelled.sum(axis=0)
    holders = np.bincount(dataset.positive.indices, minlength=dataset.n_terms)
    specific = holders <= np.maximum(share * annotated, _FEWEST_GENES)[aspect_of]
    listed = ~dataset.labelled if genes is None else genes
    new = specific[columns] & listed[rows, aspect_of[columns]]
    rows, columns, told = rows[new], columns[new], told[new]
    if len(rows):
        own = np.asarray(dataset.electronic[rows, columns]).ravel()
        rows, columns, told = rows[~own], columns[~own], told[~own]
    order = np.lexsort((columns, rows, holders[columns], -told[:, 1], -told[:, 0], aspect_of[columns]))
    ranked = pd.DataFrame({"aspect": aspect_of[columns[order]], "gene": rows[order], "term": columns[order]})
    ranked[["probability", "score"]] = told[order]
    once = ranked.drop_duplicates(["aspect", "gene"])
    varied = once.groupby(["aspect", "term"], sort=False).head(MOST_PER_TERM)
    chosen = varied.groupby("aspect", sort=False).head(per_aspect).reset_index(drop=True)
    rows, terms = chosen["gene"].to_numpy(), chosen["term"].to_numpy()
    return pd.DataFrame(
        {
            "aspect": dataset.ontology.aspects[terms],
            "gene": dataset.genes[rows],
            "term": np.array(dataset.ontology.terms)[terms],
            "name": np.array(dataset.ontology.names)[terms],
            "score": chosen["score"],
            "probability": chosen["probability"] if predictions["probability"].notna().any() else np.nan,
            **shown_names(dataset, rows),
        }
    )


def shown_names(dataset: GeneDataset, rows: NDArray[np.intp]) -> dict[str, list[str]]:
    """Return the symbol, accession and description of some genes; "" where none is known."""
    names = (dataset.names or GeneNames.none(dataset.n_genes)).take(rows.tolist())
    return {
        "symbol": list(names.symbols),
        "accession": list(names.accessions),
        "description": list(names.descriptions),
    }


def _positions(names: pd.Series, index: dict[str, int]) -> NDArray[np.intp]:
    """Return the position of each name in the index, or -1."""
    names = names.astype("category")
    of_category = np.array([index.get(str(name), -1) for name in names.cat.categories], dtype=np.intp)
    return of_category[names.cat.codes.to_numpy()]
