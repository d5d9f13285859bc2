"""InterPro entries from the With/From column."""

import numpy as np
import pandas as pd

from genessl.features.domains import interpro_domains

ROWS = [
    ("g1", "IEA", "InterPro:IPR000001"),
    ("g1", "IEA", "InterPro:IPR000002|InterPro:IPR000003"),
    ("g1", "IEA", "InterPro:IPR000001"),
    ("g2", "IEA", "InterPro:IPR000001,InterPro:IPR000003"),
    ("g3", "IDA", "InterPro:IPR000002"),
    ("g3", "IEA", "UniProtKB-KW:KW-0001"),
    ("rna", "IEA", "InterPro:IPR000002"),
    ("g3", "IBA", "PANTHER:PTN000000001"),
]


def table(rows=ROWS):
    return pd.DataFrame(rows, columns=["gene", "evidence", "with_from"])


OBJECTS = {"g1": "P1", "g2": "P2", "g3": "P3"}
ROW_OF = {"P1": 2, "P2": 0, "P3": 1}


def test_entries_of_electronic_rows_shared_by_two_genes():
    # IPR000002 is left: its other rows are of an experiment (g3) and of no gene (rna).
    features, names = interpro_domains(table(), OBJECTS, ROW_OF)
    assert names == ("InterPro:IPR000001", "InterPro:IPR000003")
    assert features.tolist() == [[1, 1], [0, 0], [1, 1]]
    assert features.dtype == np.float32


def test_a_lower_minimum_keeps_rarer_entries():
    features, names = interpro_domains(table(), OBJECTS, ROW_OF, minimum=1)
    assert names == ("InterPro:IPR000001", "InterPro:IPR000002", "InterPro:IPR000003")
    assert features.tolist() == [[1, 0, 1], [0, 0, 0], [1, 1, 1]]


def test_the_order_of_the_rows_does_not_matter():
    forwards, backwards = (interpro_domains(table(rows), OBJECTS, ROW_OF) for rows in (ROWS, ROWS[::-1]))
    assert forwards[1] == backwards[1]
    assert forwards[0].tolist() == backwards[0].tolist()


def test_two_objects_of_one_gene_count_once():
    rows = [("g1", "IEA", "InterPro:IPR000001"), ("g1b", "IEA", "InterPro:IPR000001")]
    assert interpro_domains(table(rows), OBJECTS | {"g1b": "P1"}, ROW_OF)[1] == ()


def test_annotations_without_domains_give_no_column():
    features, names = interpro_domains(table(ROWS[-1:]), OBJECTS, ROW_OF)
    assert (features.shape, names) == ((3, 0), ())
