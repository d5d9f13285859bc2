"""Annotation files as people have them, from the file to the labels of the dataset."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genessl.assembly.build import Assembly
from genessl.assembly.settings import build_from_settings
from genessl.errors import InputError

GENES = [f"SYN{k:03}" for k in range(1, 13)]
OBO = """format-version: 1.2
data-version: synthetic/2020-01-01

[Term]
id: GO:9000001
name: root process
namespace: biological_process

[Term]
id: GO:9000002
name: process a
namespace: biological_process
is_a: GO:9000001

[Term]
id: GO:9000003
name: process b
namespace: biological_process
is_a: GO:9000001

[Term]
id: GO:9000004
name: process b one
namespace: biological_process
is_a: GO:9000003

[Term]
id: GO:9000005
name: obsolete process
namespace: biological_process
is_obsolete: true
replaced_by: GO:9000006

[Term]
id: GO:9000006
name: obsolete process again
namespace: biological_process
is_obsolete: true
replaced_by: GO:9000004
"""
SCAN = "{gene}\t0123456789abcdef0123456789abcdef\t121\tPfam\tPF1\tx\t3\t90\t1E-5\tT\t31-12-2021\tIPR900001\tx\t"
SCAN += "GO:9000002\n"
EGGNOG = "#query\tseed_ortholog\tevalue\tscore\tGOs\n{gene}\t1.SYN\t1\t1\tGO:9000002\n"


def gaf(*rows: tuple[str, ...], date: str = "20200101") -> str:
    """Rows of object, symbol, term, and perhaps evidence code and synonyms."""
    lines = ["!gaf-version: 2.1"]
    for row in rows:
        name, symbol, term, code, synonyms = (*row, "IDA", "")[:5] if len(row) < 5 else row
        lines.append(
            f"SYN\t{name}\t{symbol}\t\t{term}\tPMID:1\t{code}\t\tP\t\t{synonyms}\tprotein\ttaxon:1\t{date}\tSYN\t\t"
        )
    return "\n".join(lines) + "\n"


USUAL = [(gene, f"sym{k}", ["GO:9000002", "GO:9000004"][k % 2]) for k, gene in enumerate(GENES[:8])]


def build(folder: Path, annotations: str | list[str], **changes: str) -> Assembly:
    random = np.random.default_rng(0)
    letters = list("ACDEFGHIKLMNPQRSTVWY")
    files = {
        "sequences": "".join(f">{gene}\nM{''.join(random.choice(letters, 120))}\n" for gene in GENES),
        "ontology": OBO,
        **changes,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings: dict[str, Any] = {name: str(folder / name) for name in files}
    texts = [annotations] if isinstance(annotations, str) else annotations
    paths = [folder / ("annotations" if number == 0 else f"annotations{number}") for number in range(len(texts))]
    for path, text in zip(paths, texts):
        path.write_text(text, encoding="utf-8")
    settings["annotations"] = str(paths[0]) if isinstance(annotations, str) else [str(path) for path in paths]
    scheme = "temporal" if "later_annotations" in changes else "none"
    return build_from_settings({**settings, "organism": "syn", "evaluation": {"scheme": scheme}})


def terms_of(assembly: Assembly, gene: str, kind: str = "positive") -> set[str]:
    row = getattr(assembly.dataset, kind)[[GENES.index(gene)]].toarray()[0]
    return {assembly.dataset.ontology.terms[column] for column in np.flatnonzero(row)}


def lost(assembly: Assembly) -> dict[str, int]:
    table = assembly.coverage.table()
    table = table[(table["source"] == "annotations") & (table["unit"] == "annotation rows")]
    return table.set_index("outcome")["count"].to_dict()


def test_rows_without_an_identifier_are_of_the_gene_of_their_symbol(tmp_path: Path) -> None:
    rows = [("", "SYN009", "GO:9000002"), ("", "SYN010", "GO:9000004"), ("", "SYN011", "GO:9000002")]
    assembly = build(tmp_path, gaf(*USUAL, *rows))
    assert terms_of(assembly, "SYN009") == terms_of(assembly, "SYN011") == {"GO:9000002"}
    assert terms_of(assembly, "SYN010") == {"GO:9000004", "GO:9000003"}


def test_rows_with_a_dash_as_identifier_are_of_their_synonyms_or_lost(tmp_path: Path) -> None:
    rows = [
        ("-", "-", "GO:9000002", "IDA", "z|SYN012"),
        ("-", "", "GO:9000004", "IDA", "SYN011"),
        ("-", "-", "GO:9000004"),
    ]
    assembly = build(tmp_path, gaf(*USUAL, *rows))
    assert terms_of(assembly, "SYN012") == {"GO:9000002"}
    assert terms_of(assembly, "SYN011") == {"GO:9000004", "GO:9000003"}
    assert lost(assembly)["no identifier, symbol or synonym of a gene"] == 1


def test_a_replaced_term_is_the_one_at_the_end_of_its_chain(tmp_path: Path) -> None:
    assembly = build(tmp_path, gaf(*USUAL, ("SYN012", "sym12", "GO:9000005")))
    assert terms_of(assembly, "SYN012") == {"GO:9000004", "GO:9000003"}


@pytest.mark.parametrize(
    ("date", "number"), [("2020-01-01", 20200101), ("2020/06/30", 20200630), ("3-Mar-2019", 20190303)]
)
def test_other_forms_of_dates_are_dates(tmp_path: Path, date: str, number: int) -> None:
    assert build(tmp_path, gaf(*USUAL, date=date)).dataset.annotation_date == number


@pytest.mark.parametrize("date", ["", "-", "01/02/2020"])
def test_a_gaf_without_a_date_is_refused_at_once(tmp_path: Path, date: str) -> None:
    with pytest.raises(
        InputError, match=r"annotations: found no date in any row, expected YYYYMMDD .* a GAF with dates"
    ):
        build(tmp_path, gaf(*USUAL, date=date))


def test_tables_without_dates_and_experiments_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="annotations: found eggNOG-mapper annotations, which hold predictions only"):
        build(tmp_path, EGGNOG.format(gene="SYN001"))
    with pytest.raises(InputError, match="found two columns of gene and GO terms, which hold predictions"):
        build(tmp_path, "SYN001\tGO:9000002\n")


def test_predictions_alone_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"annotations: found no experimental annotation .* give a GAF of experiments"):
        build(tmp_path, gaf(*((gene, symbol, term, "IEA", "") for gene, symbol, term in USUAL)))
    with pytest.raises(InputError, match="found InterProScan TSV with GO terms, which hold predictions only"):
        build(tmp_path, SCAN.format(gene="SYN001"))


def test_gpad_gives_the_labels_of_the_same_gaf(tmp_path: Path) -> None:
    rows = [
        f"SYN:{gene}\t\tRO:0002331\t{term}\tPMID:1\tECO:0000314\t\t\t2020-01-01\tSYN\t\t\n" for gene, _, term in USUAL
    ]
    from_gpad = build(tmp_path, "!gpad-version: 2.0\n" + "".join(rows)).dataset
    from_gaf = build(tmp_path, gaf(*USUAL)).dataset
    assert (from_gpad.positive != from_gaf.positive).nnz == 0
    assert from_gpad.annotation_date == from_gaf.annotation_date


def test_later_annotations_that_are_older_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        build(tmp_path, gaf(*USUAL), later_annotations=gaf(*USUAL, ("SYN012", "s12", "GO:9000002"), date="20110101"))
    assert (
        "later_annotations: the newest row is of 20110101, before 20200101, the newest of `annotations`" in caplog.text
    )


def test_another_ontology_has_its_own_aspects(tmp_path: Path) -> None:
    obo = "format-version: 1.2\ndefault-namespace: plant_trait\n\n[Term]\nid: TO:9000001\nname: trait\n"
    obo += "".join(f"\n[Term]\nid: TO:900000{k}\nname: trait {k}\nis_a: TO:9000001\n" for k in (2, 3))
    rows = [(gene, gene, f"TO:900000{2 + k % 2}") for k, gene in enumerate(GENES[:8])]
    dataset = build(tmp_path, gaf(*rows), ontology=obo).dataset
    assert dataset.ontology.terms == ("TO:9000002", "TO:9000003")
    assert set(dataset.ontology.aspects) == {"plant_trait"}
    assert dataset.positive.sum() == 8


def test_predictions_beside_a_gaf_are_electronic_and_leave_t0_to_the_gaf(tmp_path: Path) -> None:
    alone = build(tmp_path, gaf(*USUAL))
    both = build(tmp_path, [gaf(*USUAL), SCAN.format(gene="SYN012"), EGGNOG.format(gene="SYN011")])
    assert both.dataset.annotation_date == alone.dataset.annotation_date == 20200101
    assert (both.dataset.positive != alone.dataset.positive).nnz == 0
    assert terms_of(both, "SYN012", "electronic") == terms_of(both, "SYN011", "electronic") == {"GO:9000002"}
    assert lost(both)["joined"] == lost(alone)["joined"] + 2


def test_two_gafs_are_read_as_one_and_the_newest_date_of_both_is_t0(tmp_path: Path) -> None:
    whole = build(tmp_path, gaf(*USUAL))
    halves = build(tmp_path, [gaf(*USUAL[:4]), gaf(*USUAL[4:], date="20191231")])
    assert (whole.dataset.positive != halves.dataset.positive).nnz == 0
    assert halves.dataset.annotation_date == 20200101


def test_predictions_younger_than_the_gaf_are_told_where_later_annotations_test(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    later = gaf(*USUAL, ("SYN012", "sym12", "GO:9000002"), date="20210101")
    with caplog.at_level(logging.WARNING):
        build(tmp_path, [gaf(*USUAL), SCAN.format(gene="SYN012")], later_annotations=later)
    assert "predictions were computed on 20211231, after 20200101, the newest date of the experiments" in caplog.text
    caplog.clear()
    build(tmp_path, [gaf(*USUAL), SCAN.format(gene="SYN012").replace("2021", "2019")], later_annotations=later)
    assert "computed on" not in caplog.text


def test_several_files_of_predictions_alone_are_refused_by_what_they_are(tmp_path: Path) -> None:
    scan, eggnog = SCAN.format(gene="SYN012"), EGGNOG.format(gene="SYN011")
    with pytest.raises(
        InputError, match="found InterProScan TSV with GO terms and eggNOG-mapper annotations, which"
    ) as e:
        build(tmp_path, [scan, eggnog])
    assert str(e.value).startswith(f"{tmp_path / 'annotations'}, {tmp_path / 'annotations1'}: ")


def test_annotations_of_which_few_join_are_warned_of_with_what_would_join_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    others = [(f"OTHER{k}", f"other{k}", "GO:9000002") for k in range(9)]
    with caplog.at_level(logging.WARNING):
        build(tmp_path, gaf(*USUAL[:3], *others))
    assert (
        f"{tmp_path / 'annotations'}: annotated objects: 3 of 12 joined (3 by own name); for the others: add"
        in caplog.text
    )
    caplog.clear()
    assembly = build(tmp_path, gaf(*USUAL, *others))  # nine objects of another organism beside eight genes of twelve
    assert "annotated objects" not in caplog.text
    table = assembly.coverage.table()
    table = table[(table["source"] == "annotations") & (table["unit"] == "annotated objects")]
    assert dict(zip(table["outcome"], table["count"])) == {"held": 17, "joined": 8, "unknown identifier": 9}
