"""Explanations: contributions add up, are what a hand calculation gives, and name the evidence that counts."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from scipy.special import expit, logit

from genessl.errors import InputError
from genessl.models.baselines import ElectronicAnnotation
from genessl.models.kernel_regression import KernelRegression
from genessl.models.neighbours import NetworkNeighbours
from genessl.models.neural.attribution import integrated_gradients
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.reasons import Reason, completed, in_log_odds, log_odds, merged, shapley_values, share_reasons
from genessl.semi_supervised.votes import voted
from tests.conftest import make_dataset


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(n_genes=120)[0]


def pair_of(dataset, *, labelled):
    """Return a gene and a term of an aspect in which the gene is labelled or not."""
    n_genes = np.bincount(dataset.positive.indices, minlength=dataset.n_terms)
    column = int(np.argmin(np.abs(n_genes - 12)))
    aspect = dataset.aspects.index(dataset.ontology.aspects[column])
    known = dataset.positive[:, [column]].toarray().ravel()
    row = int(np.flatnonzero((dataset.labelled[:, aspect] == labelled) & ~known)[0])
    return str(dataset.genes[row]), dataset.ontology.terms[column]


def test_a_weighted_share_is_shared_out_as_calculated_by_hand():
    # Neighbours of weight 3 with the term, and of weight 1 without: 3/4, where the frequency is 1/2.
    reasons = share_reasons(
        "neighbour", ["n", "n"], ["a", "b"], np.array([3.0, 1.0]), has=np.array([True, False]), prior=0.5
    )
    base, speaking, silent = reasons
    assert base.contribution == 0.0
    # The amounts 3 (1 - 1/2) / 4 = 3/8 and -1/2 / 4 = -1/8 add up to 1/4; the log-odds of 3/4 are ln 3.
    assert speaking == Reason("neighbour", "n", "a", 3.0, pytest.approx(np.log(3) * 3 / 2))
    assert silent.contribution == pytest.approx(-np.log(3) / 2)


def test_a_gene_without_labelled_neighbours_is_said_to_have_none():
    base, nobody = share_reasons("neighbour", [], [], np.empty(0), has=np.empty(0, dtype=bool), prior=0.2)
    assert nobody.what == "nobody labelled"
    assert base.contribution + nobody.contribution == pytest.approx(log_odds(0.0))


def test_amounts_that_cancel_keep_their_signs_and_add_up_to_nothing():
    parts = in_log_odds(0.2, 0.2, np.array([0.1, -0.1]))
    assert parts == pytest.approx([0.1 / 0.16, -0.1 / 0.16])


def test_what_is_missing_becomes_the_remainder_and_a_raised_parent_names_the_child():
    told = [Reason("base", "", "", 0.1, log_odds(0.1))]
    found = completed(told, 0.3, 0.6, raised_by="GO:1", name="Model")
    assert [reason.kind for reason in found] == ["base", "remainder", "hierarchy"]
    assert found[1].contribution == pytest.approx(logit(0.3) - logit(0.1))
    assert found[2].what == "implied by GO:1"
    assert sum(reason.contribution for reason in found) == pytest.approx(logit(0.6))
    beyond = completed([Reason("base", "", "", 1.0, 20.0)], 0.99999, 0.99999, raised_by="", name="Model")
    assert [reason.kind for reason in beyond] == ["base", "cut-off"]


def test_the_mean_of_explanations_counts_evidence_that_one_lacks_as_nothing():
    one, other = [Reason("a", "", "x", 1.0, 2.0)], [Reason("a", "", "x", 3.0, 4.0), Reason("a", "", "y", 1.0, 6.0)]
    assert merged([one, other]) == [Reason("a", "", "x", 3.0, 3.0), Reason("a", "", "y", 1.0, 3.0)]


class TestShapleyValues:
    def test_they_equal_the_mean_gain_over_all_orders(self):
        from itertools import permutations

        random = np.random.default_rng(0)
        worth = random.normal(size=16)

        def value(coalitions):
            return worth[coalitions @ (1 << np.arange(4))]

        expected, orders = np.zeros(4), list(permutations(range(4)))
        for order in orders:
            here = 0
            for player in order:
                expected[player] += (worth[here | 1 << player] - worth[here]) / len(orders)
                here |= 1 << player
        found = shapley_values(value, 4)
        assert found == pytest.approx(expected)
        assert found.sum() == pytest.approx(worth[15] - worth[0])

    def test_a_player_that_changes_nothing_has_the_value_0(self):
        found = shapley_values(lambda coalitions: np.exp(coalitions[:, 0] + coalitions[:, 2]), 3)
        assert found[1] == pytest.approx(0.0)
        assert found[0] == pytest.approx(found[2])


class TestVotes:
    def value(self, coalitions):
        return -3.0 + coalitions @ np.array([2.0, 1.0])

    def test_evidence_shares_out_the_vote_of_the_member_that_names_it(self):
        told = [
            [Reason("base", "", "", 0.1, -2.0), Reason("a", "s", "x", 1.0, 3.0), Reason("a", "s", "y", 1.0, 1.0)],
            [],
        ]
        found = {reason[:3]: reason for reason in voted(["m", "n"], [0.9, 0.8], told, self.value, 0.05)}
        assert found["a", "s", "x"].contribution == pytest.approx(1.5)  # 2 x 3/4
        assert found["a", "s", "y"].contribution == pytest.approx(0.5)
        assert found["member", "m", "its score"][3:] == (0.9, pytest.approx(0.0))
        assert found["member", "n", "its score"][3:] == (0.8, pytest.approx(1.0))
        assert sum(reason.contribution for reason in found.values()) == pytest.approx(0.0)

    @pytest.mark.parametrize("parts", [[3.0, -2.99], [-1.0], [0.1]], ids=["it cancels", "it contradicts", "it is tiny"])
    def test_evidence_that_does_not_carry_the_vote_leaves_it_to_the_member(self, parts):
        told = [[Reason("a", "s", str(k), 1.0, part) for k, part in enumerate(parts)], []]
        found = voted(["m", "n"], [0.9, 0.8], told, self.value, 0.05)
        assert [reason.kind for reason in found] == ["base", "member", "member"]
        assert found[1].contribution == pytest.approx(2.0)

    def test_what_two_members_name_is_one_reason(self):
        told = [[Reason("a", "s", "x", 1.0, 1.0)], [Reason("a", "s", "x", 2.0, 1.0)]]
        found = voted(["m", "n"], [0.9, 0.8], told, self.value, 0.05)
        assert found[1] == Reason("a", "s", "x", 2.0, pytest.approx(3.0))


class TestIntegratedGradients:
    def test_of_a_linear_function_they_are_its_terms(self):
        weights = torch.tensor([1.0, -2.0, 0.5])
        start, parts = integrated_gradients(lambda x: x @ weights + 4.0, torch.tensor([2.0, 1.0, 0.0]))
        assert start == pytest.approx(4.0)
        assert parts == pytest.approx([2.0, -2.0, 0.0], abs=1e-6)

    def test_of_a_product_both_factors_get_half(self):
        _, parts = integrated_gradients(lambda x: x[:, 0] * x[:, 1], torch.tensor([3.0, 2.0]))
        assert parts == pytest.approx([3.0, 3.0], rel=1e-5)


class TestModels:
    def test_what_a_neighbour_adds_goes_with_its_edge(self, dataset):
        _, term = pair_of(dataset, labelled=False)
        has = dataset.positive[:, [dataset.ontology.index[term]]].toarray().ravel()
        around = np.sum(
            [np.diff((net @ csr_array(np.diag(has)) > 0).indptr) for net in dataset.networks.values()], axis=0
        )
        gene = str(dataset.genes[int(np.argmax(around * ~has))])
        model = NetworkNeighbours().fit(dataset)
        told = model.explain(dataset, gene, term)
        near = told[(told["kind"] == "neighbour") & told["what"].isin(dataset.genes)]
        row = int(np.flatnonzero(dataset.genes == gene)[0])
        expected = {
            (name, str(dataset.genes[other])): pytest.approx(network[row, other])
            for name, network in dataset.networks.items()
            for other in np.intersect1d(np.flatnonzero(has), network[[row]].indices)
        }
        assert len(expected) > 1
        assert dict(zip(zip(near["source"], near["what"]), near["weight"])) == expected

    @pytest.mark.parametrize("labelled", [False, True])
    @pytest.mark.parametrize(
        "model", [KernelRegression(), LabelPropagation(tolerance=1e-7)], ids=lambda m: type(m).__name__
    )
    def test_what_a_labelled_gene_adds_is_what_flipping_its_label_changes(self, dataset, model, labelled):
        """A linear model's influence is a difference of two fits, in which term frequencies are held."""
        gene, term = pair_of(dataset, labelled=labelled)
        row, column = int(np.flatnonzero(dataset.genes == gene)[0]), dataset.ontology.index[term]
        fitted = model.fit(dataset)
        told = fitted.explain(dataset, gene, term)
        near = told[(told["kind"] == "similar gene") & told["what"].isin(dataset.genes)]
        labels = fitted.fitted_.supervision
        assert len(near) > 0
        before = fitted._predict(dataset)[row, column]
        for what, number in zip(near["what"].head(3), near["weight"].head(3)):
            other = int(np.flatnonzero(labels.genes == what)[0])
            changed = labels.positive.toarray()
            changed[other, column] = False
            flipped = type(labels).from_labels(labels.genes, csr_array(changed), labels.labelled, labels.aspect_of_term)
            flipped.__dict__["frequency"] = labels.frequency  # the influence is that of the label alone
            refitted = model.__class__(**model.get_params())._take(
                type(fitted.fitted_)(**{**vars(fitted.fitted_), "supervision": flipped}), dataset.ontology.terms
            )
            least = (
                0.3 * labels.frequency[column] if isinstance(model, KernelRegression) else 0.0
            )  # scores are cut there
            expected = min(number, before - least)
            assert before - refitted._predict(dataset)[row, column] == pytest.approx(expected, abs=2e-4)

    def test_the_label_path_and_the_perceptron_add_up_to_the_logit(self, dataset):
        model = GraphNetwork(max_epochs=5, hidden=16).fit(dataset)
        gene, term = pair_of(dataset, labelled=False)
        told = model.explain(dataset, gene, term)
        row, column = int(np.flatnonzero(dataset.genes == gene)[0]), dataset.ontology.index[term]
        named = told[~told["kind"].isin(["remainder", "hierarchy", "cut-off"])]["contribution"].sum()
        assert expit(named) == pytest.approx(model._predict(dataset)[row, column], abs=0.005)

    def test_sources_share_an_electronic_annotation(self, dataset):
        rows, columns = dataset.electronic.nonzero()
        gene, term = str(dataset.genes[rows[0]]), dataset.ontology.terms[columns[0]]
        told = ElectronicAnnotation().fit(dataset).explain(dataset, gene, term)
        assert told["contribution"].sum() == pytest.approx(log_odds(1.0))
        assert (told["kind"] == "electronic").sum() >= 1

    @pytest.mark.parametrize(("gene", "term"), [("nobody", "GO:C1"), ("G0001", "GO:nothing")])
    def test_what_the_dataset_does_not_have_is_refused_in_a_sentence(self, dataset, gene, term):
        model = NetworkNeighbours().fit(dataset)
        with pytest.raises(InputError, match=r"found '(nobody|GO:nothing)', expected one of the dataset's"):
            model.explain(dataset, gene if gene == "nobody" else str(dataset.genes[0]), term)
