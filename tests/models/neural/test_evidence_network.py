"""EvidenceNetwork: what it reads, what it is shown while training, and what a gene without annotations gets."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from genessl.models.baselines import TermFrequency
from genessl.models.neural.evidence_network import EvidenceInputs, EvidenceNetwork
from genessl.models.view import Preparation
from tests.conftest import make_dataset


def with_sources(dataset, **sources):
    return replace(dataset, electronic_sources={name: csr_array(labels) for name, labels in sources.items()})


@pytest.fixture(scope="module")
def two_sources():
    """The electronic labels of make_dataset dealt to two sources at random."""
    dataset = make_dataset()[0]
    electronic = dataset.electronic.toarray()
    first = np.random.default_rng(0).random(dataset.n_genes) < 0.6
    return with_sources(dataset, a=electronic & first[:, None], b=electronic & ~first[:, None])


@pytest.fixture(scope="module")
def fitted(two_sources):
    return EvidenceNetwork(hidden=64, max_epochs=30).fit(two_sources)


def test_inputs_are_what_three_genes_have_without_copies_and_without_unusable_sources(dataset):
    order = np.argsort(dataset.genes)
    dataset = dataset.take(order)
    labelled = dataset.labelled.any(axis=1)
    used, copied, unusable = (np.zeros(dataset.positive.shape, dtype=bool) for _ in range(3))
    used[:2, 0] = True  # two genes only
    used[:3, 1] = True
    used[3:60, 2] = used[3:60, 4] = True  # 4 says what 2 says
    used[40:200, 3] = True
    copied[3:60, 7] = True  # the same genes in another source
    copied[50:90, 8] = True
    unusable[np.flatnonzero(labelled), 5] = True
    inputs = EvidenceNetwork().prepare(with_sources(dataset, used=used, copied=copied, unusable=unusable))
    # Sources come in order of their names; the copy that comes first is read.
    assert {name: columns.tolist() for name, columns in inputs.preparation.evidence.items()} == {
        "copied": [7, 8],
        "used": [1, 3],
    }


def gathered_in_a_loop(evidence, rows):
    return [np.flatnonzero(evidence[row]).tolist() for row in rows]


def lists_of(inputs, starts):
    return [inputs[a:b].tolist() for a, b in zip(starts[:-1].tolist(), starts[1:].tolist())]


def test_the_inputs_of_some_genes_are_gathered_as_a_loop_would(two_sources):
    network = EvidenceNetwork(hidden=8, device="cpu")
    inputs = network.prepare(two_sources)
    chosen = inputs.preparation.evidence
    module = network._module(network._shape(inputs), 3).eval()
    parts = [two_sources.electronic_sources[name].toarray()[:, columns] for name, columns in chosen.items()]
    evidence = np.concatenate(parts, axis=1)
    evidence[5] = False
    blank = replace(
        two_sources,
        electronic_sources={
            name: csr_array(labels.toarray() & (np.arange(240) != 5)[:, None])
            for name, labels in two_sources.electronic_sources.items()
        },
    )
    inputs = network.prepare(blank, like=inputs.preparation)
    for rows in ([5], [7, 5, 3, 5, 7], [5, 239, 0], list(range(240)), np.random.default_rng(0).permutation(240)):
        found, _, starts = module._shown(inputs, torch.tensor(np.asarray(rows)))
        assert lists_of(found, starts) == gathered_in_a_loop(evidence, rows)
        assert any(lists_of(found, starts)) or list(rows) == [5]


@pytest.mark.parametrize("bare, masked", [(0.15, 0.1), (0.5, 0.3), (0.0, 0.0)])
def test_while_training_some_genes_are_shown_bare_and_the_others_in_part(bare, masked):
    evidence = csr_array(np.ones((4000, 40), dtype=bool))
    inputs = EvidenceInputs(
        genes=np.arange(4000).astype(str),
        n_terms=2,
        preparation=Preparation(genes=np.arange(4000).astype(str)),
        annotations=torch.from_numpy(evidence.indices.astype(np.int64)),
        starts=torch.from_numpy(evidence.indptr.astype(np.int64)),
    )
    module = EvidenceNetwork(hidden=4, bare=bare, masked=masked)._module({"n_inputs": 40}, 2).train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found, _, starts = module._shown(inputs, torch.arange(4000))
    counts = np.diff(starts.numpy())
    # Standard errors: 0.008 for a half of 4,000 genes, 0.001 for 80,000 annotations.
    assert (counts == 0).mean() == pytest.approx(bare, abs=0.03)
    assert counts[counts > 0].mean() / 40 == pytest.approx(1 - masked, abs=0.01)
    assert all(np.diff(shown).min() > 0 for shown in map(np.array, lists_of(found, starts)) if len(shown) > 1)


def test_a_gene_without_annotations_gets_about_the_term_frequencies(fitted, two_sources):
    none = with_sources(two_sources, a=np.zeros((240, 18), dtype=bool), b=np.zeros((240, 18), dtype=bool))
    scores = fitted.predict_proba(none)
    frequency = TermFrequency().fit(two_sources).predict_proba(two_sources)
    assert np.ptp(scores, axis=0).max() < 1e-6  # all genes look the same
    assert abs(scores[0] - frequency[0]).mean() < 0.1
    assert scores.min() > 0.1
    # Negative control: the annotated genes' scores do differ from the frequencies.
    assert abs(fitted.predict_proba(two_sources) - frequency).mean() > 0.2


def test_a_dataset_that_lacks_a_source_is_read_as_if_it_said_nothing(fitted, two_sources):
    lacking = with_sources(two_sources, a=two_sources.electronic_sources["a"].toarray())
    silent = with_sources(two_sources, a=two_sources.electronic_sources["a"].toarray(), b=np.zeros((240, 18), bool))
    scores = fitted.predict_proba(lacking)
    np.testing.assert_array_equal(scores, fitted.predict_proba(silent))
    assert not np.array_equal(scores, fitted.predict_proba(two_sources))


def test_a_new_source_changes_no_score(fitted, two_sources):
    more = replace(
        two_sources, electronic_sources={**two_sources.electronic_sources, "new": csr_array(np.ones((240, 18), bool))}
    )
    np.testing.assert_array_equal(fitted.predict_proba(more), fitted.predict_proba(two_sources))


def test_without_any_electronic_annotation_it_still_fits(dataset):
    bare = replace(dataset, electronic=csr_array(dataset.electronic.shape, dtype=bool))
    scores = EvidenceNetwork(hidden=8, max_epochs=3).fit(bare).predict_proba(bare)
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=0).max() < 1e-6
