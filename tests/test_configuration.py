"""Defaults and sentences of the configuration; the shipped ones and the page that documents them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from genessl.configuration import (
    USUAL_GENES,
    USUAL_TERMS,
    check_models,
    expected,
    expected_size,
    resolve_files,
    validate_configuration,
)
from genessl.data.formats.networks import NETWORK_FORMATS
from genessl.data.formats.networks.weights import SIGNS
from genessl.errors import InputError
from genessl.mirrors import Location
from genessl.predictors import PREDICTORS
from tests.conftest import make_dataset

ROOT = Path(__file__).parents[1]
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
SMALLEST = {"organism": "mine", "sequences": "genes.fasta", "ontology": "go.obo", "annotations": "t0.gaf"}
# Beside most semi-supervised strategies, and what needs embeddings.
OPTIONAL = ("label_spreading", "function_diffusion", "correct_and_smooth", "embedding_neighbours")
RUN_BY_DEFAULT = [
    name
    for name, (module, _) in PREDICTORS.items()
    if name in ("co_training", "combined") or (".models." in module and name not in OPTIONAL)
]
SHIPPED = sorted((ROOT / "config").glob("*.yaml"))


def sentence(**changes: Any) -> str:
    """Return what is said about the smallest configuration with these changes."""
    with pytest.raises(InputError) as caught:
        validate_configuration(SMALLEST | changes, SCHEMA)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_absent_keys_take_their_defaults():
    config = validate_configuration(SMALLEST, SCHEMA)
    assert config["evidence"] == "experimental"
    assert config["networks"] == {}
    assert config["identifiers"] == []
    assert (config["mirror"], config["taxon"], config["seed"]) == (None, None, 0)
    assert config["substituted_copies"] == 0
    assert config["evaluation"] == {
        "scheme": "cross_validation",
        "folds": 5,
        "sequence_identity": 0.3,
        "label_fraction": 1.0,
        "seed": 0,
    }
    assert set(config["models"]) == set(RUN_BY_DEFAULT)


def test_defaults_do_not_leak_from_one_configuration_into_another():
    validate_configuration(SMALLEST, SCHEMA)["models"]["homology"]["seed"] = 1
    assert validate_configuration(SMALLEST, SCHEMA)["models"]["homology"] == {}


def test_a_list_of_models_is_read_as_their_names_and_one_of_networks_only_with_their_keys():
    listed = yaml.safe_load("[homology, label_propagation: {restart: 0.1}, term_frequency: ]")
    edges = {"file": "a.txt", "format": "edges"}
    config = validate_configuration(SMALLEST | {"models": listed, "networks": [{"a": edges}, {"b": edges}]}, SCHEMA)
    assert config["models"] == {"homology": {}, "label_propagation": {"restart": 0.1}, "term_frequency": {}}
    assert list(config["networks"]) == ["a", "b"]
    assert config["networks"]["a"]["format"] == "edges"
    with pytest.raises(InputError, match=r"label_propagation has no parameter 'x'"):
        check_models(validate_configuration(SMALLEST | {"models": [{"label_propagation": {"x": 1}}]}, SCHEMA)["models"])


@pytest.mark.parametrize("taxon", [559292, "559292", None])
def test_a_taxon_is_a_number(taxon):
    assert validate_configuration(SMALLEST | {"taxon": taxon}, SCHEMA)["taxon"] == taxon


def test_the_size_of_a_dataset_is_read_once_it_is_built_and_estimated_before(tmp_path):
    config = {"sequences": str(tmp_path / "genes.fasta"), "contamination": None}
    assert expected_size(config, tmp_path) == (USUAL_GENES, USUAL_TERMS)
    (tmp_path / "genes.fasta").write_text(">a\nMK\n>b\nMK\n")
    assert expected_size(config, tmp_path) == (2, USUAL_TERMS)
    assert expected_size(config | {"contamination": {"ratio": 1.5}}, tmp_path) == (5, USUAL_TERMS)
    (tmp_path / "genes.fasta").write_bytes(b"\x1f\x8bdamaged")
    assert expected_size(config, tmp_path) == (USUAL_GENES, USUAL_TERMS)
    make_dataset(n_genes=60)[0].save(tmp_path / "dataset")
    assert expected_size(config, tmp_path) == (60, 18)
    (tmp_path / "dataset" / "dataset.json").write_text("{")
    assert expected_size(config, tmp_path) == (USUAL_GENES, USUAL_TERMS)


def test_the_given_configuration_is_left_alone():
    config = SMALLEST | {"networks": {"a": {"file": "a.txt", "format": "edges"}}}
    before = copy.deepcopy(config)
    validate_configuration(config, SCHEMA)
    assert config == before


def test_a_key_without_a_value_takes_its_default():
    config = validate_configuration(SMALLEST | {"networks": None, "models": {"homology": None}, "seed": None}, SCHEMA)
    assert (config["networks"], config["models"], config["seed"]) == ({}, {"homology": {}}, 0)


def test_an_open_scheme_is_temporal_where_there_are_later_annotations():
    config = validate_configuration(SMALLEST | {"later_annotations": "t1.gaf"}, SCHEMA)
    assert config["evaluation"]["scheme"] == "temporal"


@pytest.mark.parametrize(
    "changes, start",
    [
        (
            {"netwroks": {}},
            "configuration: there is no key 'netwroks', did you mean 'networks'?; expected one of organism",
        ),
        (
            {"evaluation": {"fold": 3}},
            "evaluation: there is no key 'fold', did you mean 'folds'?; expected one of scheme",
        ),
        (
            {"networks": {"a": {"file": "a.txt", "format": "edges", "chanels": ["x"]}}},
            "networks.a: there is no key 'chanels', did you mean 'channels'?",
        ),
        ({"sequences": None}, "sequences: found nothing, expected a file name, path or URL"),
        ({"networks": {"a": {"format": "edges"}}}, "networks.a: the key 'file' is missing; add it with a file name"),
        ({"networks": {"a": {"file": "a.txt", "format": "edge"}}}, "networks.a.format: found 'edge', expected one of"),
        ({"networks": {"a b": {"file": "a.txt", "format": "edges"}}}, "networks: found 'a b', expected a network name"),
        ({"networks": ["a.txt"]}, "networks: found ['a.txt'], expected keys with values"),
        ({"organism": 4932}, "organism: found 4932, expected text of letters, digits"),
        ({"organism": "../x"}, "organism: found '../x', expected text of letters, digits"),
        ({"seed": -1}, "seed: found -1, expected a whole number, at least 0"),
        ({"seed": 1.0}, "seed: found 1.0, expected a whole number, at least 0"),
        ({"seed": True}, "seed: found True, expected a whole number, at least 0"),
        ({"evaluation": {"folds": 1}}, "evaluation.folds: found 1, expected a whole number, at least 3, at most 255"),
        ({"evaluation": {"label_fraction": 0}}, "evaluation.label_fraction: found 0, expected a number, above 0"),
        ({"evaluation": {"label_fraction": float("nan")}}, "evaluation.label_fraction: found nan, expected a finite"),
        ({"evaluation": {"scheme": "temporl"}}, "evaluation.scheme: found 'temporl', expected one of temporal"),
        (
            {"evaluation": {"scheme": "temporal"}},
            "later_annotations: found null, expected a later GAF for the temporal",
        ),
        ({"references": {"sequences": "a"}}, "references: found {'sequences': 'a'}, expected a list of entries, each"),
        ({"references": [{"sequences": "a"}]}, "references[0]: the key 'annotations' is missing; add it with a file"),
        (
            {"references": [{"sequences": "a", "annotations": "b", "domain": "c"}]},
            "references[0]: there is no key 'domain', did you mean 'domains'?",
        ),
        ({"domains": ["a.tsv"]}, "domains: found ['a.tsv'], expected a file name, path or URL, or null"),
        ({"substituted_copies": 9}, "substituted_copies: found 9, expected a whole number, at least 0, at most 8"),
        ({"substituted_copies": 0.5}, "substituted_copies: found 0.5, expected a whole number, at least 0, at most 8"),
        ({"identifiers": "a.txt"}, "identifiers: found 'a.txt', expected a list of file names, paths or URLs"),
        ({"identifiers": [1]}, "identifiers[0]: found 1, expected a file name, path or URL"),
        ({"embeddings": {"modle": "x"}}, "embeddings: there is no key 'modle', did you mean 'model'?"),
        (
            {"embeddings": {}},
            "embeddings: the key 'model' is missing; add it with a name on the Hugging Face Hub, or a",
        ),
        (
            {"embeddings": {"model": 2}},
            "embeddings.model: found 2, expected a name on the Hugging Face Hub, or a folder",
        ),
        ({"embeddings": 2}, "embeddings: found 2, expected a file name, path or URL, or null, or keys with values: a"),
        ({"embeddings": ["a.h5", 2]}, "embeddings[1]: found 2, expected a file name, path or URL"),
        ({"evidence": "curated"}, "evidence: found 'curated', expected experimental, or a list of evidence codes"),
        ({"evidence": ["IDA", "ida"]}, "evidence[1]: found 'ida', expected an evidence code in capitals"),
        (
            {"evidence": ["IDA", "IDAA"]},
            "evidence: there is no code 'IDAA', did you mean 'IDA'?; expected some of EXP, HDA",
        ),
        ({"evidence": ["QQQ"]}, "evidence: there is no code 'QQQ'; expected some of EXP, HDA"),
        ({"taxon": "E. coli"}, "taxon: found 'E. coli', expected a number, the taxon's identifier at NCBI, or null"),
        ({"taxon": "taxon:9606"}, "taxon: found 'taxon:9606', expected a number"),
        ({"taxon": True}, "taxon: found True, expected a number"),
        ({"taxon": 0}, "taxon: found 0, expected a number"),
        ({"models": ["homology", 3]}, "models: found ['homology', 3], expected keys with values"),
        ({"models": []}, "models: found [], expected keys with values"),
        ({"models": ["homology", {"homology": {}}]}, "models: found 'homology' twice, expected each name once"),
        (
            {"models": [{"homology": {}, "a": {}}]},
            "models: found [{'homology': {}, 'a': {}}], expected keys with values",
        ),
        ({"networks": [{"a": "a.txt"}]}, "networks: found [{'a': 'a.txt'}], expected keys with values"),
        (
            {"networks": [{"file": "a.txt", "format": "edges"}]},
            "networks: found [{'file': 'a.txt', 'format': 'edges'}],",
        ),
        ({"evidence": []}, "evidence: found [], expected experimental, or a list of evidence codes"),
        ({"contamination": {"ratio": 1}}, "contamination: the key 'sequences' is missing; add it with a file name"),
        (
            {"contamination": {"sequences": "made.fasta", "ratio": 0}},
            "contamination.ratio: found 0, expected a number, above 0, at most 10",
        ),
        (
            {"contamination": {"sequences": "made.fasta"}, "embeddings": "vectors.h5"},
            "contamination: found embeddings beside it",
        ),
        ({"models": {}}, "models: found no entry, expected keys with values: the name of at least one model"),
        ({"models": {"homology": 3}}, "models.homology: found 3, expected keys with values: the model's parameters"),
        ({"networks": {1: {}}}, "networks: found the key 1, expected text; put it in quotes"),
        (yaml.safe_load("taxon: 2020-03-03"), "taxon: found 2020-03-03, which YAML reads as a date; put it in quotes"),
    ],
    ids=lambda value: None if isinstance(value, str) else str(value)[:40],
)
def test_a_mistake_ends_in_one_sentence(changes, start):
    assert sentence(**changes).startswith(start)


def test_a_misspelt_required_key_is_called_misspelt_not_missing():
    config = {key: value for key, value in SMALLEST.items() if key != "sequences"}
    with pytest.raises(InputError, match=r"there is no key 'sequnces', did you mean 'sequences'\?"):
        validate_configuration(config | {"sequnces": "genes.fasta"}, SCHEMA)
    with pytest.raises(InputError, match="configuration: the key 'sequences' is missing; add it with a file name"):
        validate_configuration(config, SCHEMA)


def test_a_network_without_a_format_takes_any_option_and_the_file_decides():
    options = {"channels": ["x"], "columns": ["a", 2, "w"], "sign": "positive", "genes": "g.txt"}
    config = validate_configuration(SMALLEST | {"networks": {"a": {"file": "a.txt"} | options}}, SCHEMA)
    assert config["networks"]["a"] == {"file": "a.txt", "format": None, "min_score": 0} | options


def test_the_schema_names_every_format_of_networks():
    options = SCHEMA["properties"]["networks"]["additionalProperties"]["properties"]
    assert options["format"]["enum"] == [*(each.name for each in NETWORK_FORMATS), None]
    assert options["sign"]["enum"] == [*SIGNS, None]


@pytest.mark.parametrize(
    "change, start",
    [
        ({"columns": ["a"]}, "networks.a.columns: found ['a'], expected a list of two or three columns, or null"),
        ({"columns": [0, 1]}, "networks.a.columns[0]: found 0, expected the name of a column or its number from 1"),
        ({"columns": [1, 1]}, "networks.a.columns: found [1, 1], expected a list of two or three columns, or null"),
        ({"sign": "both"}, "networks.a.sign: found 'both', expected one of absolute, positive, null"),
    ],
)
def test_options_of_a_network_out_of_range_end_in_one_sentence(change, start):
    assert sentence(networks={"a": {"file": "a.txt"} | change}).startswith(start)


def test_an_option_of_another_format_is_refused():
    edges = {"file": "a.txt", "format": "edges"}
    assert "networks.a: the format edges has no 'channels'" in sentence(networks={"a": edges | {"channels": ["x"]}})
    assert "networks.a: the format edges has no 'genes'" in sentence(networks={"a": edges | {"genes": "g.txt"}})
    for option, value in (("columns", ["a", "b"]), ("sign", "absolute")):
        changed = edges | {"format": "string", option: value}
        found = sentence(networks={"a": changed})
        assert f"networks.a: the format string has no '{option}', which belongs to edges" in found
    indexed = edges | {"format": "indexed_edges"}
    assert sentence(networks={"a": indexed}).startswith("networks.a: the key 'genes' is missing; indexed_edges need")


def test_an_unknown_model_and_a_misspelt_parameter_are_refused():
    with pytest.raises(InputError, match=r"there is no model 'homolgy', did you mean 'homology'\?"):
        check_models({"homolgy": {}})
    with pytest.raises(InputError, match=r"label_propagation has no parameter 'restrat', did you mean 'restart'\?"):
        check_models({"label_propagation": {"restrat": 0.1}})


def test_a_number_that_yaml_reads_as_text_is_refused():
    models = yaml.safe_load("label_propagation: {tolerance: 1e-3}")
    with pytest.raises(
        InputError, match=r"models.label_propagation.tolerance: found the text '1e-3', expected a number"
    ):
        check_models(models)
    check_models(yaml.safe_load("label_propagation: {tolerance: 1.0e-3}"))


@pytest.mark.parametrize("name", ["seq{1}.fasta", "{lab}/genes.fasta"])
def test_a_path_that_snakemake_would_take_for_a_pattern_is_refused(name):
    with pytest.raises(
        InputError, match=r"^sequences: found braces in the path 'm/.*', which Snakemake takes for a wild"
    ):
        resolved(sequences=name)


def resolved(**changes: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Resolve a configuration whose file 'NAME' lies at m/NAME; an http one will be downloaded."""

    def find(key: str, name: str) -> Location:
        if name.startswith("http"):
            return Location(Path("resources") / name.rsplit("/", 1)[1], name)
        return Location(Path("m") / name)

    return resolve_files(validate_configuration(SMALLEST | changes, SCHEMA), find)


def test_every_file_name_becomes_a_path():
    network = {"file": "n.txt", "format": "indexed_edges", "genes": "g.txt"}
    files = {"later_annotations": "t1.gaf", "identifiers": ["a.txt"], "embeddings": "http://x/e.h5"}
    config, downloads = resolved(networks={"n": network}, **files)
    assert config["networks"]["n"]["file"] == "m/n.txt"
    assert config["networks"]["n"]["genes"] == "m/g.txt"
    assert (config["sequences"], config["later_annotations"]) == ("m/genes.fasta", "m/t1.gaf")
    assert config["identifiers"] == ["m/a.txt"]
    assert config["embeddings"] == "resources/e.h5"
    assert downloads == {"resources/e.h5": "http://x/e.h5"}
    json.dumps(config)


def test_several_files_of_annotations_become_paths():
    references = [{"sequences": "s.fasta", "annotations": ["r.gaf", "http://x/r.tsv"]}]
    config, downloads = resolved(annotations=["a.gaf", "b.tsv"], later_annotations=["c.gaf"], references=references)
    assert config["annotations"] == ["m/a.gaf", "m/b.tsv"]
    assert config["later_annotations"] == ["m/c.gaf"]
    assert config["references"][0]["annotations"] == ["m/r.gaf", "resources/r.tsv"]
    assert downloads == {"resources/r.tsv": "http://x/r.tsv"}
    with pytest.raises(InputError, match="annotations: found "):
        resolved(annotations=[])


def test_several_files_of_embeddings_become_paths():
    config, downloads = resolved(embeddings=["a.h5", "http://x/b.h5"])
    assert config["embeddings"] == ["m/a.h5", "resources/b.h5"]
    assert downloads == {"resources/b.h5": "http://x/b.h5"}


def test_a_language_model_is_no_file_to_look_up():
    config, downloads = resolved(embeddings={"model": "http://x/esm2"})
    assert (config["embeddings"], downloads) == ({"model": "http://x/esm2"}, {})


def test_references_take_their_defaults_and_paths():
    entry = {"sequences": "http://x/s.fasta", "annotations": "s.gaf"}
    config, downloads = resolved(references=[entry, {**entry, "identifiers": ["s.txt"], "domains": "s.tsv"}])
    first, second = config["references"]
    assert first == {
        "sequences": "resources/s.fasta", "annotations": "m/s.gaf", "identifiers": [], "domains": None
    }  # fmt: skip
    assert (second["identifiers"], second["domains"]) == (["m/s.txt"], "m/s.tsv")
    assert downloads == {"resources/s.fasta": "http://x/s.fasta"}
    assert resolved(domains="d.tsv")[0]["domains"] == "m/d.tsv"


@pytest.mark.parametrize(("given", "expected"), [("true", True), ("false", False), (True, True), (None, False)])
def test_screening_is_asked_for_in_yaml_or_on_the_command_line(given, expected):
    assert resolved(screening=given)[0]["screening"] is expected


def test_contamination_takes_its_defaults_and_its_path():
    config, _ = resolved(contamination={"sequences": "made.fasta"})
    assert config["contamination"] == {"sequences": "m/made.fasta", "ratio": 1.0, "seed": 0}
    assert resolved()[0]["contamination"] is None


def test_a_reference_that_is_nowhere_is_named_by_its_place():
    config = validate_configuration(
        SMALLEST | {"references": [{"sequences": "s.fasta", "annotations": "s.gaf", "identifiers": ["gone"]}]}, SCHEMA
    )

    def find(key: str, name: str) -> Location:
        if name == "gone":
            raise InputError(f"{key}: found no '{name}'")
        return Location(Path(name))

    with pytest.raises(InputError, match=r"references\[0\]\.identifiers\[0\]: found no 'gone'"):
        resolve_files(config, find)


def test_only_the_temporal_scheme_reads_later_annotations():
    config, _ = resolved(later_annotations="t1.gaf", evaluation={"scheme": "cross_validation"})
    assert config["later_annotations"] is None


def test_two_urls_are_not_downloaded_to_one_path():
    with pytest.raises(InputError, match=r"http://y/go\.obo and http://x/go\.obo would both be downloaded to"):
        resolved(ontology="http://x/go.obo", annotations="http://y/go.obo")
    resolved(ontology="http://x/go.obo", annotations="http://x/go.obo")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_configuration_is_valid_and_runs_every_model_but_the_optional_strategies(path):
    config = validate_configuration(yaml.safe_load(path.read_text(encoding="utf-8")), SCHEMA)
    check_models(config["models"])
    assert list(config["models"]) == RUN_BY_DEFAULT
    assert config["organism"] == ("example" if path.stem == "config" else path.stem)
    assert config["mirror"] is None


def documented(schema: dict[str, Any], prefix: str = "") -> list[str]:
    """Return a table row for each key of the schema, nested ones after their parent."""
    rows = []
    for key, about in schema["properties"].items():
        name = f"{prefix}{key}"
        required = key in schema.get("required", [])
        default = "required" if required else f"`{json.dumps(about['default'])}`"
        if name == "models":
            default = "all, each `{}`"
        rows.append(f"| `{name}` | {default} | {expected(about)} | {about['description']} |")
        if "properties" in about:
            rows += documented(about, f"{name}.")
        elif "properties" in (about.get("additionalProperties") or {}):
            rows += documented(about["additionalProperties"], f"{name}.NAME.")
        elif "properties" in about.get("items", {}):
            rows += documented(about["items"], f"{name}[].")
    return rows


def test_the_readme_documents_every_key_as_the_schema_does():
    page = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    table = page.split("| key | default | takes | meaning |\n|---|---|---|---|\n")[1].split("\n\n")[0]
    assert table.splitlines() == documented(SCHEMA)
