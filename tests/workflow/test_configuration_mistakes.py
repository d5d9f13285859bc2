"""What the user sees of a mistake in the configuration: one sentence, before any job."""

import pytest

MINE = ("--configfile", "my.yaml")


def only_sentence(result):
    """Return the one line that a run has printed besides Snakemake's remark on the profile."""
    lines = [line for line in (result.stdout + result.stderr).splitlines() if not line.startswith("Using workflow")]
    assert len(lines) == 1, lines
    assert result.returncode == 1
    return lines[0].removeprefix("genessl: error: ")


@pytest.mark.parametrize(
    "changes, start",
    [
        ({"anotations": "t0.gaf"}, "configuration: there is no key 'anotations', did you mean 'annotations'?"),
        (
            {"models": {"label_propagation": {"restrat": 0.1}}},
            "models: label_propagation has no parameter 'restrat', did you mean 'restart'?",
        ),
        ({"ontology": "gone.obo"}, "ontology: found no 'gone.obo' in the working directory;"),
        ({"mirror": "gone"}, "mirror: found no folder 'gone';"),
        (
            {"sequences": "seq{1}.fasta"},
            "sequences: found braces in the path 'seq{1}.fasta', which Snakemake takes for a",
        ),
        ({"evidence": ["QQQ"]}, "evidence: there is no code 'QQQ'; expected some of EXP, HDA,"),
        ({"taxon": "E. coli"}, "taxon: found 'E. coli', expected a number,"),
        ({"later_annotations": None}, "later_annotations: found null, expected a later GAF for the temporal scheme;"),
    ],
    ids=["key", "parameter", "file", "mirror", "braces", "evidence", "taxon", "scheme"],
)
def test_a_mistake_ends_in_one_sentence_before_any_job(workplace, changes, start):
    (workplace.folder / "seq{1}.fasta").touch()
    workplace.configure(**changes)
    assert only_sentence(workplace.snakemake(*MINE)).startswith(start)
    assert not workplace.calls.exists()


def test_a_key_that_stands_twice_is_refused_because_yaml_would_drop_the_first(workplace):
    path = workplace.folder / "my.yaml"
    path.write_text(path.read_text() + "networks:\n  more: {file: pairs.txt}\n")
    line = path.read_text().count("\n") - 1
    sentence = only_sentence(workplace.snakemake(*MINE, "--dry-run"))
    assert sentence.startswith(f"{path}:{line}: found the key 'networks' a second time, expected each key once;")


def test_a_mistake_on_the_command_line_ends_in_one_sentence(workplace):
    sentence = only_sentence(workplace.snakemake(*MINE, "--config", "miror=x"))
    assert sentence.startswith("configuration: there is no key 'miror', did you mean 'mirror'?")


PROTEINS, NUCLEOTIDES = ">a\nMKLVWQ\n", "".join(f">g{k}\n{'ACGTTGCAAC' * 30}\n" for k in range(12))
LINKS = "protein1 protein2 experiments combined_score\n9.a 9.b 700 900\n"


@pytest.mark.parametrize(
    "name, text, changes, start",
    [
        ("genes.fasta", NUCLEOTIDES, {}, "sequences: genes.fasta"),
        ("genes.fasta", "format-version: 1.2\n", {}, "sequences: genes.fasta:1: "),
        ("go.obo", PROTEINS, {}, "ontology: go.obo:1: "),
        ("t0.gaf", PROTEINS, {}, "annotations: t0.gaf:1: "),
        ("t1.gaf", "version https://git-lfs.github.com/spec/v1\n", {}, "later_annotations: t1.gaf:1: found a Git LFS"),
        ("ids.txt", PROTEINS, {"identifiers": ["ids.txt"]}, "identifiers: ids.txt:1: "),
        ("domains.tsv", PROTEINS, {"domains": "domains.tsv"}, "domains: domains.tsv:1: "),
        ("vectors.h5", PROTEINS, {"embeddings": "vectors.h5"}, "embeddings: vectors.h5: "),
        ("pairs.txt", PROTEINS, {}, "networks.pairs: pairs.txt:1: "),
        (
            "pairs.txt",
            LINKS,
            {"networks": {"pairs": {"file": "pairs.txt", "format": "string", "channels": ["experimental"]}}},
            "networks.pairs: pairs.txt: found 'experimental' in `channels`",
        ),
    ],
)
def test_what_a_file_is_not_is_said_before_any_job(workplace, name, text, changes, start):
    (workplace.folder / name).write_text(text)
    workplace.configure(**changes)
    assert only_sentence(workplace.snakemake(*MINE, "--dry-run")).startswith(start)
    assert not workplace.calls.exists()
