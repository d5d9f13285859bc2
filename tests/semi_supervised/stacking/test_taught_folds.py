"""What members teach, fold by fold: it follows their scores, and nothing of a fold's own labels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit, logit

from genessl.data.dataset import GeneDataset
from genessl.models.base import GenePredictor
from genessl.models.supervision import Supervision
from genessl.models.view import fitted_view
from genessl.semi_supervised.pseudo_labels import lessons
from genessl.semi_supervised.stacking import combined as module
from genessl.semi_supervised.stacking import taught_folds
from genessl.semi_supervised.stacking.combined import PUPILS, TAUGHT, Combined
from genessl.semi_supervised.stacking.taught_folds import FoldOpinions
from tests.conftest import make_dataset

MEMBERS = ["label_propagation", "sequence_network", "graph_network"]


@pytest.fixture(scope="module")
def dataset() -> GeneDataset:
    dataset, _ = make_dataset(domains=True)
    return dataset.take(np.argsort(dataset.genes))


def test_the_joint_opinion_by_hand(dataset):
    supervision = Supervision.of(dataset)
    opinions = FoldOpinions([supervision], dataset.ontology)
    random = np.random.default_rng(0)
    tables = [random.uniform(0.01, 0.9, dataset.positive.shape).astype(np.float32) for _ in range(2)]
    tables[1][:, ::2] = 0.0  # a member that has not learned these terms says nothing of them
    for table in tables:
        opinions.add(0, table)
    taught = opinions.taught(0)
    base = logit(np.clip(supervision.frequency, 1e-5, 1 - 1e-5))
    second = np.where(tables[1] > 0, logit(np.maximum(tables[1], 1e-5)) - base, 0.0)
    expected = expit(base + (logit(tables[0]) - base + second) / 2)
    rows, columns = taught.taught_positive.nonzero()
    assert len(rows) > 50
    np.testing.assert_allclose(taught.taught_positive[rows, columns], expected[rows, columns], rtol=5e-3)
    assert not taught.labelled[rows, taught.aspect_of_term[columns]].any()  # only genes without a label are taught
    assert taught.taught_weight == 0.3
    column = int(columns[np.argmax(supervision.frequency[columns])])
    pupils = ~supervision.labelled[:, supervision.aspect_of_term[column]]
    chosen = pupils & (taught.taught_positive[:, [column]].toarray()[:, 0] > 0)
    direct = np.sort(expected[pupils, column])[::-1][: round(0.6 * supervision.frequency[column] * pupils.sum())]
    assert set(direct[direct > supervision.frequency[column]]) <= set(expected[chosen, column])


def test_a_folds_own_labels_move_no_bit_of_what_its_genes_get_from_taught_views(dataset, monkeypatch):
    # One epoch at most: the number of epochs is chosen once for all folds.
    make = module.make_member
    monkeypatch.setattr(
        module,
        "make_member",
        lambda name, **given: make(name, **given).set_params(**({"max_epochs": 1} if "network" in name else {})),
    )
    fitted = Combined(members=MEMBERS, device="cpu").fit(dataset)
    fold = 1
    chosen = (fitted.fold_ == fold) & dataset.labelled.any(axis=1)
    rows = np.arange(dataset.n_genes)
    rows[chosen] = np.random.default_rng(0).permutation(np.flatnonzero(chosen))
    other = csr_array(dataset.positive[rows])
    assert (other != dataset.positive).nnz > 20
    swapped = replace(dataset, positive=other)
    again = Combined(members=MEMBERS, device="cpu").fit(swapped)
    for name in ("taught sequence_network", "taught graph_network"):
        first, second = fitted.members_[name][fold], again.members_[name][fold]
        np.testing.assert_array_equal(first.predict_proba(dataset), second.predict_proba(dataset))
        another = [model.members_[name][fold + 1].predict_proba(dataset) for model in (fitted, again)]
        assert np.abs(another[0] - another[1]).max() > 1e-4


def test_teaching_is_a_choice_and_survives_saving(dataset, tmp_path):
    plain = Combined(members=MEMBERS, teaching=False, device="cpu").fit(dataset)
    assert list(plain.members_) == MEMBERS
    taught = Combined(members=MEMBERS, device="cpu").fit(dataset)
    assert list(taught.members_) == [*MEMBERS, "taught sequence_network", "taught graph_network"]
    for name in MEMBERS:
        np.testing.assert_array_equal(plain.member_scores(dataset)[name], taught.member_scores(dataset)[name])
    taught.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(dataset), taught.predict_proba(dataset))


def test_blocks_of_genes_and_terms_change_nothing_of_what_is_taught(dataset, monkeypatch):
    supervision = Supervision.of(dataset)
    table = np.random.default_rng(0).uniform(0.01, 0.9, dataset.positive.shape).astype(np.float32)
    table[:, 0] = table[0, 0]  # equal scores are chosen in the order of the genes
    found = []
    for size in (10_000, 7):
        for place in (lessons, taught_folds):
            monkeypatch.setattr(place, "_GENES_AT_ONCE", size)
        monkeypatch.setattr(lessons, "_TERMS_AT_ONCE", size)
        opinions = FoldOpinions([supervision], dataset.ontology)
        opinions.add(0, table)
        found.append(opinions.taught(0))
    whole, blocks = found
    assert whole.taught_positive.nnz > 50 and whole.taught_negative.nnz > 50
    for name in ("taught_positive", "taught_negative"):
        np.testing.assert_array_equal(getattr(whole, name).toarray(), getattr(blocks, name).toarray())


@pytest.mark.parametrize("share, fewest", [(1.0, 4), (0.3, 7)])
def test_a_taught_view_takes_as_many_steps_as_the_untaught_one_but_few_labels_need_more(
    dataset, share, fewest, monkeypatch
):
    chosen = np.random.default_rng(0).random(dataset.n_genes) < share
    few = dataset.without_labels(~chosen)
    taught = []
    teach = FoldOpinions.taught
    monkeypatch.setattr(FoldOpinions, "taught", lambda self, n: (taught.append(teach(self, n)), taught[-1])[1])
    fitted = Combined(members=MEMBERS, device="cpu").fit(few)
    n_labelled = int((few.labelled.any(axis=1) & (fitted.fold_ != 0)).sum())
    # Eight epochs if hardly any gene is labelled, none if all are.
    assert 8 * (1 - n_labelled / len(taught[0].informative)) == pytest.approx(fewest, abs=0.5)
    in_steps = set()
    for name in PUPILS:
        (view, untaught), (_, pupil) = (fitted_view(fitted.members_[kind + name][0]) for kind in ("", TAUGHT))
        steps = untaught.n_epochs * view.n_batches(n_labelled)
        of_epoch = view.n_batches(len(taught[0].informative))
        in_steps.add(steps / of_epoch > fewest)
        if steps / of_epoch > fewest:
            assert abs(pupil.n_epochs * of_epoch - steps) <= of_epoch / 2
        else:
            assert pupil.n_epochs == fewest
    assert True in in_steps and (share < 1 or False in in_steps)  # both rules are seen
