"""Small datasets that many tests share."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import ontology_from_edges
from genessl.features.composition import AMINO_ACIDS
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.stopping import Judge

collect_ignore = ["fuzz_readers.py"]  # needs atheris, and is no test

NAMESPACES = {"P": "biological_process", "F": "molecular_function", "C": "cellular_component"}


def small_ontology():
    """Three aspects of seven terms: 1 above 2 and 3, 2 above 4 and 5, 3 above 5 and 6; root 0."""
    terms = {f"GO:{a}{n}": (f"{a} term {n}", space) for a, space in NAMESPACES.items() for n in range(7)}
    below = [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (5, 3), (6, 3)]
    return ontology_from_edges(terms, [(f"GO:{a}{c}", f"GO:{a}{p}") for a in NAMESPACES for c, p in below])


def make_dataset(n_genes=240, seed=0, noise=0.2, scheme="temporal", n_folds=0, domains=False, embeddings=False):
    """Genes of four modules; a module has a leaf of each aspect, a network neighbourhood and a sequence signature.

    A fifth of the genes looks like another module in one of the views. Two genes in five have no experimental labels,
    the last six no edge and no homolog, and electronic labels are the module's, wrong in a quarter of the cases. With
    `domains` the sequence view also holds eight domains, two for each module, and with `embeddings` an embedding of six
    dimensions; the last six genes have none of either.
    """
    random = np.random.default_rng(seed)
    full = small_ontology()
    columns = np.flatnonzero(~full.roots)
    ontology = full.subset(columns)
    module = random.integers(0, 4, n_genes)
    leaves = {0: (4,), 1: (5,), 2: (6,), 3: (4, 6)}

    def labels_of(modules):
        matrix = np.zeros((n_genes, len(ontology.terms)), dtype=bool)
        for gene, number in enumerate(modules.tolist()):
            for aspect in NAMESPACES:
                matrix[gene, [ontology.index[f"GO:{aspect}{leaf}"] for leaf in leaves[number]]] = True
        return ontology.propagate(csr_array(matrix))

    def blurred(share):
        return np.where(random.random(n_genes) < share, random.integers(0, 4, n_genes), module)

    def graph(modules, density):
        same = modules[:, None] == modules[None, :]
        chance = np.where(same, density, density / 12)
        upper = np.triu(random.random((n_genes, n_genes)) < chance, 1) * random.uniform(0.3, 1.0, (n_genes, n_genes))
        weights = upper + upper.T
        weights[-6:], weights[:, -6:] = 0.0, 0.0
        return csr_array(weights.astype(np.float32))

    sequence_module = blurred(noise)
    centres = random.standard_normal((4, 12))
    features = centres[sequence_module] + 1.5 * random.standard_normal((n_genes, 12))
    homology = graph(sequence_module, 0.06)
    homology.data *= 200
    labelled = random.random(n_genes) < 0.6
    split = (random.integers(0, n_folds, n_genes) if n_folds else random.random(n_genes) < 0.2).astype(np.uint8)
    truth = labels_of(module)
    dataset = GeneDataset(
        genes=np.array([f"G{number:04d}" for number in random.permutation(n_genes)]),
        sequence_features=features.astype(np.float32),
        feature_names=tuple(f"feature {number}" for number in range(12)),
        homology=homology,
        networks={"a": graph(blurred(noise), 0.08), "b": graph(blurred(2 * noise), 0.05)},
        ontology=ontology,
        positive=csr_array(truth.toarray() & labelled[:, None]),
        negative=csr_array(truth.shape, dtype=bool),
        electronic=labels_of(blurred(0.25)),
        split=split,
        scheme=scheme,
        n_folds=n_folds,
        taxon="9999",
        annotation_date=20200101,
        sequences=tuple(map("".join, np.random.default_rng((seed, 2)).choice(list(AMINO_ACIDS), (n_genes, 40)))),
    )
    if domains:
        dataset = with_domains(dataset, sequence_module, np.random.default_rng((seed, 1)))
    if embeddings:
        dataset = with_embeddings(dataset, sequence_module, np.random.default_rng((seed, 3)))
    return dataset, truth.toarray()


def with_embeddings(dataset, modules, random):
    """Add the columns of an embedding; the last six genes have none."""
    vectors = 2.0 + random.standard_normal((4, 6))[modules] + random.standard_normal((dataset.n_genes, 6))
    vectors[-6:] = 0.0
    return replace(
        dataset,
        sequence_features=np.concatenate([dataset.sequence_features, vectors.astype(np.float32)], axis=1),
        feature_names=(*dataset.feature_names, *(f"embedding:{number}" for number in range(1, 7))),
    )


def with_domains(dataset, modules, random):
    """Add the columns of domains; a gene has each of its module's in half of the cases, and another's in one of 20."""
    own = modules[:, None] == np.arange(8)[None, :] // 2
    carried = random.random(own.shape) < np.where(own, 0.5, 0.05)
    carried[-6:] = False
    return replace(
        dataset,
        sequence_features=np.concatenate([dataset.sequence_features, carried.astype(np.float32)], axis=1),
        feature_names=(*dataset.feature_names, *(f"InterPro:IPR00000{number}" for number in range(8))),
    )


def quality_on(scores, dataset, rows):
    """The quality by which strategies stop, on some genes: weighted F-max, mean over aspects."""
    judge = Judge.of(dataset, Supervision.of(dataset))
    return replace(judge, rows=rows).quality(scores)


@pytest.fixture(scope="session")
def dataset():
    return make_dataset()[0]


@pytest.fixture(scope="session")
def dataset_and_truth():
    return make_dataset()
