"""The commands: from raw files to the report, and one sentence for each mistake."""

import gzip
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.special import expit

from genessl import cli
from genessl.data.dataset import GeneDataset
from genessl.data.folders import write_table
from genessl.output.predictions import HEADER, read_predictions
from genessl.output.report.discoveries import strongest_new_predictions
from tests.conftest import make_dataset, small_ontology

OBO = """format-version: 1.2
data-version: releases/2020-01-01

[Term]
id: GO:0008150
name: biological_process
namespace: biological_process

[Term]
id: GO:0007049
name: cell cycle
namespace: biological_process
is_a: GO:0008150

[Term]
id: GO:0000278
name: mitotic cell cycle
namespace: biological_process
is_a: GO:0007049

[Term]
id: GO:0006810
name: transport
namespace: biological_process
is_a: GO:0008150

[Term]
id: GO:0003674
name: molecular_function
namespace: molecular_function

[Term]
id: GO:0016301
name: kinase activity
namespace: molecular_function
is_a: GO:0003674
"""
CYCLE, MITOSIS, TRANSPORT, KINASE = "GO:0007049", "GO:0000278", "GO:0006810", "GO:0016301"
GENES = [f"P{number:05d}" for number in range(1, 13)]
T0 = [
    (GENES[0], MITOSIS, "IDA"), (GENES[1], MITOSIS, "IMP"), (GENES[2], CYCLE, "IDA"), (GENES[3], TRANSPORT, "IDA"),
    (GENES[4], TRANSPORT, "IGI"), (GENES[5], TRANSPORT, "IDA"), (GENES[0], KINASE, "IDA"), (GENES[4], CYCLE, "IEA"),
    (GENES[6], KINASE, "IDA"), (GENES[7], TRANSPORT, "IEA"),
]  # fmt: skip
NEW = [(GENES[8], MITOSIS), (GENES[9], TRANSPORT), (GENES[3], KINASE), (GENES[6], CYCLE)]
T1 = [*T0, *((gene, term, "IDA") for gene, term in NEW)]


def gaf(rows, gene=lambda name: name, term=lambda name: name):
    fields = "UniProtKB\t{0}\t{0}\t\t{1}\tPMID:1\t{2}\t\tP\t\t\tprotein\ttaxon:9\t20200101\tUniProt"
    return "!gaf-version: 2.1\n" + "".join(fields.format(gene(a), term(b), code) + "\n" for a, b, code in rows)


@dataclass
class Organism:
    """Raw files of twelve genes, and the commands run on them."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def write(self) -> None:
        random = np.random.default_rng(0)
        proteins = ["".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), 60)) for _ in GENES]
        proteins[1] = proteins[0][:50] + proteins[1][50:]
        headers = [f">sp|{gene}|{gene}_TEST" for gene in GENES]
        ring = list(zip(GENES, GENES[1:] + GENES[:1]))
        texts = {
            "genes.fasta": "".join(f"{head}\n{protein}\n" for head, protein in zip(headers, proteins)),
            "go.obo": OBO,
            "t0.gaf": gaf(T0),
            "t1.gaf": gaf(T1),
            "pairs.txt": "".join(f"{a}\t{b}\t0.5\n" for a, b in ring),
            "string.txt": "protein1 protein2 combined_score\n" + "".join(f"9.{a} 9.{b} 700\n" for a, b in ring),
        }
        for name, text in texts.items():
            (self.folder / name).write_text(text)
        self.settings = {
            "sequences": "genes.fasta",
            "ontology": "go.obo",
            "annotations": "t0.gaf",
            "later_annotations": "t1.gaf",
            "networks": {"pairs": {"file": "pairs.txt", "format": "edges"}},
            "evaluation": {"scheme": "temporal"},
            "taxon": 9,
        }

    def build(self, run, output="dataset", **changes: Any) -> None:
        settings = {**self.settings, **changes}
        truth = ["--truth", "truth.tsv.gz"] if settings.get("later_annotations") else []
        run("build-dataset", "--settings", json.dumps(settings), "--output", output, *truth)


class Failure(Exception):  # noqa: N818
    """A command ended with another exit code than 0."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def sentence(self) -> str:
        """The one sentence, if there is no more than one and nothing else but the log."""
        found = [line for line in self.text.splitlines() if line.startswith("genessl: error: ")]
        assert len(found) == 1, self.text
        assert "Traceback" not in self.text
        assert self.text.splitlines()[-1] == found[0]
        return found[0].removeprefix("genessl: error: ")


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Run a command as the shell does, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> str:
        capfd.readouterr()
        monkeypatch.setattr("sys.argv", ["genessl", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
        out, err = capfd.readouterr()
        if code:
            raise Failure(code, err)
        return out

    return command


@pytest.fixture
def organism(tmp_path):
    place = Organism(tmp_path)
    place.write()
    return place


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def refused(organism, run, **changes):
    """Return the sentence that ends build-dataset, which must leave nothing behind."""
    before = files(organism.folder)
    with pytest.raises(Failure) as caught:
        organism.build(run, **changes)
    assert caught.value.code == 2
    assert files(organism.folder) == before
    return caught.value.sentence


# --------------------------------------------------------------------------------------------- bad input


HTML = "<!DOCTYPE html>\n<html><body>Not found</body></html>\n"
CYCLIC = OBO.replace("name: cell cycle\n", "name: cell cycle\nis_a: GO:0000278\n")
ALIENS = gaf(T0, gene=lambda name: f"SGD_{name}")
OTHER_RELEASE = gaf(T0, term=lambda name: name.replace("GO:0", "GO:9"))
ELECTRONIC = gaf([(gene, term, "IEA") for gene, term, _ in T0])
DATELESS = gaf(T0).replace("20200101", "")
REPORT = json.dumps({"organism": "x", "models": {"m": {}}})
SHORT_ROW = gaf(T0) + "UniProtKB\tP00001\tP00001\n"


@pytest.mark.parametrize("name", ["genes.fasta", "go.obo", "t0.gaf", "t1.gaf", "pairs.txt"])
def test_an_empty_file_is_named(organism, run, name):
    (organism.folder / name).write_text("")
    assert refused(organism, run) == f"{name}: the file is empty; download or copy it again"


@pytest.mark.parametrize("name", ["genes.fasta", "go.obo", "t0.gaf", "t1.gaf", "pairs.txt"])
def test_a_truncated_gzip_is_named(organism, run, name):
    path = organism.folder / name
    path.write_bytes(gzip.compress(path.read_bytes())[:-30])
    assert refused(organism, run).startswith(f"{name}: the compressed file is damaged (")


@pytest.mark.parametrize("name", ["genes.fasta", "go.obo", "t0.gaf", "t1.gaf", "pairs.txt"])
def test_a_missing_file_is_named(organism, run, name):
    (organism.folder / name).unlink()
    assert refused(organism, run) == f"{name}: no such file"


@pytest.mark.parametrize(
    "name, text, sentence",
    [
        ("genes.fasta", HTML, "genes.fasta:1: found a web page instead of the file; download it again from its own"),
        ("genes.fasta", OBO, "genes.fasta:1: expected a '>' header, found 'format-version: 1.2'; give sequences as"),
        ("genes.fasta", ">a\nMK\n>b\nMK\n>a\nMV\n", "genes.fasta:5: expected each gene once, found 'a' already at"),
        ("genes.fasta", ">a\nMK\n>b\n\n>c\nMK\n", "genes.fasta:3: expected residues for 'b', found none; remove it"),
        ("genes.fasta", ">a\nMK5\n", "genes.fasta:2: expected residues as letters, '*' or '-', found '5'; correct"),
        ("go.obo", HTML, "go.obo:1: found a web page instead of the file"),
        ("go.obo", CYCLIC, "go.obo: the ontology is cyclic: GO:0000278 is among its own ancestors; use a release"),
        ("go.obo", OBO + "\n[Term]\nid: GO:0016301\n", "go.obo:38: expected each term once, found GO:0016301 again"),
        ("t0.gaf", HTML, "t0.gaf:1: found a web page instead of the file"),
        ("t0.gaf", SHORT_ROW, "t0.gaf:12: found 3 tab-separated columns, expected the 15 to 17 of a GAF; give"),
        ("t0.gaf", "!gaf-version: 2.1\n", "t0.gaf: expected annotation rows, found comments only; download or copy"),
        ("t0.gaf", OTHER_RELEASE, "t0.gaf: 4 of 4 annotated terms, such as GO:9000278, are not in the ontology; give"),
        ("t0.gaf", ALIENS, "t0.gaf: none of the annotated genes, such as 'SGD_P00001', is among the sequences; add"),
        ("t0.gaf", ELECTRONIC, "t0.gaf: found no experimental annotation of any gene, expected some to learn from;"),
        ("t0.gaf", DATELESS, "t0.gaf: found no date in any row, expected YYYYMMDD or YYYY-MM-DD in column 14, which"),
        ("t1.gaf", OTHER_RELEASE, "t1.gaf: 4 of 4 annotated terms, such as GO:9000278, are not in the ontology; give"),
        ("t1.gaf", SHORT_ROW, "t1.gaf:12: found 3 tab-separated columns, expected the 15 to 17 of a GAF; give"),
        (
            "pairs.txt",
            "YAL001C YAL002W 0.5\n",
            "pairs.txt: the sequences and the network 'pairs' share no gene: sequences look like 'P00001', the network"
            " like 'YAL001C'; add an alias table under `identifiers`",
        ),
        ("pairs.txt", "P00001 P00002 -1\n", "pairs.txt:1: found the weight '-1', expected a number of at least 0;"),
        ("pairs.txt", "P00001 P00002 1\nP00001 P00003 high\n", "pairs.txt:2: found the weight 'high', expected a"),
        ("pairs.txt", "P00001 P00002 inf\n", "pairs.txt:1: found the weight 'inf', expected a number of at least 0;"),
        ("pairs.txt", "P00001 P00002 1\nP00001 P00003\n", "pairs.txt:2: found 2 columns, expected 3 as in the first"),
    ],
)  # fmt: skip
def test_bad_input_ends_in_one_sentence(organism, run, name, text, sentence):
    (organism.folder / name).write_text(text)
    assert refused(organism, run).startswith(sentence)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("protein1 protein2 combined_score\nP00001 P00002 -700\n", "found the weight '-700', expected a number of at"),
        ("protein1 protein2 combined_score\nP00001 P00002 x\n", "found the weight 'x', expected a number of at least"),
        ("a b 1\n", "found the format edges (Edge table) by its line 'a b 1', expected string (STRING links); give"),
    ],
)
def test_bad_string_files_end_in_one_sentence(organism, run, text, sentence):
    (organism.folder / "string.txt").write_text(text)
    found = refused(organism, run, networks={"string": {"file": "string.txt", "format": "string"}})
    assert found.startswith((f"string.txt:2: {sentence}", f"string.txt:1: {sentence}"))


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"anotations": "t0.gaf"}, "--settings: there is no key 'anotations'; expected one of sequences, ontology,"),
        ({"ontology": None}, "--settings: the key 'ontology' is missing; add it"),
        ({"sequences": 5}, "--settings: found 5 as 'sequences', expected a path"),
        ({"seed": -1}, "seed: found -1, expected a whole number, at least 0"),
        ({"evidence": ["IDA", "IDAA"]}, "evidence: there is no code 'IDAA', did you mean 'IDA'?; expected some of"),
        ({"taxon": "E. coli"}, "taxon: found 'E. coli', expected a number, the taxon's identifier at NCBI, or null"),
        ({"evidence": "all"}, "evidence: found 'all', expected 'experimental' or a list of evidence codes"),
        ({"evaluation": {"sceme": "none"}}, "evaluation: there is no key 'sceme'; expected one of scheme, folds,"),
        ({"evaluation": {"scheme": "loo"}}, "scheme: found 'loo', expected one of temporal, cross_validation, none"),
        ({"evaluation": {"scheme": "cross_validation", "folds": 2}}, "folds: found 2, expected from 3 to 255,"),
        ({"evaluation": {"scheme": "cross_validation", "folds": 40}}, "folds: found 40, expected at most 11, the"),
        ({"evaluation": {"scheme": "none", "sequence_identity": 30}}, "sequence_identity: found 30, expected a number"),
        ({"evaluation": {"scheme": "cross_validation", "label_fraction": 0}}, "label_fraction: found 0, expected a"),
        ({"evaluation": {"scheme": "temporal", "label_fraction": 0.1}}, "label_fraction: found 0.1 under the scheme"),
        ({"evaluation": {"scheme": "none", "label_fraction": 0.1}}, "label_fraction: found 0.1 under the scheme none,"),
        ({"networks": {"a": {"format": "edges"}}}, "networks.a: the key 'file' is missing; add it"),
        ({"networks": {"a": {"file": "pairs.txt", "format": "x"}}}, "format: found 'x', expected one of string,"),
        ({"networks": {"a": {"flie": "pairs.txt"}}}, "networks.a: there is no key 'flie'; expected one of file,"),
        ({"embeddings": "pairs.txt"}, "pairs.txt: found text, expected embeddings as HDF5 or npz;"),
        ({"identifiers": ["go.obo"]}, "go.obo:1: found an ontology in OBO, expected an alias table as one of: STRING"),
    ],
)  # fmt: skip
def test_bad_settings_end_in_one_sentence(organism, run, changes, sentence):
    assert refused(organism, run, **changes).startswith(sentence)


def test_a_truth_without_later_annotations_is_refused_before_anything_is_written(organism, run):
    settings = json.dumps(organism.settings | {"later_annotations": None})
    before = files(organism.folder)
    with pytest.raises(Failure) as caught:
        run("build-dataset", "--settings", settings, "--output", "dataset", "--truth", "truth.tsv.gz")
    assert caught.value.sentence.startswith("--truth: found no later_annotations in the settings, expected a GAF")
    assert files(organism.folder) == before


def test_a_failed_build_leaves_the_earlier_dataset_and_truth(organism, run):
    organism.build(run)
    before = {path: path.read_bytes() for path in organism.folder.rglob("*") if path.is_file()}
    (organism.folder / "thesis").mkdir()
    (organism.folder / "thesis" / "thesis.tex").touch()
    sentence = refused(organism, run, output="thesis")
    assert sentence.endswith("choose another name")
    assert all(path.read_bytes() == content for path, content in before.items())


def test_the_installed_command_ends_as_the_function_does(organism):
    (organism.folder / "genes.fasta").write_text(HTML)
    settings = ["--settings", json.dumps(organism.settings), "--output", "dataset"]
    command = [sys.executable, "-c", "from genessl.cli import main; main()", "build-dataset", *settings]
    ended = subprocess.run(command, cwd=organism.folder, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("genessl: error: genes.fasta:1: found a web page instead of the file")
    assert ended.stderr.count("\n") == 1


def test_json_that_is_none_is_shown(run):
    for text in ("{sequences", "[1]"):
        with pytest.raises(Failure) as caught:
            run("build-dataset", "--settings", text, "--output", "dataset")
        assert caught.value.sentence.startswith("--settings: expected ")


def test_domains_and_references_are_read_into_the_dataset(organism, run):
    protein = (organism.folder / "genes.fasta").read_text().splitlines()[1]
    texts = {
        "pombe.fasta": f">sp|O00001|CDC2_SCHPO\n{protein[:-1] + ('A' if protein[-1] != 'A' else 'C')}\n",
        "pombe.gaf": gaf([("X1", MITOSIS, "IDA")]),
        "pombe.dat": "O00001\tPomBase\tX1\n",
        "pombe.tsv": f"O00001\t{'0' * 32}\t60\tPfam\tPF00069\tkinase\t1\t60\t1e-9\tT\t01-01-2020\tIPR000719\tkinase\n",
    }
    texts["own.tsv"] = texts["pombe.tsv"].replace("O00001", GENES[2]) + texts["pombe.tsv"].replace("O00001", GENES[3])
    for name, text in texts.items():
        (organism.folder / name).write_text(text)
    reference = {"sequences": "pombe.fasta", "annotations": "pombe.gaf", "identifiers": ["pombe.dat"]}
    organism.build(run, domains="own.tsv", references=[{**reference, "domains": "pombe.tsv"}])
    dataset = GeneDataset.load(organism.folder / "dataset")
    assert dataset.feature_names[-1] == "InterPro:IPR000719"
    assert dataset.references.names.tolist() == ["O00001"]
    assert dataset.references.homology[[0]].nnz == 1
    assert np.flatnonzero(dataset.references.domains.toarray()).tolist() == [2, 3]
    lines = (organism.folder / "dataset" / "coverage.tsv").read_text().splitlines()
    assert "domains\tmatches\tjoined\t2" in lines
    assert "references[0]\tproteins\tjoined\t1" in lines
    assert "references[0] domains\tproteins\tjoined\t1" in lines


def test_substituted_copies_are_in_the_dataset(organism, run):
    organism.build(run, output="plain")
    organism.build(run, substituted_copies=2)
    plain, copied = (GeneDataset.load(organism.folder / name) for name in ("plain", "dataset"))
    assert plain.substituted is None
    assert copied.substituted.shape == (2, 12, 804)
    np.testing.assert_array_equal(copied.sequence_features, plain.sequence_features)
    own = copied.sequence_features[2:, :804]  # the first two proteins are alike
    near = np.square(copied.substituted[:, 2:] - own).mean(axis=2)
    assert 0 < near.mean() < np.square(own - np.roll(own, 1, axis=0)).mean()
    sentence = "substituted_copies: found 9, expected a whole number from 0 to 8"
    assert refused(organism, run, substituted_copies=9) == sentence


def test_synthetic_genes_are_in_the_pool_and_in_no_result(organism, run):
    residues = np.random.default_rng(7).choice(list("ACDEFGHIKLMNPQRSTVWY"), (10, 60))
    text = "".join(f">sp|{gene}|PARENT\n{''.join(row)}\n" for gene, row in zip(GENES, residues))
    (organism.folder / "made.fasta").write_text(text)
    evaluations = {}
    for name, contamination in (("clean", None), ("pool", {"sequences": "made.fasta", "ratio": 1.5, "seed": 3})):
        organism.build(run, contamination=contamination)
        score(run, "term_frequency")
        scored = pd.read_csv("predictions/term_frequency.tsv.gz", sep="\t")
        assert set(scored["gene"]) <= set(GENES)
        run("control", "--dataset", "dataset", "--shuffle", "1", "--output", "control.tsv.gz")
        assert set(pd.read_csv("control.tsv.gz", sep="\t")["gene"]) <= set(GENES)
        shown = ["--predictions", "term_frequency=predictions/term_frequency.tsv.gz"]
        truth = ["--ontology", "go.obo", "--truth", "truth.tsv.gz"]
        run("evaluate", "--dataset", "dataset", *truth, "--output", "evaluation.tsv", *shown)
        evaluations[name] = pd.read_csv("evaluation.tsv", sep="\t")
        settings = json.dumps({"organism": "tiny", "models": {"term_frequency": {}}})
        written = ["--evaluation", "evaluation.tsv", "--settings", settings, "--output", "report.html"]
        run("report", "--dataset", "dataset", *written, *shown)
        report = (organism.folder / "report.html").read_text()
        assert ("<b>18</b>synthetic genes in the pool" in report) == (name == "pool")
        assert "<b>12</b>genes" in report
    pd.testing.assert_frame_equal(evaluations["clean"], evaluations["pool"])  # the term frequency reads labels alone
    dataset = GeneDataset.load(organism.folder / "dataset")
    assert dataset.synthetic.sum() == 18
    lines = (organism.folder / "dataset" / "coverage.tsv").read_text().splitlines()
    assert "contamination\tof these with new substitutions\tjoined\t8" in lines
    assert refused(organism, run, contamination={"sequences": "made.fasta", "ratoi": 1}).startswith(
        "contamination: there is no key 'ratoi'; expected one of sequences, ratio, seed"
    )
    assert refused(organism, run, contamination={"sequences": "none.fasta"}).startswith("none.fasta")
    assert refused(organism, run, contamination={"sequences": ["made.fasta"]}).startswith(
        "contamination.sequences: found ['made.fasta'], expected a path"
    )
    assert refused(organism, run, contamination={"sequences": "made.fasta", "ratio": 11}).startswith(
        "contamination.ratio: found 11, expected a number"
    )


def test_where_too_few_genes_have_experiments_none_is_screened_and_the_report_says_so(built, run, caplog):
    run("screen-genes", "--dataset", "dataset", "--output", "screening.tsv")
    assert (
        "found 7 genes with experimental annotations, expected at least 20 to learn from what real genes look like;"
        " no gene is screened, and the table is empty"
    ) in caplog.text
    assert (built.folder / "screening.tsv").read_text() == "gene\tprobability\treasons\n"
    score(run, "term_frequency")
    predicted = ["--predictions", "term_frequency=predictions/term_frequency.tsv.gz"]
    truth = ["--ontology", "go.obo", "--truth", "truth.tsv.gz"]
    run("evaluate", "--dataset", "dataset", *truth, "--output", "evaluation.tsv", *predicted)
    settings = json.dumps({"organism": "tiny", "models": {"term_frequency": {}}})
    shown = ["--evaluation", "evaluation.tsv", "--settings", settings, "--output", "report.html", *predicted]
    run("report", "--dataset", "dataset", *shown, "--screening", "screening.tsv")
    report = (built.folder / "report.html").read_text()
    assert "No gene was screened: too few genes have experimental annotations" in report
    assert "more probably synthetic" not in report
    assert "<code>screening.tsv</code>" in report
    table = "gene\tprobability\treasons\nelsewhere\t0.9\tunusual ends (+1.0)\n"
    (built.folder / "other.tsv").write_text(table)
    with pytest.raises(Failure) as caught:
        run("report", "--dataset", "dataset", *shown, "--screening", "other.tsv")
    assert caught.value.sentence.startswith("--screening: found a table of other genes than the dataset's")


def test_mistakes_in_references_end_in_one_sentence(organism, run):
    assert refused(organism, run, references=[{"sequences": "a.fasta"}]) == (
        "references[0]: the key 'annotations' is missing; add it"
    )
    own = {"sequences": "genes.fasta", "annotations": "t0.gaf"}
    assert refused(organism, run, references=[own]).startswith("t0.gaf: found no row that is dated until 20200101")
    assert refused(organism, run, references=[{**own, "gaf": "t0.gaf"}]).startswith(
        "references[0]: there is no key 'gaf'; expected one of sequences, annotations"
    )
    assert refused(organism, run, domains="pairs.txt").startswith("pairs.txt:1: found 'P00001\tP00002\t0.5', expected")


@pytest.fixture
def built(organism, run):
    organism.build(run)
    return organism


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("--model", "labell_propagation"), "models: there is no model 'labell_propagation', did you mean 'label_prop"),
        (
            ("--model", "label_propagation", "--parameters", '{"restrat": 1}'),
            "models: label_propagation has no parameter 'restrat', did you mean 'restart'?; expected one of",
        ),
        (("--model", "label_propagation", "--parameters", '{"restart": 7}'), "restart: found 7, expected a number in"),
        (("--model", "label_propagation", "--parameters", '{"restart": "x"}'), "restart: found 'x', expected a number"),
        (("--model", "term_frequency", "--parameters", "{"), "--parameters: expected JSON, found '{'"),
        (("--model", "term_frequency", "--dataset", "gone"), "gone: expected a saved dataset, found no dataset.json;"),
    ],
)
def test_a_mistake_in_training_leaves_no_model(built, run, arguments, sentence):
    before = files(built.folder)
    with pytest.raises(Failure) as caught:
        run("train", "--dataset", "dataset", "--output", "models/m", *arguments)
    assert caught.value.code == 2
    assert caught.value.sentence.startswith(sentence)
    assert files(built.folder) == before


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("predict", "--model", "gone"), "gone: expected a saved predictor, found no predictor.json; train the model"),
        (("cross-validate", "--model", "term_frequency"), "dataset: found a dataset for scheme 'temporal', expected"),
        (("evaluate", "--ontology", "go.obo", "--predictions", "m=gone"), "--truth: found none, expected the truth"),
        (
            ("evaluate", "--ontology", "go.obo", "--truth", "truth.tsv.gz", "--predictions", "m=gone"),
            "gone: no such file",
        ),
        (
            ("evaluate", "--ontology", "go.obo", "--truth", "truth.tsv.gz", "--predictions", "gone"),
            "--predictions: expected NAME=FILE, found 'gone'",
        ),
        (
            ("evaluate", "--ontology", "go.obo", "--truth", "t1.gaf", "--predictions", "m=gone"),
            "t1.gaf:1: expected the columns gene, term, found '!gaf-version: 2.1'",
        ),
        (
            ("report", "--evaluation", "gone", "--settings", "{}", "--predictions", "m=gone"),
            "--settings: the key 'organism' is missing; add it",
        ),
        (
            ("report", "--evaluation", "gone", "--settings", REPORT, "--predictions", "m=gone"),
            "gone: no such file",
        ),
        (
            ("report", "--evaluation", "truth.tsv.gz", "--settings", REPORT, "--predictions", "m=gone"),
            "truth.tsv.gz:1: expected the columns model, aspect, knowledge, metric, value, low, high, n_genes, found",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_later_step_leaves_no_output(built, run, arguments, sentence):
    before = files(built.folder)
    command, *options = arguments
    with pytest.raises(Failure) as caught:
        run(command, "--dataset", "dataset", "--output", "output.tsv.gz", *options)
    assert caught.value.code == 2
    assert caught.value.sentence.startswith(sentence)
    assert files(built.folder) == before


def test_settings_of_a_simulation_are_checked(organism, run):
    (organism.folder / "list.yaml").write_text("- 1\n")
    (organism.folder / "typo.yaml").write_text("n_gene: 60\n")
    before = files(organism.folder)
    for settings, sentence in (
        ("gone", "gone: no such file"),
        ("list.yaml", "simulation: expected settings as"),
        ("typo.yaml", "simulation: found the unknown setting 'n_gene', expected one of n_genes,"),
        ("pairs.txt", "pairs.txt: expected YAML, found "),
    ):
        with pytest.raises(Failure) as caught:
            run("simulate", "--settings", settings, "--output", "simulated")
        assert caught.value.sentence.startswith(sentence)
    assert files(organism.folder) == before


def test_a_file_where_no_file_can_be_written_is_named(built, run):
    run("train", "--dataset", "dataset", "--model", "term_frequency", "--output", "models/m")
    with pytest.raises(Failure) as caught:
        run("predict", "--dataset", "dataset", "--model", "models/m", "--output", "go.obo/m.tsv.gz")
    assert caught.value.code == 2
    assert caught.value.sentence == "go.obo: File exists"


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((), "Usage: genessl"),
        (("trian",), "No such command 'trian'"),
        (("train", "--dataset", "d"), "Missing option '--model'"),
        (("train", "--datset", "d"), "No such option: --datset"),
        (("control", "--dataset", "d", "--output", "o", "--shuffle", "one"), "Invalid value for '--shuffle'"),
    ],
)
def test_a_wrong_option_is_explained_without_a_traceback(run, arguments, words, capfd):
    with pytest.raises(Failure) as caught:
        run(*arguments)
    assert caught.value.code == 2
    assert "Traceback" not in caught.value.text


# -------------------------------------------------------------------------------------------- happy path


def score(run, model):
    run("train", "--dataset", "dataset", "--model", model, "--output", f"models/{model}", "--seed", "1")
    stem = f"predictions/{model}"
    others = ["--cafa", f"{stem}.cafa.tsv.gz", "--gaf", f"{stem}.gaf.gz"]
    run("predict", "--dataset", "dataset", "--model", f"models/{model}", "--output", f"{stem}.tsv.gz", *others)


def test_from_raw_files_to_the_report_twice_with_the_same_bytes(organism, run):
    first = None
    for _ in range(2):
        organism.build(run)
        for model in ("term_frequency", "label_propagation"):
            score(run, model)
        for shuffle in "12":
            run("control", "--dataset", "dataset", "--shuffle", shuffle, "--output", f"control/{shuffle}.tsv.gz")
        tables = [f"{m}=predictions/{m}.tsv.gz" for m in ("term_frequency", "label_propagation")]
        shown = [option for table in tables for option in ("--predictions", table)]
        shuffled = [option for k in "12" for option in ("--predictions", f"permuted_labels=control/{k}.tsv.gz")]
        truth = ["--ontology", "go.obo", "--truth", "truth.tsv.gz"]
        run("evaluate", "--dataset", "dataset", *truth, "--output", "evaluation.tsv", *shown, *shuffled)
        settings = json.dumps({"organism": "tiny", "models": {"term_frequency": {}, "label_propagation": {}}})
        written = ["--evaluation", "evaluation.tsv", "--settings", settings, "--output", "report.html"]
        run("report", "--dataset", "dataset", *written, *shown)
        paths = [path for path in organism.folder.rglob("*") if path.is_file()]
        content = {str(path.relative_to(organism.folder)): path.read_bytes() for path in paths}
        assert first is None or content == first
        first = content
        for name in ("dataset", "models", "predictions", "control"):
            shutil.rmtree(organism.folder / name)
    assert {name for name in first if name.startswith("predictions")} == {
        f"predictions/{model}{end}"
        for model in ("term_frequency", "label_propagation")
        for end in (".tsv.gz", ".cafa.tsv.gz", ".gaf.gz")
    }
    assert b"label_propagation" in first["report.html"]
    table = pd.read_csv(organism.folder / "evaluation.tsv", sep="\t")
    table = table.set_index(["model", "aspect", "knowledge", "metric"])
    # At t1 P00009 and P00010 are new everywhere, P00007 in the process aspect and P00004 in function.
    counts = table.xs(("term_frequency", "fmax"), level=("model", "metric"))["n_genes"].to_dict()
    assert counts == {
        ("BPO", "NK"): 2, ("BPO", "LK"): 1, ("BPO", "first"): 3, ("MFO", "LK"): 1, ("MFO", "first"): 1,
    }  # fmt: skip
    assert set(table.index.get_level_values("model")) == {"term_frequency", "label_propagation", "permuted_labels"}
    # Both of P00004's MFO truth and the term frequency's only MFO term are the kinase activity.
    assert table.loc[("term_frequency", "MFO", "first", "fmax"), "value"] == 1.0


def test_predict_writes_what_is_asked_for_and_gzip_only_under_such_a_name(built, run):
    run("train", "--dataset", "dataset", "--model", "term_frequency", "--output", "models/m")
    before = files(built.folder)
    predict = ["predict", "--dataset", "dataset", "--model", "models/m", "--output"]
    run(*predict, "p.tsv")
    assert files(built.folder) - before == {"p.tsv"}
    assert (built.folder / "p.tsv").read_text().splitlines()[0].split("\t") == list(HEADER)
    run(*predict, "p.tsv.gz", "--gaf", "p.gaf")
    assert files(built.folder) - before == {"p.tsv", "p.tsv.gz", "p.gaf"}
    assert gzip.decompress((built.folder / "p.tsv.gz").read_bytes()) == (built.folder / "p.tsv").read_bytes()
    assert (built.folder / "p.gaf").read_text().startswith("!gaf-version: 2.2\n")
    run("control", "--dataset", "dataset", "--shuffle", "1", "--output", "control.tsv")
    assert (built.folder / "control.tsv").read_text().startswith("gene\tterm\t")


@pytest.mark.parametrize("scheme", ["temporal", "cross_validation"])
def test_without_networks_the_control_has_no_prediction_and_the_run_goes_on(organism, run, scheme, caplog):
    changes = {} if scheme == "temporal" else {"later_annotations": None}
    organism.build(run, networks={}, evaluation={"scheme": scheme, "folds": 3}, **changes)
    run("control", "--dataset", "dataset", "--shuffle", "1", "--output", "control.tsv.gz")
    score(run, "term_frequency")
    tables = ["--predictions", "term_frequency=predictions/term_frequency.tsv.gz"]
    shuffled = ["--predictions", "permuted_labels=control.tsv.gz"]
    truth = ["--truth", "truth.tsv.gz"] if scheme == "temporal" else []
    run("evaluate", "--dataset", "dataset", "--ontology", "go.obo", *truth, "--output", "e.tsv", *tables, *shuffled)
    assert "permuted_labels: found no prediction; it is evaluated with coverage 0" in caplog.text
    table = pd.read_csv(organism.folder / "e.tsv", sep="\t").set_index(["model", "metric"])["value"]
    for metric in ("coverage", "fmax", "wfmax", "aupr", "waupr", "fmicro"):
        assert (table["permuted_labels", metric] == 0).all()
        assert (table["term_frequency", metric] > 0).any()
    control, frequency = (table[model, "smin"].to_numpy() for model in ("permuted_labels", "term_frequency"))
    assert (control >= frequency).all()  # to find nothing is not best
    written = ["--evaluation", "e.tsv", "--settings", REPORT, "--output", "report.html"]
    run("report", "--dataset", "dataset", *written, *tables)
    html = (organism.folder / "report.html").read_text()
    assert "Nothing is predicted for these genes by permuted_labels" in html
    assert "shuffled labels predict nothing here and test nothing" in html


def test_a_main_model_without_a_prediction_is_evaluated_and_reported(organism, run, caplog):
    letters = "ACDEFGHIKLMNPQRSTVWY"
    fasta = "".join(f">{gene}\n{letter * 60}\n" for gene, letter in zip(GENES, letters))  # no two are alike
    (organism.folder / "genes.fasta").write_text(fasta)
    organism.build(run)
    score(run, "homology")
    assert pd.read_csv(organism.folder / "predictions" / "homology.tsv.gz", sep="\t").empty
    assert "no score reaches 0.01, the lowest that is written: predictions/homology.tsv.gz has no pred" in caplog.text
    tables = ["--predictions", "homology=predictions/homology.tsv.gz"]
    truth = ["--ontology", "go.obo", "--truth", "truth.tsv.gz"]
    run("evaluate", "--dataset", "dataset", *truth, "--output", "e.tsv", *tables)
    table = pd.read_csv(organism.folder / "e.tsv", sep="\t").set_index(["model", "metric"])["value"]
    assert (table["homology", "coverage"] == 0).all()
    assert (table["homology", "wfmax"] == 0).all()
    run("report", "--dataset", "dataset", "--evaluation", "e.tsv", "--settings", REPORT, "--output", "r.html", *tables)
    html = (organism.folder / "r.html").read_text()
    assert "<code>homology</code> makes no prediction for any gene" in html
    assert "Nothing is predicted for these genes by homology" in html
    assert "No model scores above 0 here." in html


def test_scores_that_are_no_numbers_are_refused_by_the_evaluation_with_their_line(built, run):
    (built.folder / "p.tsv").write_text(f"gene\tterm\tscore\n{GENES[8]}\t{CYCLE}\tnan\n")
    truth = ["--ontology", "go.obo", "--truth", "truth.tsv.gz"]
    with pytest.raises(Failure) as caught:
        run("evaluate", "--dataset", "dataset", *truth, "--output", "e.tsv", "--predictions", "m=p.tsv")
    assert caught.value.sentence == "p.tsv:2: expected a score from 0 to 1, found 'nan'; predict again"


def test_only_a_model_that_teaches_in_rounds_has_an_audit_to_report(built, run):
    score(run, "term_frequency")
    (built.folder / "evaluation.tsv").write_text("model\taspect\tknowledge\tmetric\tvalue\tlow\thigh\tn_genes\n")
    shown = ["--evaluation", "evaluation.tsv", "--settings", REPORT, "--output", "report.html"]
    tables = ["--predictions", "m=predictions/term_frequency.tsv.gz"]
    with pytest.raises(Failure) as caught:
        run("report", "--dataset", "dataset", *shown, *tables, "--co-training", "models/term_frequency")
    assert caught.value.sentence == (
        "models/term_frequency: found a TermFrequency, expected a model that teaches in rounds, as co_training does"
    )


def test_genes_without_an_edge_or_a_homolog_are_evaluated_separately(organism, run):
    random = np.random.default_rng(1)
    strangers = [f"Q{number:05d}" for number in range(25)]
    with (organism.folder / "genes.fasta").open("a") as sequences:
        for gene in strangers:
            sequences.write(f">{gene}\n{''.join(random.choice(list('ACDEFGHIKLMNPQRSTVWY'), 60))}\n")
    (organism.folder / "t1.gaf").write_text(gaf([*T1, *((gene, MITOSIS, "IDA") for gene in strangers)]))
    organism.build(run)
    score(run, "term_frequency")
    truth = ["--ontology", "go.obo", "--truth", "truth.tsv.gz"]
    shown = ["--predictions", "term_frequency=predictions/term_frequency.tsv.gz"]
    run("evaluate", "--dataset", "dataset", *truth, "--output", "evaluation.tsv", *shown)
    table = pd.read_csv(organism.folder / "evaluation.tsv", sep="\t")
    counts = table[table["metric"] == "fmax"].set_index(["aspect", "knowledge"])["n_genes"].to_dict()
    # Of the ring P00007, P00009 and P00010 get their first process, too; only P00001 and P00002 are homologs.
    assert counts == {
        ("BPO", "NK"): 27, ("BPO", "LK"): 1, ("BPO", "first"): 28, ("BPO", "first-isolated"): 25,
        ("BPO", "first-orphan"): 28, ("MFO", "LK"): 1, ("MFO", "first"): 1,
    }  # fmt: skip
    settings = json.dumps({"organism": "tiny", "models": {"term_frequency": {}}})
    written = ["--evaluation", "evaluation.tsv", "--settings", settings, "--output", "report.html"]
    run("report", "--dataset", "dataset", *written, *shown)
    assert "first: genes without an edge" in (organism.folder / "report.html").read_text()


@pytest.mark.parametrize(
    "models, main",
    [
        (("combined", "co_training", "homology"), "combined"),
        (("co_training", "homology"), "co_training"),
        (("homology", "term_frequency"), "term_frequency"),
    ],
)
def test_the_report_lists_new_predictions_of_combined_else_co_training_else_the_last_model(built, run, models, main):
    score(run, "term_frequency")
    (built.folder / "evaluation.tsv").write_text("model\taspect\tknowledge\tmetric\tvalue\tlow\thigh\tn_genes\n")
    settings = json.dumps({"organism": "tiny", "models": {model: {} for model in models}})
    shown = [option for model in models for option in ("--predictions", f"{model}=predictions/term_frequency.tsv.gz")]
    written = ["--evaluation", "evaluation.tsv", "--settings", settings, "--output", "report.html"]
    run("report", "--dataset", "dataset", *written, *shown)
    html = (built.folder / "report.html").read_text()
    assert f"predictions of <code>{main}</code> for genes that no experiment has described" in html


def test_the_truth_and_the_dataset_hold_what_the_files_say(built):
    dataset = GeneDataset.load(built.folder / "dataset")
    assert dataset.ontology.terms == (MITOSIS, TRANSPORT, CYCLE, KINASE)
    known = {gene: set(np.array(dataset.ontology.terms)[row]) for gene, row in zip(GENES, dataset.positive.toarray())}
    assert known[GENES[0]] == {MITOSIS, CYCLE, KINASE}
    assert known[GENES[8]] == known[GENES[7]] == set()
    assert dataset.electronic.toarray()[7].astype(int).tolist() == [0, 1, 0, 0]
    assert dataset.networks["pairs"].nnz == 24
    assert (dataset.taxon, dataset.annotation_date, dataset.scheme) == ("9", 20200101, "temporal")
    truth = pd.read_csv(built.folder / "truth.tsv.gz", sep="\t")
    assert set(truth.loc[truth["gene"] == GENES[8], "term"]) == {MITOSIS, CYCLE}


def test_coverage_balances_for_every_source(built):
    coverage = pd.read_csv(built.folder / "dataset" / "coverage.tsv", sep="\t")
    held = coverage[coverage["outcome"] == "held"].set_index(["source", "unit"])["count"]
    others = coverage[coverage["outcome"] != "held"].groupby(["source", "unit"])["count"].sum()
    assert held.sort_index().to_dict() == others.sort_index().to_dict()
    assert set(coverage["source"]) == {"sequences", "annotations", "later annotations", "pairs"}


def test_cross_validation_scores_each_gene_by_models_that_have_not_seen_it(organism, run):
    organism.build(run, later_annotations=None, evaluation={"scheme": "cross_validation", "folds": 3})
    options = ["--dataset", "dataset", "--model", "label_propagation"]
    run("cross-validate", *options, "--output", "a.tsv.gz")
    run("cross-validate", *options, "--output", "b.tsv.gz")
    run("control", "--dataset", "dataset", "--shuffle", "1", "--output", "c.tsv.gz")
    assert (organism.folder / "a.tsv.gz").read_bytes() == (organism.folder / "b.tsv.gz").read_bytes()
    tables = ["--predictions", "label_propagation=a.tsv.gz", "--predictions", "permuted_labels=c.tsv.gz"]
    run("evaluate", "--dataset", "dataset", "--ontology", "go.obo", "--output", "evaluation.tsv", *tables)
    table = pd.read_csv(organism.folder / "evaluation.tsv", sep="\t")
    assert set(table["knowledge"]) == {"CV"}
    n_genes = table.groupby("aspect")["n_genes"].first().to_dict()
    assert n_genes == {"BPO": 6, "MFO": 2}
    predictions = pd.read_csv(organism.folder / "a.tsv.gz", sep="\t")
    known = predictions[predictions["known"] == 1]
    assert len(known) and (known["score"] < 1).all()


def test_without_an_evaluation_the_table_has_a_header_and_the_report_is_written(organism, run):
    organism.build(run, later_annotations=None, evaluation={"scheme": "none"})
    score(run, "term_frequency")
    shown = ["--predictions", "term_frequency=predictions/term_frequency.tsv.gz"]
    run("evaluate", "--dataset", "dataset", "--ontology", "go.obo", "--output", "evaluation.tsv", *shown)
    text = (organism.folder / "evaluation.tsv").read_text()
    assert text == "model\taspect\tknowledge\tmetric\tvalue\tlow\thigh\tn_genes\n"
    settings = json.dumps({"organism": "tiny", "models": {"term_frequency": {}}})
    written = ["--evaluation", "evaluation.tsv", "--settings", settings, "--output", "r.html"]
    run("report", "--dataset", "dataset", *written, *shown)
    assert (organism.folder / "r.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("layout", ["string", "gzip", "no network"])
def test_the_same_organism_joins_in_other_formats(organism, run, layout):
    changes: dict[str, Any] = {}
    if layout == "string":
        changes["networks"] = {"string": {"file": "string.txt", "format": "string", "min_score": 0.5}}
    elif layout == "gzip":
        for name in ("genes.fasta", "go.obo", "t0.gaf", "t1.gaf", "pairs.txt"):
            path = organism.folder / name
            path.write_bytes(gzip.compress(path.read_bytes()))
    else:
        changes["networks"] = {}
    organism.build(run, **changes)
    dataset = GeneDataset.load(organism.folder / "dataset")
    assert dataset.genes.tolist() == GENES
    assert [network.nnz for network in dataset.networks.values()] == ([] if layout == "no network" else [24])
    score(run, "label_propagation")


def test_dates_with_hyphens_are_dates_up_to_the_gaf_of_the_predictions(organism, run):
    (organism.folder / "t0.gaf").write_text(gaf(T0).replace("20200101", "2020-01-01"))
    organism.build(run)
    score(run, "label_propagation")
    written = gzip.decompress((organism.folder / "predictions" / "label_propagation.gaf.gz").read_bytes()).decode()
    assert "!date-generated: 2020-01-01\n" in written
    rows = [line.split("\t") for line in written.splitlines() if not line.startswith("!")]
    assert rows and {row[13] for row in rows} == {"20200101"}


def test_an_unknown_evidence_code_in_a_row_is_counted_and_not_fatal(organism, run):
    (organism.folder / "t0.gaf").write_text(gaf([*T0, (GENES[9], KINASE, "NO_MAPPING")]))
    organism.build(run)
    lines = (organism.folder / "dataset" / "coverage.tsv").read_text().splitlines()
    assert "annotations\trows with the unknown evidence code NO_MAPPING\theld\t1" in lines


def test_a_term_that_the_ontology_lacks_is_counted_and_not_fatal(organism, run):
    (organism.folder / "t0.gaf").write_text(gaf([*T0, (GENES[0], "GO:0099999", "IDA")]))
    organism.build(run)
    coverage = pd.read_csv(organism.folder / "dataset" / "coverage.tsv", sep="\t")
    lost = coverage[(coverage["source"] == "annotations") & (coverage["outcome"] == "term not in the ontology")]
    assert lost["count"].tolist() == [1]


def test_nonstandard_residues_are_accepted(organism, run):
    path = organism.folder / "genes.fasta"
    path.write_text(path.read_text() + ">odd\nMKUOBZJX*ACDX*\n>dna\nACGTACGTACGT\n")
    organism.build(run)
    assert GeneDataset.load(organism.folder / "dataset").genes.tolist()[-2:] == ["odd", "dna"]


def obo_of_the_small_ontology():
    full = small_ontology()
    spaces = {"BPO": "biological_process", "MFO": "molecular_function", "CCO": "cellular_component"}
    text = "format-version: 1.2\n"
    for column, (term, name, aspect) in enumerate(zip(full.terms, full.names, full.aspects.tolist())):
        text += f"\n[Term]\nid: {term}\nname: {name}\nnamespace: {spaces[aspect]}\n"
        text += "".join(f"is_a: {full.terms[parent]}\n" for parent in full.parents[[column]].indices)
    return text


def told(path):
    return read_predictions(path)["probability"]


def test_cross_validation_tells_how_probable_predictions_are(run, tmp_path):
    dataset, _ = make_dataset(scheme="cross_validation", n_folds=3)
    dataset.save("dataset")
    Path("go.obo").write_text(obo_of_the_small_ontology())
    fit = ("--dataset", "dataset", "--model", "network_neighbours")
    run("cross-validate", *fit, "--output", "folds.tsv", "--calibration", "calibration.json")
    run("train", *fit, "--output", "models/m")
    run(
        "predict",
        "--dataset",
        "dataset",
        "--model",
        "models/m",
        "--calibration",
        "calibration.json",
        "--output",
        "p.tsv",
    )
    run("predict", "--dataset", "dataset", "--model", "models/m", "--output", "bare.tsv")
    assert told("folds.tsv").between(0, 1).all()
    assert told("p.tsv").between(0, 1).all()
    assert told("bare.tsv").isna().all()
    evaluate = ("evaluate", "--dataset", "dataset", "--ontology", "go.obo", "--predictions")
    told_by = ("--calibration", "m=calibration.json", "--coverage", "0.8")
    run(*evaluate, "m=folds.tsv", *told_by, "--output", "evaluation.tsv", "--reliability", "reliability.tsv")
    evaluation = pd.read_csv("evaluation.tsv", sep="\t").set_index(["aspect", "knowledge", "metric"])
    for aspect in ("BPO", "MFO", "CCO"):
        assert evaluation.loc[(aspect, "CV", "ece"), "value"] < 0.1
        assert 0 < evaluation.loc[(aspect, "CV", "brier"), "value"] < 0.25
        assert evaluation.loc[(aspect, "CV", "set_coverage"), "value"] == pytest.approx(0.8, abs=0.06)
        assert 1 < evaluation.loc[(aspect, "CV", "set_size"), "value"] < 6
    tenths = pd.read_csv("reliability.tsv", sep="\t")
    assert tenths.columns.tolist() == ["model", "aspect", "knowledge", "low", "high", "n_pairs", "expected", "held"]
    assert tenths["expected"].between(tenths["low"], tenths["high"]).all()
    draw = ("predict-sets", "--dataset", "dataset", "--model", "models/m", "--calibration", "calibration.json")
    run(*draw, "--coverage", "0.8", "--output", "s.tsv.gz")
    sets = pd.read_csv("s.tsv.gz", sep="\t")
    assert sets.columns.tolist() == ["gene", "aspect", "term", "name", "probability", "symbol", "description"]
    rows, columns = np.nonzero(~dataset.labelled)
    unknown = {(dataset.genes[row], dataset.aspects[column]) for row, column in zip(rows, columns)}
    found = set(zip(sets["gene"], sets["aspect"]))
    assert found <= unknown
    assert len(found) > 0.9 * len(unknown)
    run(*draw, "--coverage", "0.6", "--output", "t.tsv.gz")
    assert len(pd.read_csv("t.tsv.gz", sep="\t")) < len(sets)
    with pytest.raises(Failure, match=r"coverage: found 0\.995, expected a whole percentage from 0\.5 to 0\.99"):
        run(*draw, "--coverage", "0.995", "--output", "u")
    run(*evaluate, "m=bare.tsv", "--output", "bare_evaluation.tsv")
    assert not pd.read_csv("bare_evaluation.tsv", sep="\t")["metric"].isin(["ece", "brier"]).any()
    with pytest.raises(Failure, match="of which cross-validate calibrates models"):
        run("calibrate", *fit, "--output", "calibration2.json")


def test_calibrate_tells_how_probable_predictions_are_where_there_are_no_folds(run, tmp_path):
    dataset, truth = make_dataset(n_genes=600)
    dataset.save("dataset")
    Path("go.obo").write_text(obo_of_the_small_ontology())
    rows, columns = truth.nonzero()
    later = pd.DataFrame({"gene": dataset.genes[rows], "term": np.array(dataset.ontology.terms)[columns]})
    write_table("truth.tsv.gz", later)
    fit = ("--dataset", "dataset", "--model", "network_neighbours")
    run("calibrate", *fit, "--output", "calibration.json")
    run("train", *fit, "--output", "models/m")
    run(
        "predict",
        "--dataset",
        "dataset",
        "--model",
        "models/m",
        "--calibration",
        "calibration.json",
        "--output",
        "p.tsv",
    )
    assert told("p.tsv").between(0, 1).all()
    evaluate = ("evaluate", "--dataset", "dataset", "--ontology", "go.obo", "--truth", "truth.tsv.gz")
    run(*evaluate, "--predictions", "m=p.tsv", "--calibration", "m=calibration.json", "--output", "e.tsv")
    evaluation = pd.read_csv("e.tsv", sep="\t").set_index(["aspect", "knowledge", "metric"])
    for aspect in ("BPO", "MFO", "CCO"):
        assert evaluation.loc[(aspect, "held-out", "ece"), "value"] < 0.1
        assert evaluation.loc[(aspect, "first", "ece"), "value"] < 0.1
    Path("calibration.json").write_text("{}")
    with pytest.raises(Failure, match=r"calibration.json: found no calibration of this version of genessl"):
        run(
            "predict",
            "--dataset",
            "dataset",
            "--model",
            "models/m",
            "--calibration",
            "calibration.json",
            "--output",
            "q",
        )
    with pytest.raises(Failure, match=r"calibration.json: found no calibration of this version of genessl"):
        run(*evaluate, "--predictions", "m=p.tsv", "--calibration", "m=calibration.json", "--output", "e2.tsv")
    assert not Path("q").exists() and not Path("e2.tsv").exists()


def test_explain_names_the_evidence_of_a_gene_or_of_the_predictions_that_the_report_lists(run, tmp_path):
    dataset, _ = make_dataset()
    leaf = int(np.setdiff1d(np.arange(dataset.n_terms), dataset.ontology.parents.indices)[0])
    rows, columns = dataset.positive.nonzero()
    rare = (columns != leaf) | (np.cumsum(columns == leaf) <= 3)  # the report lists terms that few genes have
    positive = csr_array((np.ones(rare.sum(), dtype=bool), (rows[rare], columns[rare])), shape=dataset.positive.shape)
    dataset = replace(dataset, positive=positive)
    dataset.save("dataset")
    fit = ("--dataset", "dataset", "--model")
    run("train", *fit, "network_neighbours", "--output", "m")
    run("predict", *fit, "m", "--output", "p.tsv.gz")
    run("explain", *fit, "m", "--predictions", "p.tsv.gz", "--rows", "4", "--output", "explanations.tsv.gz")
    told = pd.read_csv("explanations.tsv.gz", sep="\t", keep_default_na=False)
    predictions = read_predictions(Path("p.tsv.gz"))
    listed = strongest_new_predictions(predictions, dataset)
    assert list(dict.fromkeys(zip(told["gene"], told["term"]))) == list(zip(listed["gene"], listed["term"]))
    scores = dict(zip(zip(listed["gene"], listed["term"]), listed["score"]))
    for pair, reasons in told.groupby(["gene", "term"]):
        assert expit(reasons["contribution"].sum()) == pytest.approx(scores[pair], abs=2e-3)
    gene, term = next(iter(scores))
    text = run("explain", *fit, "m", "--gene", gene, "--term", term)
    assert text.startswith(f"{gene}  {term} ")
    assert "neighbour" in text
    several = run("explain", *fit, "m", "--gene", gene, "--terms", "2")
    assert several.count(": score ") == 2
    for wrong, message in (
        (("--gene", "nobody"), "found no gene of the name 'nobody'"),
        (("--gene", gene, "--term", "GO:9"), "found 'GO:9', expected one of the dataset's"),
        ((), "expected either a gene or --predictions"),
        (("--gene", gene, "--predictions", "p.tsv.gz"), "expected either a gene or --predictions"),
    ):
        with pytest.raises(Failure, match=message):
            run("explain", *fit, "m", *wrong)
