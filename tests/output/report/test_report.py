"""The report says what the numbers say, no more, and loads nothing from elsewhere."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.gene_names import GeneNames
from genessl.data.ontology import ontology_from_edges
from genessl.output.report.audit import CoTrainingAudit
from genessl.output.report.charts import Estimate
from genessl.output.report.discoveries import strongest_new_predictions
from genessl.output.report.findings import control_sentence, finding, sections
from genessl.output.report.report import (
    ReportData,
    coverage_rows,
    dataset_facts,
    render_report,
    write_report,
)
from genessl.output.report.screening import summarise_screening
from genessl.semi_supervised.pseudo_labels.lessons import Lesson, count_lessons
from tests.conftest import make_dataset

EVALUATION = pd.DataFrame(
    [
        ("co_training", "BPO", "first", "wfmax", 0.4712, 0.41, 0.53, 77),
        ("co_training", "BPO", "first", "smin", 12.346, 11.0, 13.5, 77),
        ("co_training", "BPO", "first", "wfmax_threshold", 0.31, 0.2, 0.4, 77),
        ("homology", "BPO", "first", "wfmax", 0.2434, 0.2, 0.29, 77),
        ("term_frequency", "BPO", "first", "wfmax", 0.2301, 0.19, 0.27, 77),
        ("permuted_labels", "BPO", "first", "wfmax", 0.2203, 0.18, 0.26, 77),
        ("co_training", "CCO", "PK", "wfmax", 0.3099, 0.1, 0.6, 12),
        ("term_frequency", "CCO", "PK", "wfmax", 0.4001, 0.2, 0.5, 12),
        ("permuted_labels", "CCO", "PK", "wfmax", 0.3904, np.nan, np.nan, 12),
    ],
    columns=["model", "aspect", "knowledge", "metric", "value", "low", "high", "n_genes"],
)
COVERAGE = pd.DataFrame(
    [
        ("network krogan", "edges", "held", 1000),
        ("network krogan", "edges", "joined", 950),
        ("network krogan", "edges", "unknown gene", 50),
        ("network krogan", "edges", "self-loop", 0),
        ("annotations", "annotation rows", "held", 4),
        ("annotations", "annotation rows", "joined", 1),
        ("annotations", "annotation rows", "<b>odd</b> reason", 3),
    ],
    columns=["source", "unit", "outcome", "count"],
)
ONTOLOGY = ontology_from_edges(
    {
        "GO:1": ("common process", "biological_process"),
        "GO:2": ("rare process <script>alert(1)</script>", "biological_process"),
        "GO:3": ("rarer process", "biological_process"),
        "GO:4": ("function", "molecular_function"),
    },
    [("GO:2", "GO:1"), ("GO:3", "GO:2")],
)


def dataset() -> GeneDataset:
    """Ten genes: g0 to g5 have GO:1, g0 and g1 also GO:2, g0 also GO:3; g9 has GO:3 electronically."""
    positive = np.zeros((10, 4), dtype=bool)
    positive[:6, 0] = positive[:2, 1] = positive[0, 2] = True
    electronic = np.zeros((10, 4), dtype=bool)
    electronic[9, :3] = True
    network = np.zeros((10, 10), dtype=np.float32)
    network[0, 1] = network[1, 0] = network[1, 2] = network[2, 1] = 0.5
    return GeneDataset(
        genes=np.array([f"g{number}" for number in range(10)]),
        sequence_features=np.zeros((10, 2), dtype=np.float32),
        feature_names=("a", "b"),
        homology=csr_array((10, 10), dtype=np.float32),
        networks={"krogan": csr_array(network)},
        ontology=ONTOLOGY,
        positive=csr_array(positive),
        negative=csr_array((10, 4), dtype=bool),
        electronic=csr_array(electronic),
        split=np.zeros(10, dtype=np.uint8),
        scheme="temporal",
        taxon="559292",
        annotation_date=20160813,
    )


PREDICTIONS = pd.DataFrame(
    [
        ("g1", "GO:3", 0.99),  # g1 is annotated already
        ("g6", "GO:1", 0.95),  # 6 of 6 annotated genes have it: common
        ("g6", "GO:2", 0.80),
        ("g6", "GO:3", 0.80),  # as strong as GO:2 and rarer: 1 gene instead of 2
        ("g7", "GO:2", 0.90),
        ("g9", "GO:3", 0.97),  # known electronically
        ("g7", "GO:4", 0.60),
        ("stranger", "GO:2", 0.99),
    ],
    columns=["gene", "term", "score"],
).assign(probability=np.nan)


def report_data() -> ReportData:
    return ReportData(
        organism="yeast <2016>",
        dataset=dataset_facts(dataset()),
        coverage=COVERAGE,
        evaluation=EVALUATION,
        models={"homology": {}, "co_training": {"rounds": 2}},
        main_model="co_training",
        discoveries=strongest_new_predictions(PREDICTIONS, dataset()),
        files=[("evaluation.tsv", "all numbers")],
        versions={"genessl": "0.1.0"},
    )


class Page(HTMLParser):
    """Collect the tags, what they would load, and the text of the table cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.rows: list[list[str]] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.loads += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.inside = False
            self.rows[-1][-1] = " ".join(self.rows[-1][-1].split())

    def handle_data(self, text):
        if self.inside:
            self.rows[-1][-1] += text


def test_the_most_probable_are_listed_first_where_probabilities_are_known():
    told = PREDICTIONS.assign(probability=[0.9, 0.8, 0.6, 0.5, 0.4, 0.9, np.nan, 0.9])
    found = strongest_new_predictions(told, dataset())
    assert found[["gene", "term"]].to_numpy().tolist()[:2] == [["g6", "GO:2"], ["g7", "GO:2"]]
    assert found["probability"].tolist()[:2] == [0.6, 0.4]
    html = render_report(replace(report_data(), discoveries=found))
    cells = [row for row in Page(html).rows if row[:1] == ["BPO"] and len(row) == 6]
    assert [row[4:] for row in cells] == [["0.60", "0.8000"], ["0.40", "0.9000"]]
    assert strongest_new_predictions(PREDICTIONS, dataset())["gene"].tolist()[:2] == ["g7", "g6"]


def test_the_evidence_of_each_listed_prediction_can_be_unfolded():
    reason = {
        "symbol": "",
        "name": "",
        "kind": "neighbour",
        "source": "string",
        "what": "g<1>",
        "label": "sym",
        "weight": 0.5,
    }
    told = pd.DataFrame([{"gene": "g7", "term": "GO:2", **reason, "contribution": 1.25}])
    html = render_report(replace(report_data(), explanations=told))
    page = Page(html)
    assert ["+1.25", "neighbour", "string", "g<1> (sym)"] in [row[:4] for row in page.rows]
    assert html.count('<details class="why">') == 1
    assert '<details class="why">' not in render_report(report_data())


def test_symbols_descriptions_and_links_stand_beside_each_gene_and_are_text():
    named = replace(
        dataset(),
        names=GeneNames(
            tuple(f"sy<m>{k}" for k in range(10)), ("P00561",) * 10, ("<script>alert(2)</script> kinase",) * 10
        ),
    )
    html = render_report(replace(report_data(), discoveries=strongest_new_predictions(PREDICTIONS, named)))
    bare, page = Page(render_report(report_data())), Page(html)
    cells = [row[1] for row in page.rows if row[:1] == ["BPO"] and len(row) == 5 and row[4] in ("0.8000", "0.9000")]
    assert cells == [f"sy<m>{k} g{k} UniProt QuickGO STRING<script>alert(2)</script> kinase" for k in (7, 6)]
    assert "<script>alert(2)" not in html
    links = [address for address in page.loads if not address.startswith("#")]
    assert set(links[:3]) == {
        "https://www.uniprot.org/uniprotkb/P00561",
        "https://www.ebi.ac.uk/QuickGO/annotations?geneProductId=P00561",
        "https://string-db.org/cgi/network?identifiers=P00561&species=559292",
    }
    assert page.tags.count("script") == bare.tags.count("script")
    assert not {"img", "iframe", "link"} & set(page.tags)


def test_the_page_loads_nothing_from_elsewhere():
    html = render_report(report_data())
    page = Page(html)
    assert all(address.startswith("#") for address in page.loads)
    assert not re.search(r"https?:|//[a-z]|url\(|@import", html)
    assert "default-src 'none'" in html
    assert not {"link", "img", "iframe", "object"} & set(page.tags)


def test_names_are_escaped():
    html = render_report(report_data())
    assert Page(html).tags.count("script") == 1  # the page's own
    assert "rare process &lt;script&gt;" in html
    assert "yeast &lt;2016&gt;" in html
    assert "<b>odd" not in html


def test_the_numbers_of_the_table_equal_those_of_the_evaluation():
    rows = Page(render_report(report_data())).rows
    assert ["BPO", "co_training", "77", "0.471 [0.410, 0.530]", "12.35 [11.00, 13.50]"] in rows
    assert ["BPO", "homology", "77", "0.243 [0.200, 0.290]", "-"] in rows
    assert ["CCO", "permuted_labels control", "12", "0.390"] in rows
    html = render_report(report_data())
    main = EVALUATION[EVALUATION["metric"] == "wfmax"]
    for value in main["value"]:
        assert html.count(f"{value:.3f}") >= 2  # in the chart and in the table


def test_controls_are_marked_and_come_last():
    for section in sections(EVALUATION):
        assert [mark.model for mark in section.panels[0].chart.marks][-2:] == ["term_frequency", "permuted_labels"]
    html = render_report(report_data())
    assert html.count('<g class="control">') == 4
    assert 'permuted_labels <span class="tag">control</span>' in html


def test_the_same_data_give_the_same_bytes(tmp_path):
    for name in ("a.html", "b.html"):
        write_report(tmp_path / name, render_report(report_data()))
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_the_order_of_the_evaluation_does_not_matter():
    data = report_data()
    assert render_report(replace(data, evaluation=EVALUATION[::-1])) == render_report(data)


def test_a_simulated_organism_is_said_to_be_simulated_and_a_real_one_is_not():
    assert "This organism is simulated:" in render_report(replace(report_data(), simulated=True))
    assert "simulated" not in render_report(report_data())


def test_without_evaluation_the_page_says_that_nothing_is_known_about_quality():
    facts = {**report_data().dataset, "scheme": "none"}
    html = render_report(replace(report_data(), evaluation=EVALUATION[:0], dataset=facts))
    assert "No model was evaluated in this run" in html
    assert "<svg" not in html


def test_cross_validation_warns_of_electronic_annotations():
    facts = {**report_data().dataset, "scheme": "cross_validation", "n_folds": 5}
    html = render_report(replace(report_data(), dataset=facts, evaluation=EVALUATION.assign(knowledge="CV")[:6]))
    assert "Cross-validation (CV)" in html
    assert "Electronic annotations partly derive" in html
    assert "Electronic annotations partly derive" not in render_report(report_data())


def test_genes_without_an_edge_or_a_homolog_have_tables_of_their_own():
    groups = [
        ("homology", "BPO", "first-orphan", "wfmax", 0.1357, 0.1, 0.2, 21),
        ("co_training", "BPO", "first-isolated", "wfmax", 0.2468, 0.2, 0.3, 22),
    ]
    evaluation = pd.concat([EVALUATION, pd.DataFrame(groups, columns=EVALUATION.columns)])
    found = {section.knowledge: section for section in sections(evaluation)}
    assert list(found) == ["first", "first-isolated", "first-orphan", "PK"]
    assert [row.n_genes for row in found["first-isolated"].rows] == [22]
    html = render_report(replace(report_data(), evaluation=evaluation))
    assert ["BPO", "homology", "21", "0.136 [0.100, 0.200]"] in Page(html).rows
    headings = re.findall("<h3>(.*?)</h3>", html)[:4]
    assert headings[1:3] == ["first: genes without an edge", "first: genes without a homolog"]
    bare = render_report(report_data())
    assert "first: genes without" not in bare


def test_few_genes_are_warned_of():
    warnings = {s.knowledge: [panel.warning for panel in s.panels] for s in sections(EVALUATION)}
    assert warnings == {"first": [""], "PK": ["Only 12 genes: too few to compare models."]}
    middle = sections(EVALUATION.assign(n_genes=49))[0].panels[0].warning
    assert middle == "Only 49 genes: small differences between models are chance."


def test_the_chart_is_drawn_to_scale():
    (first, _) = sections(EVALUATION)
    chart = first.panels[0].chart
    position = dict((label, x) for x, label in chart.ticks)
    assert list(position) == ["0.0", "0.2", "0.4", "0.6"]  # 0.53, the largest end of an interval, fits below 0.6
    pixels = (position["0.6"] - position["0.0"]) / 0.6
    mark = chart.marks[0]
    assert mark.model == "co_training"
    assert mark.x == pytest.approx(position["0.0"] + 0.4712 * pixels, abs=0.1)
    assert mark.high - mark.low == pytest.approx((0.53 - 0.41) * pixels, abs=0.2)


def test_a_best_model_is_only_called_so_when_its_interval_stands_alone():
    best = Estimate(0.5, 0.45, 0.55, 80)
    frequency = Estimate(0.2, 0.15, 0.25, 80)
    far, near = Estimate(0.3, 0.25, 0.44, 80), Estimate(0.4, 0.35, 0.46, 80)
    assert finding({"a": best, "b": far, "term_frequency": frequency}) == (
        "a scores highest, and its interval lies above all others."
    )
    assert finding({"a": best, "b": near, "c": near, "d": far, "term_frequency": frequency}) == (
        "a scores highest; its interval overlaps that of b and c, so their order is open."
    )
    assert finding({"a": far, "term_frequency": frequency}).endswith("not clearly better than the term frequency.")
    assert finding({"term_frequency": frequency}) == "No model was evaluated here."


def test_a_control_that_is_not_clearly_worse_takes_the_place_of_all_others():
    best, far = Estimate(0.5, 0.45, 0.55, 80), Estimate(0.3, 0.25, 0.44, 80)
    high, higher = Estimate(0.48, 0.44, 0.52, 80), Estimate(0.6, 0.5, 0.7, 80)
    assert finding({"a": best, "b": far, "term_frequency": high}) == (
        "a scores highest, and its interval lies above those of the other models; it is not clearly better than the"
        " term frequency."
    )
    assert finding({"a": best, "b": far, "term_frequency": higher, "permuted_labels": high}) == (
        "No model scores higher than the term frequency; the highest is a, and its interval lies above those of the"
        " other models."
    )
    assert finding({"a": best, "term_frequency": far, "permuted_labels": high}) == (
        "a scores highest; it is not clearly better than shuffled labels."
    )
    nothing = Estimate(0.0, 0.0, 0.0, 80)
    assert finding({"a": nothing, "b": nothing, "term_frequency": far}) == "No model scores above 0 here."


def test_a_finding_never_claims_more_than_the_numbers_say():
    random = np.random.default_rng(0)
    for _ in range(2000):
        names = ["a", "b", "c", "term_frequency", "permuted_labels"]
        values = random.choice([0.0, 0.1, 0.2, 0.3, 0.4], len(names))
        widths = random.choice([0.0, 0.05, 0.2], (2, len(names)))
        shown = dict(zip(names, (Estimate(v, v - lo, v + hi, 80) for v, lo, hi in zip(values, *widths))))
        sentence = finding(shown)
        best = next((name for name in "abc" if re.search(rf"(^| is ){name}( scores|[,;.])", sentence)), None)
        if best is None:
            assert sentence == "No model scores above 0 here."
            assert max(values[:3]) == 0
            continue
        others = {name: estimate for name, estimate in shown.items() if name != best}
        below = {name for name, estimate in others.items() if estimate.high < shown[best].low}
        assert shown[best].value == max(values[:3])
        assert ("above all others" in sentence) == (len(below) == 4)
        assert ("those of the other models" in sentence) == ({"b", "c", "a"} - {best} <= below != set(others))
        assert ("scores highest" in sentence) == all(
            shown[best].value > shown[name].value or name in below for name in names[3:]
        )


def test_models_without_a_prediction_are_named_and_a_silent_control_tests_nothing():
    rows = [(model, "BPO", "first", "coverage", value, 0.0, 1.0, 77) for model, value in (
        ("co_training", 0.9), ("homology", 0.0), ("term_frequency", 1.0), ("permuted_labels", 0.0)
    )]  # fmt: skip
    silent = pd.concat([EVALUATION, pd.DataFrame(rows, columns=EVALUATION.columns)])
    (first, partial) = sections(silent)
    assert first.silence == (
        "Nothing is predicted for these genes by homology and permuted_labels: coverage and F-max are 0, all terms are"
        " missing."
    )
    assert first.control == (
        "Control: no network reaches these genes, so shuffled labels predict nothing here and test nothing."
    )
    assert partial.silence == ""
    assert first.silence in render_report(replace(report_data(), evaluation=silent))


def test_a_leak_is_reported_and_noise_is_not():
    frequency = Estimate(0.2, 0.15, 0.25, 80)
    for permuted, words in [
        (Estimate(0.18, 0.14, 0.22, 80), "no better than the term frequency, as they should be"),
        (Estimate(0.22, 0.18, 0.26, 80), "above the term frequency in BPO, but the intervals overlap"),
        (Estimate(0.4, 0.3, 0.5, 80), "Something leaks"),
    ]:
        assert words in control_sentence({"BPO": {"term_frequency": frequency, "permuted_labels": permuted}})
    assert control_sentence({"BPO": {"term_frequency": frequency}}) == ""


def test_coverage_lists_losses_by_reason_and_leaves_out_zeros():
    network, annotations = coverage_rows(COVERAGE)
    assert (network["held"], network["joined"], network["share"]) == (1000, 950, "95.0 %")
    assert network["first"] and annotations["first"]
    assert network["losses"] == [("names a gene that is not among the sequences", 50)]
    assert annotations["losses"] == [("<b>odd</b> reason", 3)]


def test_an_edge_listed_twice_is_no_loss_in_the_share_and_only_all_is_a_hundred_percent():
    counts = [("held", 4001), ("joined", 1999), ("unknown gene", 1), ("duplicate", 2001)]
    table = pd.DataFrame([("string", "edges", *count) for count in counts], columns=COVERAGE.columns)
    (row,) = coverage_rows(table)
    assert row["share"] == "99.9 %"  # 1999 of 4001 - 2001 = 2000, which is 99.95 %
    assert row["losses"] == [("repeats another edge", 2001), ("names a gene that is not among the sequences", 1)]


def test_facts_count_labelled_genes_and_edges():
    facts = dataset_facts(dataset())
    assert (facts["n_genes"], facts["n_terms"], facts["n_unlabelled"]) == (10, 4, 4)
    assert [(row["aspect"], row["n_labelled"]) for row in facts["aspects"]] == [("BPO", 6), ("MFO", 0)]
    assert facts["networks"] == [{"name": "krogan", "n_edges": 2, "n_genes": 3}]


def test_new_predictions_are_specific_new_and_one_per_gene():
    chosen = strongest_new_predictions(PREDICTIONS, dataset())
    assert list(chosen[["aspect", "gene", "term", "score"]].itertuples(index=False, name=None)) == [
        ("BPO", "g7", "GO:2", 0.90),
        ("BPO", "g6", "GO:3", 0.80),
        ("MFO", "g7", "GO:4", 0.60),
    ]
    assert len(strongest_new_predictions(PREDICTIONS, dataset(), per_aspect=1)) == 2
    assert strongest_new_predictions(PREDICTIONS[:0], dataset()).empty


def test_one_term_does_not_fill_the_list_of_new_predictions():
    rows = pd.DataFrame([(f"g{n}", "GO:2", n / 10) for n in (6, 7, 8, 9)], columns=["gene", "term", "score"])
    rows["probability"] = np.nan
    unknown = replace(dataset(), electronic=csr_array((10, 4), dtype=bool))
    assert strongest_new_predictions(rows, unknown)["gene"].tolist() == ["g9", "g8", "g7"]


def test_predictions_below_the_best_threshold_are_called_weak():
    html = render_report(report_data())
    assert 'class="weak"' not in html  # 0.90 and 0.80 in BPO, where 0.31 was best; no threshold in MFO
    assert "Rows in grey" not in html
    strict = EVALUATION.assign(value=EVALUATION["value"].where(EVALUATION["metric"] != "wfmax_threshold", 0.85))
    html = render_report(replace(report_data(), evaluation=strict))
    assert html.count('class="weak"') == 1
    assert "Rows in grey score less: they are weak." in html


def test_the_audit_counts_what_each_view_taught():
    present = csr_array(np.array([[0.9, 0.8], [0, 0], [0, 0]], dtype=np.float32))
    absent = csr_array(np.array([[0, 0], [0, 0.1], [0, 0]], dtype=np.float32))
    taught = count_lessons([Lesson(1, "network", present, absent)])
    audit = CoTrainingAudit(1, "worse", taught, [0.4, 0.42])
    html = render_report(replace(report_data(), audit=audit))
    assert ["1", "network view", "2", "2", "1"] in Page(html).rows
    assert "1 round of teaching. It stopped because a further round made the prediction of the" in html
    assert "0.400 before teaching, 0.420 after round 1" in html
    unkept = render_report(replace(report_data(), audit=replace(audit, rounds=0)))
    assert "No round of teaching was kept. It stopped because a further round made" in unkept
    assert "No label was taught" in render_report(replace(report_data(), audit=replace(audit, taught=taught[:0])))


def test_suspicious_genes_are_listed_without_the_synthetic_ones_that_were_mixed_in():
    dataset, _ = make_dataset(n_genes=40)
    genes = dataset.genes.astype("U12")
    labelled = np.diff(dataset.positive.indptr) > 0
    unlabelled = np.flatnonzero(~labelled)
    genes[unlabelled[:4]] = [f"synthetic_{number}" for number in range(4)]
    dataset = replace(dataset, genes=genes, templates=np.where(np.isin(genes, genes[unlabelled[:4]]), "g", ""))
    probability = np.where(dataset.synthetic, [0.9, 0.2] * 20, 0.1)
    probability[[unlabelled[5], np.flatnonzero(labelled)[0]]] = 0.8, 0.7
    table = pd.DataFrame({"gene": dataset.genes, "probability": probability, "reasons": "unusual <ends> (+1.5)"})
    table = table.sort_values("probability", ascending=False)
    found = summarise_screening(table, dataset)
    n_found = int((probability[dataset.synthetic] >= 0.5).sum())
    assert found.found == {
        "labelled": (int(labelled.sum()), 1), "unlabelled": (len(unlabelled) - 4, 1), "synthetic": (4, n_found)
    }  # fmt: skip
    html = render_report(replace(report_data(), screening=found))
    suspect = dataset.genes[unlabelled[5]]
    assert [suspect, "0.800", "none", "unusual <ends> (+1.5)"] in Page(html).rows
    assert "synthetic_0" not in html
    assert "Of 4 synthetic genes that were mixed into the pool" in html
    assert '<a href="#screening">' in html
    assert "may not be real" not in render_report(report_data())


def test_thresholds_and_parameters_of_the_run_are_shown():
    html = render_report(report_data())
    assert "at least 0.31 (BPO)" in html
    assert "<code>rounds = 2</code>" in html
    assert "up to 2016-08-13" in html
