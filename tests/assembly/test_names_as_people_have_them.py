"""Whole organisms whose files name the same genes differently, from raw files to the joined dataset."""

from pathlib import Path

import numpy as np
import pytest

from genessl.assembly.settings import build_from_settings
from genessl.errors import InputError

OBO = """format-version: 1.2

[Term]
id: GO:0008150
name: root
namespace: biological_process

[Term]
id: GO:9000001
name: one
namespace: biological_process
is_a: GO:0008150

[Term]
id: GO:9000002
name: two
namespace: biological_process
is_a: GO:0008150
"""
N_GENES = 8


def sequence(number: int) -> str:
    return "M" + "".join(np.random.default_rng(number).choice(list("ACDEFGHIKLMNPQRSTVWY"), 80))


def coverage(folder: Path, names: dict[str, str], *, aliases: str | None = None) -> dict[tuple[str, str, str], int]:
    """Build an organism whose files name gene k by a pattern each, and return what joined.

    `names` gives patterns, in which {k} is the gene's number: "header"; "object" and optionally "symbol" and "synonyms"
    of the annotations; and "node" of the network, which is a path.
    """
    numbers = range(1, N_GENES + 1)

    def named(kind: str, k: int) -> str:
        return names.get(kind, "").format(k=f"{k:03d}")

    (folder / "seq.fasta").write_text("".join(f">{named('header', k)}\n{sequence(k)}\n" for k in numbers))
    (folder / "go.obo").write_text(OBO)
    rows = [
        ["SYN", named("object", k), named("symbol", k), "", f"GO:900000{1 + k % 2}", "PMID:1", "IDA", "", "P", "",
         named("synonyms", k), "protein", "taxon:9", "20200101", "SYN", "", ""]
        for k in numbers
    ]  # fmt: skip
    (folder / "ann.gaf").write_text("!gaf-version: 2.1\n" + "".join("\t".join(row) + "\n" for row in rows))
    path = [f"{named('node', k)}\t{named('node', k + 1)}\t0.5\n" for k in numbers if k < N_GENES]
    (folder / "net.tsv").write_text("".join(path))
    settings = {
        "sequences": str(folder / "seq.fasta"), "ontology": str(folder / "go.obo"),
        "annotations": str(folder / "ann.gaf"),
        "networks": {"net": {"file": str(folder / "net.tsv"), "format": "edges"}}, "evaluation": {"scheme": "none"},
    }  # fmt: skip
    if aliases is not None:
        (folder / "ids.tsv").write_text("".join(aliases.format(k=f"{k:03d}") for k in numbers))
        settings["identifiers"] = [str(folder / "ids.tsv")]
    built = build_from_settings(settings)
    built.coverage.check()
    table = built.coverage.table()
    return {(source, unit, outcome): count for source, unit, outcome, count in table.itertuples(index=False)}


@pytest.mark.parametrize(
    ("names", "aliases"),
    [
        ({"header": "SYN{k}", "object": "SYN{k}", "symbol": "abc{k}", "node": "abc{k}"}, None),
        ({"header": "SYN{k}", "object": "SYN{k}", "synonyms": "old{k}|older{k}", "node": "older{k}"}, None),
        ({"header": "SYN{k}.2", "object": "SYN{k}", "node": "SYN{k}"}, None),
        ({"header": "SYN{k}", "object": "SYN{k}.1", "node": "SYN{k}.3"}, None),
        ({"header": "sp|P12{k}|S{k}_X", "object": "P12{k}:PRO_0000000{k}", "node": "uniprotkb:P12{k}-2"}, None),
        ({"header": "3702.AT1G01{k}.1", "object": "Q00{k}", "synonyms": "At1g01{k}", "node": "AT1G01{k}"}, None),
        ({"header": "SPAC1002.{k}.1:pep", "object": "SPAC1002.{k}", "node": "PomBase:SPAC1002.{k}"}, None),
        ({"header": "FBpp{k}", "object": "FBgn{k}", "node": "FB:FBgn{k}"}, "FBgn{k}\tFBpp{k}\n"),
        (
            {"header": "gi|1{k}|ref|NP_900{k}.1|", "object": "SYN{k}", "node": "1{k}"},
            "SYN{k}\tGI\t1{k}\nSYN{k}\tRefSeq\tNP_900{k}.1\n",
        ),
        ({"header": "gi|1{k}|ref|NP_900{k}.1|", "object": "NP_900{k}", "node": "NP_900{k}.1"}, None),
        ({"header": "P1{k}", "object": "SYN{k}", "node": "GeneID:5{k}"}, "SYN{k}\tP1{k}\t5{k}\told{k}\n"),
        ({"header": "P1{k}", "object": "P1{k}", "node": "abc{k}"}, "abc{k}\tP1{k}\n"),
    ],
    ids=[
        "symbols", "synonyms", "version of sequences", "other versions", "chains and isoforms", "TAIR", "PomBase",
        "FlyBase", "NCBI with a table", "NCBI", "table without header", "gene second",
    ],
)  # fmt: skip
def test_every_gene_joins(tmp_path: Path, names: dict[str, str], aliases: str | None) -> None:
    found = coverage(tmp_path, names, aliases=aliases)
    assert found["annotations", "experimental rows", "joined"] == N_GENES
    assert found["net", "network nodes", "joined"] == N_GENES
    assert found["net", "edges", "joined"] == N_GENES - 1


def test_nothing_joins_to_a_neighbour_on_the_same_clone(tmp_path: Path) -> None:
    names = {"header": "SPAC1002.{k}", "object": "SPAC1002.{k}", "node": "SPAC1002.9{k}"}
    with pytest.raises(InputError, match=r"share no gene.*add an alias table"):
        coverage(tmp_path, names)
