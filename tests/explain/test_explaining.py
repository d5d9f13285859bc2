"""Explanations as tables and text, and whether what they name is what counts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.special import logit

from genessl.data.gene_names import GeneNames
from genessl.errors import InputError
from genessl.explain.removal import REMOVABLE, as_many_others, own_evidence, without_evidence
from genessl.explain.table import EXPLAINED, as_text, best_new_terms, explanation_table, find_gene
from genessl.models.neighbours import NetworkNeighbours
from genessl.models.reasons import log_odds
from genessl.semi_supervised.stacking.combined import Combined
from tests.conftest import make_dataset


@pytest.fixture(scope="module")
def dataset():
    made = make_dataset(domains=True)[0]
    symbols = tuple(f"sym{gene[1:]}" for gene in made.genes)
    return replace(made, names=GeneNames(symbols, ("",) * made.n_genes, ("",) * made.n_genes))


@pytest.fixture(scope="module")
def combined(dataset):
    return Combined(n_folds=2, teaching=False, members=["label_propagation", "electronic_trust", "graph_network"]).fit(
        dataset
    )


def strongest_pairs(dataset, scores, count):
    """Return for some genes without experiments their strongest term."""
    told = np.where(dataset.labelled.any(axis=1)[:, None], 0.0, scores)
    rows = np.argsort(-told.max(axis=1))[:count]
    return [(str(dataset.genes[row]), dataset.ontology.terms[int(told[row].argmax())]) for row in rows]


def test_a_table_names_the_evidence_and_sums_up_what_it_leaves_out(dataset, combined):
    scores = combined.predict_proba(dataset)
    pairs = strongest_pairs(dataset, scores, 4)
    table = explanation_table(combined, dataset, pairs, most=5)
    assert table.columns.tolist() == list(EXPLAINED)
    for (gene, term), reasons in table.groupby(["gene", "term"]):
        score = scores[dataset.genes.tolist().index(gene), dataset.ontology.index[term]]
        assert reasons["contribution"].sum() == pytest.approx(log_odds(score), abs=0.01)
        assert reasons["kind"].tolist()[0] == "base"
        assert (reasons["kind"] == "other evidence").sum() == 1
        assert len(reasons) <= 5 + 3
    assert table["symbol"].tolist() == [f"sym{gene[1:]}" for gene in table["gene"]]
    genes = table[table["what"].isin(dataset.genes)]
    assert len(genes) > 0
    assert genes["label"].tolist() == [f"sym{gene[1:]}" for gene in genes["what"]]


def test_the_text_has_a_block_for_each_pair_and_says_so_if_there_is_none(dataset):
    model = NetworkNeighbours().fit(dataset)
    pairs = strongest_pairs(dataset, model.predict_proba(dataset), 2)
    lines = as_text(explanation_table(model, dataset, pairs, most=3)).splitlines()
    heads = [line for line in lines if line.startswith("G")]
    assert [line.split("  ")[0] for line in heads] == [f"{gene} (sym{gene[1:]})" for gene, _ in pairs]
    assert all(": score " in line and "log-odds" in line for line in heads)
    assert as_text(explanation_table(model, dataset, [])).startswith("There is nothing to explain")


def test_a_gene_is_found_by_any_of_its_names_but_not_by_a_name_of_two(dataset):
    gene = str(dataset.genes[3])
    assert find_gene(dataset, gene) == find_gene(dataset, f"SYM{gene[1:]}") == gene
    with pytest.raises(InputError, match="found no gene of the name 'x'"):
        find_gene(dataset, "x")
    twins = replace(dataset, names=replace(dataset.names, symbols=("same",) * dataset.n_genes))
    with pytest.raises(InputError, match=r"found 240 genes, .* of the name 'same'"):
        find_gene(twins, "same")


def test_the_best_new_terms_are_not_known_and_none_implies_another(dataset):
    scores = np.ones((dataset.n_genes, dataset.n_terms), dtype=np.float32)
    row = int(np.flatnonzero(dataset.labelled.any(axis=1))[0])
    chosen = [dataset.ontology.index[t] for t in best_new_terms(dataset, scores, str(dataset.genes[row]), most=50)]
    assert chosen
    assert not dataset.positive[[row]].toarray().ravel()[chosen].any()
    among = dataset.ontology.ancestors[chosen][:, chosen].toarray()
    assert (among == np.eye(len(chosen), dtype=bool)).all()


class TestRemoval:
    def test_what_is_named_is_gone_and_nothing_else(self, dataset):
        gene = str(dataset.genes[int(np.argmax(np.diff(dataset.electronic.indptr)))])
        row, everything = dataset.genes.tolist().index(gene), own_evidence(dataset, gene)
        assert set(everything["kind"]) == set(REMOVABLE)
        named = everything.groupby("kind").head(1)
        left = without_evidence(dataset, named)
        remains = own_evidence(left, gene).apply(tuple, axis=1)
        gone = set(everything.apply(tuple, axis=1)) - set(remains)
        electronic = {entry for entry in gone if entry[1] == "electronic"}
        assert gone - electronic == set(named[named["kind"] != "electronic"].apply(tuple, axis=1))
        term = named.loc[named["kind"] == "electronic", "what"].item()
        above = dataset.ontology.ancestors.toarray()[:, dataset.ontology.index[term]]
        assert {what for *_, what in electronic} <= {
            t for t, is_below in zip(dataset.ontology.terms, above) if is_below
        }
        edge = named[named["kind"] == "neighbour"].iloc[0]
        other = dataset.genes.tolist().index(edge["what"])
        network = left.networks[edge["source"]]
        assert network[row, other] == network[other, row] == 0
        assert network.nnz == dataset.networks[edge["source"]].nnz - 2
        assert left.homology.nnz < dataset.homology.nnz
        others = np.arange(dataset.n_genes) != row
        np.testing.assert_array_equal(left.sequence_features[others], dataset.sequence_features[others])
        assert (csr_array(left.electronic[others]) != csr_array(dataset.electronic[others])).nnz == 0

    def test_as_many_others_of_the_same_kinds_are_drawn(self, dataset):
        parts = [own_evidence(dataset, str(gene)).groupby("kind").head(2) for gene in dataset.genes[:5]]
        named = pd.concat(parts)
        drawn = as_many_others(dataset, named, np.random.default_rng(0))
        counted = ["gene", "kind", "source"]
        assert drawn.groupby(counted).size().to_dict() == named.groupby(counted).size().to_dict()
        assert not drawn.duplicated().any()
        assert len(named.merge(drawn)) < len(named)


def test_removing_the_named_evidence_lowers_scores_at_least_twice_as_much_as_other_evidence(dataset, combined):
    """The law that makes an attribution faithful, on the genes of the strongest predictions."""
    scores = combined.predict_proba(dataset)
    pairs = strongest_pairs(dataset, scores, 25)
    told = combined.explain_pairs(dataset, pairs)
    speaking = told[told["kind"].isin(REMOVABLE) & (told["contribution"] > 0)]
    evidence = pd.concat([own_evidence(dataset, gene) for gene, _ in pairs])
    named = speaking.merge(evidence, on=["gene", "kind", "source", "what"]).groupby("gene").head(3)
    rows = [dataset.genes.tolist().index(gene) for gene, _ in pairs]
    columns = [dataset.ontology.index[term] for _, term in pairs]

    def drop(removed):
        left = combined.predict_proba(without_evidence(dataset, removed))
        before, after = (logit(np.clip(table[rows, columns], 1e-4, 1 - 1e-4)) for table in (scores, left))
        return float((before - after).mean())

    others = as_many_others(dataset, named, np.random.default_rng(0))
    assert drop(named) > max(0.1, 2 * drop(others))
