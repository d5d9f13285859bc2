"""References: checked at birth, saved with the dataset, and left alone by whatever hides labels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import ontology_from_edges
from genessl.data.references import References, labelled_aspects
from genessl.errors import InputError
from tests.conftest import make_dataset


def sparse(rows):
    return csr_array(np.array(rows, dtype=np.float32))


def two(**changes):
    """Two references of three genes and two terms."""
    parts = {
        "names": np.array(["r0", "r1"]),
        "homology": sparse([[50, 0], [0, 0], [0, 30]]),
        "domains": sparse([[0, 0.5], [1, 0], [0, 0]]),
        "positive": csr_array(np.array([[1, 0], [1, 1]], dtype=bool)),
    }
    return References(**{**parts, **changes})


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"names": np.array(["r0", "r0"])}, "references.names: found a repeated name, expected unique identifiers"),
        ({"homology": sparse([[1, 0, 0]])}, r"references.homology: found shape \(1, 3\), expected \(n_genes, 2\)"),
        ({"domains": csr_array((3, 2))}, "references.domains: found float64, expected float32"),
        ({"homology": sparse([[-1, 0], [0, 0], [0, 0]])}, "references.homology: found a negative or infinite number"),
        ({"homology": sparse([[np.inf, 0], [0, 0], [0, 0]])}, "references.homology: found a negative or infinite"),
        ({"domains": sparse([[1.5, 0], [0, 0], [0, 0]])}, "references.domains: found a similarity above 1, expected"),
        ({"positive": csr_array((2, 2), dtype=np.int8)}, "references.positive: found int8 of shape"),
        ({"positive": csr_array((3, 2), dtype=bool)}, r"found bool of shape \(3, 2\), expected bool of shape \(2, n_"),
    ],
)
def test_each_mistake_names_field_found_and_expected(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        two(**changes)


def with_references(dataset, n_references=5):
    random = np.random.default_rng(0)

    def weights(largest):
        drawn = random.random((dataset.n_genes, n_references)) < 0.2
        return csr_array((drawn * random.uniform(0.1, largest, drawn.shape)).astype(np.float32))

    positive = csr_array(dataset.positive[np.flatnonzero(np.diff(dataset.positive.indptr))[:n_references]])
    names = np.array([f"R{number}" for number in range(n_references)])
    return replace(dataset, references=References(names, weights(300), weights(1), positive))


def test_references_of_another_dataset_are_refused():
    dataset = make_dataset()[0]
    with pytest.raises(InputError, match=r"references\.homology: found 3 rows, expected 240"):
        replace(dataset, references=two())
    whole = with_references(dataset).references
    with pytest.raises(InputError, match=r"references\.positive: found 2 columns, expected 18"):
        replace(dataset, references=replace(whole, positive=csr_array(whole.positive[:, :2])))


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_saved_equals_loaded_and_the_same_references_give_the_same_bytes(tmp_path):
    dataset = with_references(make_dataset()[0])
    dataset.save(tmp_path / "first")
    loaded = GeneDataset.load(tmp_path / "first")
    assert loaded.references.names.tolist() == dataset.references.names.tolist()
    for name in ("homology", "domains", "positive"):
        found, expected = getattr(loaded.references, name), getattr(dataset.references, name)
        assert found.dtype == expected.dtype
        assert expected.nnz
        np.testing.assert_array_equal(found.toarray(), expected.toarray())
    loaded.save(tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_a_dataset_without_references_is_loaded_without(tmp_path):
    make_dataset()[0].save(tmp_path / "none")
    assert GeneDataset.load(tmp_path / "none").references is None


def test_damaged_references_are_named(tmp_path):
    with_references(make_dataset()[0]).save(tmp_path / "saved")
    (tmp_path / "saved" / "references" / "domains.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"saved: the saved dataset is damaged \(.*\); build the dataset again"):
        GeneDataset.load(tmp_path / "saved")


def test_take_orders_the_genes_and_keeps_the_references():
    taken = two().take(np.array([2, 0]))
    assert taken.names.tolist() == ["r0", "r1"]
    assert taken.homology.toarray().tolist() == [[0, 30], [50, 0]]
    assert taken.domains.toarray().tolist() == [[0, 0], [0, 0.5]]
    dataset = with_references(make_dataset()[0])
    order = np.random.default_rng(1).permutation(dataset.n_genes)
    np.testing.assert_array_equal(
        dataset.take(order).references.homology.toarray(), dataset.references.homology.toarray()[order]
    )


def test_hiding_labels_leaves_the_references_alone():
    dataset = with_references(make_dataset(scheme="cross_validation", n_folds=4)[0])
    assert dataset.hide(1).references is dataset.references
    assert replace(dataset, label_fraction=0.3).hide(1).references is dataset.references
    assert dataset.without_labels(np.ones(dataset.n_genes, dtype=bool)).references is dataset.references


def test_a_reference_known_by_protein_binding_alone_is_not_labelled():
    terms = {term: ("", "molecular_function") for term in ("GO:0005488", "GO:0005515", "GO:0016301")}
    ontology = ontology_from_edges(terms, [("GO:0005515", "GO:0005488")])
    positive = csr_array(np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool))
    assert labelled_aspects(positive, ontology, ("MFO",)).tolist() == [[False], [True], [False]]
