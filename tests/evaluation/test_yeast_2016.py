"""Three real predictors on yeast-2016, evaluated by the package and by cafaeval from the same prediction files."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from genessl.data.adjacency import adjacency
from genessl.data.aliases import read_aliases
from genessl.data.annotations import read_gaf
from genessl.data.coverage import Coverage
from genessl.data.dataset import GeneDataset
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.labels import label_genes
from genessl.data.networks import read_network
from genessl.data.ontology import read_obo
from genessl.data.sequences import read_fasta
from genessl.evaluation.categories import knowledge_categories
from genessl.evaluation.comparison import compare
from genessl.output.predictions import read_predictions, write_predictions
from genessl.predictors import make_predictor
from tests.evaluation.test_against_cafaeval import best_numbers, oracle, write_prediction, write_tables

MODELS = ("term_frequency", "network_neighbours", "electronic_annotation")
NAMESPACES = {"BPO": "biological_process", "MFO": "molecular_function", "CCO": "cellular_component"}


def write_obo(path, ontology, columns):
    """Write some terms of an ontology, closed upwards, with all their parents as is_a."""
    part = ontology.subset(columns)
    stanzas = ["format-version: 1.2\n"]
    for column, term in enumerate(part.terms):
        parents = part.parents.indices[part.parents.indptr[column] : part.parents.indptr[column + 1]]
        lines = [f"id: {term}", f"name: {part.names[column]}", f"namespace: {NAMESPACES[part.aspects[column]]}"]
        stanzas.append("[Term]\n" + "\n".join([*lines, *(f"is_a: {part.terms[p]}" for p in parents)]) + "\n")
    path.write_text("\n".join(stanzas))


@pytest.fixture(scope="module")
def yeast(data_file):

    genes = list(read_fasta(data_file("4932.protein.sequences.v12.0.fa.gz")))
    ontology = read_obo(data_file("go_2015-07-11.obo.gz"))
    identifiers = GeneIdentifiers(genes, [read_aliases(data_file("4932.protein.aliases.v12.0.txt.gz"))])
    before, after = (
        label_genes(read_gaf(data_file(name)), identifiers, genes, ontology, Coverage(), source=name)
        for name in ("gene_association.sgd_2016-08-13.gaf.gz", "goa_yeast_2020-03-03.gaf.gz")
    )
    edges = read_network(data_file("Costanzo-2016.txt.gz"), "edges")
    targets = identifiers.resolve(pd.unique(pd.concat([edges["a"], edges["b"]]))).targets
    index_of = {node: genes.index(gene) for node, gene in targets.items()}
    network = adjacency(edges, index_of, len(genes), source="costanzo", coverage=Coverage())
    held = np.zeros(len(ontology.terms), dtype=bool)
    held[np.concatenate([before.positive.indices, before.electronic.indices])] = True
    columns = np.flatnonzero(held & ~ontology.roots)
    dataset = GeneDataset(
        genes=np.array(genes),
        sequence_features=np.zeros((len(genes), 0), dtype=np.float32),
        feature_names=(),
        homology=csr_array((len(genes), len(genes)), dtype=np.float32),
        networks={"costanzo": network},
        ontology=ontology.subset(columns),
        **{name: csr_array(getattr(before, name)[:, columns]) for name in ("positive", "negative", "electronic")},
        split=np.zeros(len(genes), dtype=np.uint8),
        annotation_date=20160813,
    )
    return dataset, ontology, before.positive, after.positive


@pytest.mark.slow
def test_three_predictors_score_as_cafaeval_says(yeast, tmp_path):
    dataset, ontology, known, truth = yeast
    files = {model: tmp_path / f"{model}.tsv.gz" for model in MODELS}
    for model, path in files.items():
        scores = make_predictor(model).fit(dataset).predict_proba(dataset)
        write_predictions(path, scores, dataset.genes, dataset.ontology, dataset.positive)
    tables = {model: read_predictions(path) for model, path in files.items()}
    accretion = ontology.information_accretion(known)
    result = compare(
        {model: [table] for model, table in tables.items()},
        known,
        truth,
        ontology,
        accretion,
        dataset.genes,
        scheme="temporal",
        n_bootstrap=0,
    ).set_index(["model", "aspect", "knowledge", "metric"])["value"]
    categories = [c for c in knowledge_categories(known, truth, ontology) if c.knowledge != "PK"]
    assert len(categories) == 9
    compared = 0
    for knowledge in ("NK", "LK", "first"):
        folder = tmp_path / knowledge
        folder.mkdir()
        rows = []
        for category in (c for c in categories if c.knowledge == knowledge):
            members = np.flatnonzero((ontology.aspects == category.aspect) & ~ontology.roots)
            gene, term = truth[category.rows][:, members].nonzero()
            rows += zip(dataset.genes[category.rows[gene]], np.array(ontology.terms)[members[term]])
        expected = pd.DataFrame(rows, columns=["gene", "term"])
        write_tables(folder, expected, dict(zip(ontology.terms, accretion)))
        occurring = {ontology.index[term] for term in expected["term"]}
        for model, table in tables.items():
            part = table[table["gene"].isin(set(expected["gene"]))]
            occurring |= {ontology.index[term] for term in part["term"].unique()}
            write_prediction(folder, model, part)
        closed = np.unique(ontology.ancestors[sorted(occurring)].indices)
        write_obo(folder / "go.obo", ontology, closed)
        curve, best = oracle(folder)
        for model in MODELS:
            for aspect, namespace in NAMESPACES.items():
                for metric, number in best_numbers(curve, best, model, namespace).items():
                    assert result[model, aspect, knowledge, metric] == pytest.approx(number, abs=1e-6)
                    compared += 1
    assert compared == 3 * 3 * 3 * 7
