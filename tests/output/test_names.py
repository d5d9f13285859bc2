"""Names with any characters survive every file that is written, and no name leads out of the folder."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from genessl.data.annotations import read_annotations
from genessl.data.dataset import GeneDataset
from genessl.data.folders import write_table
from genessl.data.ontology import ontology_from_edges
from genessl.data.text_files import read_lines
from genessl.errors import InputError
from genessl.output.predictions import read_predictions, write_predictions
from genessl.output.tables import read_table

NAMES = [
    '"abc"',
    "a'b",
    "5'-x",
    '"',
    "NA",
    "null",
    "nan",
    "None",
    "1e5",
    "001",
    "a b",
    "a/b",
    "../x",
    "/etc/x",
    "\u00e9",
]
NAMES += ["#x", "!x", "-", "a,b", "a|b", "a\\b", "a\u2028b", "\u03b2-x", "%s", "{x}", "True", "=1+1", " ", "\u00a0"]
ONTOLOGY = ontology_from_edges({"T:1": ("x", "space"), '"T:2"': ("y", "space")}, [])


def written(folder: Path, names: list[str]) -> Path:
    ontology = ontology_from_edges(
        {f"GO:{k:07}": (name, "biological_process") for k, name in enumerate(names)} | {"GO:9999999": ("root", "x")}, []
    )
    n_genes, n_terms = len(names), len(ontology.terms)
    scores = np.full((n_genes, n_terms), 0.75, dtype=np.float32)
    write_predictions(
        folder / "m.tsv.gz",
        scores,
        np.array(names),
        ontology,
        csr_array((n_genes, n_terms), dtype=bool),
        cafa=folder / "m.cafa.tsv",
        gaf=folder / "m.gaf",
        date=20200101,
    )
    return folder


def test_genes_and_names_of_terms_survive_the_predictions(tmp_path: Path) -> None:
    written(tmp_path, NAMES)
    assert read_predictions(tmp_path / "m.tsv.gz")["gene"].astype(str).unique().tolist() == NAMES
    table = read_table(
        tmp_path / "m.tsv.gz",
        ["gene", "term", "name", "aspect", "score", "probability", "known", "symbol", "description"],
    )
    assert table["name"][: len(NAMES)].tolist() == NAMES
    rows = [line.split("\t") for _, line in read_lines(tmp_path / "m.cafa.tsv")][3:-1]
    assert {len(row) for row in rows} == {3}
    assert list(dict.fromkeys(row[0] for row in rows)) == NAMES
    assert {path.name for path in tmp_path.rglob("*")} == {"m.tsv.gz", "m.cafa.tsv", "m.gaf"}


def test_genes_survive_the_gaf_that_is_written_and_read(tmp_path: Path) -> None:
    names = [name for name in NAMES if name.strip()]  # a GAF field of spaces only is an empty one
    written(tmp_path, names)
    assert read_annotations(tmp_path / "m.gaf")["gene"].unique().tolist() == names


def test_tables_are_written_as_they_are_and_read_as_they_were(tmp_path: Path) -> None:
    table = pd.DataFrame({"gene": NAMES, "term": NAMES[::-1], "score": np.linspace(0, 1, len(NAMES))})
    for name in ("t.tsv", "t.tsv.gz"):
        write_table(tmp_path / name, table.astype({"term": "category"}))
        read = read_table(tmp_path / name, ["gene", "term", "score"], numbers=("score",))
        assert read["gene"].tolist() == NAMES and read["term"].tolist() == NAMES[::-1]
        np.testing.assert_array_equal(read["score"], table["score"])
    assert (tmp_path / "t.tsv").read_text(encoding="utf-8").split("\n")[1] == '"abc"\t\u00a0\t0.0'


def test_a_tab_or_line_end_in_a_name_ends_no_field(tmp_path: Path) -> None:
    ontology = ontology_from_edges({"T:1": ("a\tb\r\nc", "space")}, [])
    write_predictions(
        tmp_path / "p.tsv", np.ones((1, 1), np.float32), np.array(["g"]), ontology, csr_array((1, 1), dtype=bool)
    )
    assert (tmp_path / "p.tsv").read_text().splitlines()[1] == "g\tT:1\ta b  c\tspace\t1.0000\t\t0\t\t"
    write_table(tmp_path / "t.tsv", pd.DataFrame({"model": ["a\tb"], "value": [1.5], "n": [2]}))
    assert (tmp_path / "t.tsv").read_text() == "model\tvalue\tn\na b\t1.5\t2\n"


def dataset_of(names: list[str]) -> GeneDataset:
    n_genes = len(names)
    none = csr_array((n_genes, len(ONTOLOGY.terms)), dtype=bool)
    return GeneDataset(
        genes=np.array(names, dtype=np.str_),
        sequence_features=np.zeros((n_genes, 1), dtype=np.float32),
        feature_names=('"f"',),
        homology=csr_array((n_genes, n_genes), dtype=np.float32),
        networks={"../net": csr_array((n_genes, n_genes), dtype=np.float32)},
        ontology=ONTOLOGY,
        positive=none,
        negative=none,
        electronic=none,
        split=np.zeros(n_genes, dtype=np.uint8),
        scheme="none",
    )


def test_genes_terms_features_and_networks_survive_the_dataset_and_stay_in_its_folder(tmp_path: Path) -> None:
    dataset_of(NAMES).save(tmp_path / "results" / "dataset")
    loaded = GeneDataset.load(tmp_path / "results" / "dataset")
    assert loaded.genes.tolist() == NAMES
    assert loaded.ontology.terms == ONTOLOGY.terms
    assert loaded.feature_names == ('"f"',)
    assert list(loaded.networks) == ["../net"]
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["dataset"]


@pytest.mark.parametrize("end", ["\t", "\n", "\r"])
def test_a_gene_whose_name_would_end_a_field_is_refused(end: str) -> None:
    with pytest.raises(InputError, match="genes: found a tab or line end in 'a"):
        dataset_of(["x", f"a{end}b"])


@settings(max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\r\n"), min_size=1))
def test_any_name_survives(tmp_path: Path, name: str) -> None:
    genes = [name, f"{name}x"]
    written(tmp_path, genes)
    assert read_predictions(tmp_path / "m.tsv.gz")["gene"].astype(str).unique().tolist() == genes
    write_table(tmp_path / "t.tsv", pd.DataFrame({"gene": genes, "term": "T:1"}))
    assert read_table(tmp_path / "t.tsv", ["gene", "term"])["gene"].tolist() == genes
