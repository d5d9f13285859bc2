"""The reference evaluator, cafaeval with no_orphans=True, norm='cafa', prop='max', as oracle."""

import gzip

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from genessl.data.annotations import EXPERIMENTAL, read_gaf
from genessl.data.ontology import read_obo
from genessl.evaluation.comparison import compare, labels_from_table, scores_from_table
from genessl.evaluation.metrics import THRESHOLDS, average, tabulate

cafa_eval = pytest.importorskip("cafaeval.evaluation", reason="cafaeval is not installed").cafa_eval

NAMESPACES = {"BPO": "biological_process", "CCO": "cellular_component"}
CURVES = {
    "pr": "precision",
    "rc": "recall",
    "mi": "misinformation",
    "ru": "uncertainty",
    "cov": "coverage",
    "f": "f",
    "f_micro": "f_micro",
    "s": "s",
}


def random_obo(random, n_terms):
    """Terms in two namespaces, each with one to three is_a or part_of parents, some in the other namespace."""
    stanzas = ["format-version: 1.2\n"]
    for term in range(n_terms):
        lines = [f"id: GO:{term:07d}", f"name: term {term}", f"namespace: {list(NAMESPACES.values())[term % 2]}"]
        same = [parent for parent in range(term) if parent % 2 == term % 2]
        for parent in random.permutation(same)[: random.integers(1, 4)].tolist():
            lines.append(
                f"is_a: GO:{parent:07d}" if random.random() < 0.6 else f"relationship: part_of GO:{parent:07d}"
            )
        if term > 2 and random.random() < 0.2:
            lines.append(f"relationship: part_of GO:{term - 1:07d}")
        stanzas.append("[Term]\n" + "\n".join(lines) + "\n")
    return "\n".join(stanzas)


def random_case(folder, seed):
    """Write a random ontology, truth, two predictions and term weights, and read them by both programs' formats."""
    random = np.random.default_rng(seed)
    n_terms, genes = 30, [f"g{number}" for number in range(12)]
    (folder / "go.obo").write_text(random_obo(random, n_terms))
    ontology = read_obo(folder / "go.obo")
    leaves = [term for term, root in zip(ontology.terms, ontology.roots) if not root]
    truth = pd.DataFrame(
        [(gene, term) for gene in genes for term in random.choice(leaves, random.integers(1, 5), replace=False)],
        columns=["gene", "term"],
    )
    accretion = np.where(random.random(n_terms) < 0.3, 0.0, random.random(n_terms) * 8)
    accretion[ontology.roots] = 0.0
    write_tables(folder, truth, dict(zip(ontology.terms, accretion)))
    tables = {}
    for model, n_predicted in (("dense", 12), ("sparse", 2)):
        rows = [
            (gene, term, random.choice([round(random.random(), 2), round(random.random(), 4), 1.0, 0.01]))
            for gene in [*genes[: 12 if model == "dense" else 7], "unknown"]
            for term in random.choice(ontology.terms, n_predicted, replace=False)
        ]
        tables[model] = pd.DataFrame(rows, columns=["gene", "term", "score"])
        write_prediction(folder, model, tables[model])
    return ontology, genes, truth, tables, accretion


def write_tables(folder, truth, accretion):
    truth.to_csv(folder / "truth.tsv", sep="\t", index=False, header=False)
    lines = [f"{term}\t{float(bits)!r}\n" for term, bits in accretion.items()]
    (folder / "ia.tsv").write_text("".join(lines))
    (folder / "predictions").mkdir()


def write_prediction(folder, model, table):
    table.to_csv(folder / "predictions" / model, sep="\t", index=False, header=False)


def oracle(folder):
    """Run cafaeval: its curves by model, namespace and threshold, and its best rows by metric."""
    curve, best = cafa_eval(
        str(folder / "go.obo"),
        str(folder / "predictions"),
        str(folder / "truth.tsv"),
        ia=str(folder / "ia.tsv"),
        no_orphans=True,
        norm="cafa",
        prop="max",
        th_step=0.01,
    )
    return curve.sort_index(), best


def best_numbers(curve, best, model, namespace):
    """What cafaeval reports for a model: its best values, and the curve to look up thresholds in."""
    rows = curve.loc[(model, namespace)]
    return {
        "fmax": best["f"].loc[(model, namespace), "f"].item(),
        "wfmax": best["f_w"].loc[(model, namespace), "f_w"].item(),
        "fmicro": best["f_micro"].loc[(model, namespace), "f_micro"].item(),
        "wfmicro": best["f_micro_w"].loc[(model, namespace), "f_micro_w"].item(),
        "smin_counts": best["s"].loc[(model, namespace), "s"].item(),
        "smin": rows["s_w"].min(),
        "coverage": rows["cov"].max(),
    }


@pytest.mark.parametrize("seed", range(25))
def test_every_number_of_a_random_case_equals_cafaeval(tmp_path, seed):
    ontology, genes, truth, tables, accretion = random_case(tmp_path, seed)
    expected = labels_from_table(truth, genes, ontology)
    nothing = csr_array(expected.shape, dtype=bool)
    result = compare(
        {model: [table] for model, table in tables.items()},
        nothing,
        expected,
        ontology,
        accretion,
        genes,
        scheme="temporal",
        n_bootstrap=0,
    ).set_index(["model", "aspect", "knowledge", "metric"])["value"]
    curve, best = oracle(tmp_path)
    assert set(curve.index.droplevel("tau")) >= {("dense", namespace) for namespace in NAMESPACES.values()}
    for model in tables:
        for aspect, namespace in NAMESPACES.items():
            if (model, namespace) not in {key[:2] for key in curve.index}:
                assert result[model, aspect, "NK", "coverage"] == 0
                continue
            for metric, number in best_numbers(curve, best, model, namespace).items():
                assert result[model, aspect, "NK", metric] == pytest.approx(number, abs=1e-9), metric
            for threshold, column in (("fmax_threshold", "f"), ("wfmax_threshold", "f_w"), ("smin_threshold", "s_w")):
                there = curve.loc[(model, namespace, result[model, aspect, "NK", threshold]), column]
                assert there == pytest.approx(
                    result[model, aspect, "NK", threshold.removesuffix("_threshold")], abs=1e-9
                )


@pytest.mark.parametrize("seed", range(100, 106))
def test_every_point_of_the_curves_equals_cafaeval(tmp_path, seed):
    ontology, genes, truth, tables, accretion = random_case(tmp_path, seed)
    curve, _ = oracle(tmp_path)
    expected, scores = (
        labels_from_table(truth, genes, ontology),
        scores_from_table(tables["dense"], genes, ontology),
    )
    for aspect, namespace in NAMESPACES.items():
        columns = np.flatnonzero((ontology.aspects == aspect) & ~ontology.roots)
        rows = np.flatnonzero(expected[:, columns].sum(axis=1))
        parts = (csr_array(matrix[rows][:, columns]) for matrix in (expected, scores))
        reference = curve.loc[("dense", namespace)]
        covered = np.isin(THRESHOLDS, reference.index)
        for table, suffix in zip(tabulate(*parts, accretion[columns]), ("", "_w")):
            ours = average(table)
            for name, field in CURVES.items():
                assert getattr(ours, field)[0][covered] == pytest.approx(reference[name + suffix], abs=1e-9), name


# Published with the example: micro F, its threshold, and the macro precision there; roots count.
PUBLISHED = {
    1: (0.505608, 0.04, 0.466566),
    2: (0.527256, 0.84, 0.504499),
    3: (0.623902, 0.89, 0.638889),
    4: (0.770138, 0.06, 0.777778),
    5: (0.637540, 0.38, 0.596671),
}


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_scores_of_the_example_are_reproduced(data_file, number):
    ontology = read_obo(data_file("IDPO_disorder_function.obo.gz"))
    truth = pd.read_csv(data_file("ground_truth.tsv.gz"), sep="\t", header=None, names=["gene", "term"])
    names = ["gene", "term", "score"]
    table = pd.read_csv(data_file(f"pred_{number}.tsv.gz"), sep="\t", header=None, names=names)
    inside = truth[[ontology.resolve(term) is not None for term in truth["term"]]]
    genes = sorted(set(inside["gene"]))
    terms, _ = tabulate(
        labels_from_table(truth, genes, ontology),
        scores_from_table(table, genes, ontology),
        np.ones(len(ontology.terms)),
    )
    curve = average(terms)
    best = int(curve.f[0].argmax())
    micro, threshold, precision = PUBLISHED[number]
    assert THRESHOLDS[best] == pytest.approx(threshold)
    assert curve.f_micro[0, best] == pytest.approx(micro, abs=1e-6)
    assert curve.f_micro[0].max() == pytest.approx(micro, abs=1e-6)
    assert curve.precision[0, best] == pytest.approx(precision, abs=1e-6)


def yeast_truth(path, ontology):
    """Experimental terms of each object of the file, as a table of gene and term."""
    rows = read_gaf(path)
    rows = rows[rows["evidence"].isin(EXPERIMENTAL) & ~rows["negated"]].astype({"gene": str, "term": str})
    return rows.loc[[ontology.resolve(term) is not None for term in rows["term"]], ["gene", "term"]].drop_duplicates()


@pytest.mark.slow
def test_real_yeast_components_equal_cafaeval(data_file, tmp_path):
    ontology = read_obo(data_file("go_2015-07-11.obo.gz"))
    part = ontology.subset(np.flatnonzero(ontology.aspects == "CCO"))
    truth = yeast_truth(data_file("gene_association.sgd_2016-08-13.gaf.gz"), part)
    genes = sorted(set(truth["gene"]))
    labels = labels_from_table(truth, genes, part)
    accretion = part.information_accretion(labels)
    with gzip.open(data_file("go_2015-07-11.obo.gz"), "rt", encoding="utf-8") as text:
        stanzas = text.read().split("\n\n")
    components = [stanza for stanza in stanzas if "namespace: cellular_component" in stanza]
    (tmp_path / "go.obo").write_text("\n\n".join(["format-version: 1.2", *components]) + "\n")
    tested = [gene for number, gene in enumerate(genes) if number % 10 == 0]
    keep = truth["gene"].isin(tested) & ~truth["term"].map(lambda term: part.roots[part.index[part.resolve(term)]])
    write_tables(tmp_path, truth[keep], dict(zip(part.terms, accretion)))
    tested = sorted(set(truth[keep]["gene"]))
    rows = np.searchsorted(genes, tested)
    random = np.random.default_rng(0)
    frequency = np.asarray(labels.mean(axis=0)).ravel()
    neighbour = labels[rows[random.permutation(len(rows))]].toarray() * 0.7
    guesses = {
        "term_frequency": np.tile(frequency, (len(rows), 1)),
        "another_gene": neighbour,
        "noisy_truth": np.clip(
            0.4 * labels[rows].toarray() + 0.5 * random.random((len(rows), len(part.terms))) ** 20, 0, 1
        ),
    }
    tables = {}
    for model, scores in guesses.items():
        where, column = np.nonzero(np.round(scores, 4) >= 0.01)
        values = np.round(scores[where, column], 4)
        tables[model] = pd.DataFrame(
            {"gene": np.array(tested)[where], "term": np.array(part.terms)[column], "score": values}
        )
        write_prediction(tmp_path, model, tables[model])
    expected = labels_from_table(truth[keep], tested, part)
    result = compare(
        {model: [table] for model, table in tables.items()},
        expected,
        expected,
        part,
        accretion,
        tested,
        scheme="cross_validation",
        n_bootstrap=0,
    ).set_index(["model", "aspect", "knowledge", "metric"])["value"]
    curve, best = oracle(tmp_path)
    for model in tables:
        for metric, number in best_numbers(curve, best, model, "cellular_component").items():
            assert result[model, "CCO", "CV", metric] == pytest.approx(number, abs=1e-6), (model, metric)
