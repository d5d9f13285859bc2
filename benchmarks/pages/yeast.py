"""The content of docs/benchmarks: a page for each protocol, and the tables in the pages that people write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

import pandas as pd

from benchmarks.pages.tables import ASPECTS, PROVENANCE, distinct, markdown, read_table, signed
from benchmarks.scores import KNOWLEDGE, score_table

BASELINES = (
    *("term_frequency", "homology", "domain_neighbours", "network_neighbours", "label_propagation"),
    "electronic_annotation",
)
VIEWS = ("sequence_network", "graph_network")
# As a row of an ablation (version 0.1.0), and of same_inputs.tsv.
WITHOUT = ("combined, without electronic annotations", "combined, electronic annotations unread")
_CATEGORIES = {
    "first": "genes with their first annotation in the aspect (NK and LK together)",
    "first-isolated": "those of `first` without an edge in any network",
    "first-orphan": "those of `first` without a homolog",
    "NK": "genes of which no experiment had told anything",
    "LK": "genes that experiments had annotated in another aspect only",
    "PK": "genes that were annotated in the aspect and gained further terms",
    "CV": "all annotated genes, each predicted without the labels of its fold",
    "CV-isolated": "those of `CV` without an edge in any network",
    "CV-orphan": "those of `CV` without a homolog",
}
_RUNS = {"Without embeddings:": "", "With embeddings:": "_embeddings"}
_SAME_INPUTS = {
    "The networks alone": (
        *("graph_network", "kernel_regression, networks only", "network_neighbours", "label_propagation"),
        *("term_frequency", "graph_network, permuted labels"),
    ),
    "The sequences alone": (
        *("sequence_network", "kernel_regression, sequences only", "homology", "domain_neighbours"),
        *("term_frequency", "sequence_network, permuted labels"),
    ),
    "No electronic annotations": ("combined, electronic annotations unread", "co_training", "kernel_regression"),
}
_FIELDS = ("labels", "tested", "networks", "configuration")
_HEAD = """\
# {title}

`python -m benchmarks.pages` writes this page from [tables](tables/README.md); [the index](README.md) says what the
numbers mean.

| labels (t0) | tested on | networks | configuration |
|---|---|---|---|
| {labels} | {tested} | {networks} | [`{configuration}`](../../{configuration}) |

{run}

Every score is F-max weighted by information accretion, with its 95 % interval (bootstrap over genes). `commit` names
the commit that wrote the number into this documentation.
"""


def protocol_pages(folder: Path) -> dict[Path, str]:
    """Write the page of each protocol."""
    pages = {}
    for protocol in _recorded(folder).itertuples():
        name = protocol.protocol
        about = {field: getattr(protocol, field) for field in _FIELDS}
        run = fill(protocol.run, width=120, break_on_hyphens=False)
        parts = [_HEAD.format(title=name.replace("_", "-"), run=run, **about)]
        runs = {kind: folder / "tables" / f"{name}{suffix}.tsv" for kind, suffix in _RUNS.items()}
        runs = {kind: path for kind, path in runs.items() if path.is_file()}
        tables = {kind: _scores(folder, path.stem) for kind, path in runs.items()}
        scores = next(iter(tables.values()))
        for knowledge in (known for known in KNOWLEDGE if known in set(scores["knowledge"])):
            parts.append(f"## {knowledge}: {_CATEGORIES[knowledge]}\n")
            for kind, table in tables.items():
                caption = f"{kind}\n\n" if len(tables) > 1 else ""
                parts.append(f"{caption}{score_table(table[table['knowledge'] == knowledge])}\n")
        parts += _same_inputs(folder, tables, runs)
        if (folder / "tables" / f"{name}_recipes.tsv").is_file():
            parts.append(_recipes(folder, name, scores))
        parts += _without_binding(tables, runs)
        for kind, table in tables.items():
            of_run = f", {kind[0].lower()}{kind[1:-1]}" if len(tables) > 1 else ""
            times = read_table(runs[kind].with_name(f"{runs[kind].stem}_times.tsv"))
            parts.append(f"## How each row was made{of_run}\n\n{_provenance(table)}\n")
            parts.append(f"## Time and memory{of_run}\n\n{_times(times)}\n")
        pages[folder / f"{name}.md"] = "\n".join(parts)
    return pages


def _same_inputs(folder: Path, tables: dict[str, pd.DataFrame], runs: dict[str, Path]) -> list[str]:
    """Return the section that shows each neural view beside the others that read what it reads, and its control."""
    parts = []
    for kind, table in tables.items():
        path = runs[kind].with_name(f"{runs[kind].stem}_same_inputs.tsv")
        if path.is_file():
            both = pd.concat([table, _scores(folder, path.stem)])
            for knowledge in ("first", "PK", "CV"):
                rows = both[both["knowledge"] == knowledge]
                for reads, models in _SAME_INPUTS.items():
                    chosen = rows[rows["model"].isin(models)]
                    if len(chosen):
                        head = f"**{reads}, {knowledge}, {kind[0].lower()}{kind[1:-1]}**"
                        parts.append(f"{head}\n\n{score_table(chosen)}\n")
    return ["## Each neural view beside what reads the same\n", *parts] if parts else []


def _recorded(folder: Path) -> pd.DataFrame:
    """Return the protocols of which a run is recorded."""
    protocols = read_table(folder / "protocols.tsv")
    known = [(folder / "tables" / f"{name}.tsv").is_file() for name in protocols["protocol"]]
    return protocols[known]


def _scores(folder: Path, protocol: str, kind: str = "") -> pd.DataFrame:
    table = read_table(folder / "tables" / f"{protocol}{kind}.tsv")
    return table[table["metric"].str.startswith("wfmax")]


def _recipes(folder: Path, protocol: str, scores: pd.DataFrame) -> str:
    recipes = _scores(folder, protocol, "_recipes")
    beside = scores[scores["model"].isin(["combined", "term_frequency", "permuted_labels"])]
    link = "[benchmarks/accuracy](../../benchmarks/accuracy/README.md)"
    parts = [f"## Recipes of other groups\n\n{link} says what each recipe is.\n"]
    for knowledge in dict.fromkeys(recipes["knowledge"]):
        rows = pd.concat([recipes[recipes["knowledge"] == knowledge], beside[beside["knowledge"] == knowledge]])
        parts.append(f"**{knowledge}**\n\n{score_table(rows)}\n")
    parts.append(f"![Weighted F-max of all models with intervals](figures/accuracy_{protocol}.svg)\n")
    return "\n".join([*parts, _provenance(recipes), ""])


def _without_binding(tables: dict[str, pd.DataFrame], runs: dict[str, Path]) -> list[str]:
    parts = []
    for kind in tables:
        path = runs[kind].with_name(f"{runs[kind].stem}_without_protein_binding.tsv")
        for knowledge, rows in read_table(path).groupby("knowledge", sort=False) if path.is_file() else ():
            of_run = f", {kind[0].lower()}{kind[1:-1]}" if len(tables) > 1 else ""
            parts.append(f"**{knowledge}{of_run}**\n\n{score_table(rows)}\n")
    return ["## Molecular function without protein binding\n", *parts] if parts else []


def _provenance(table: pd.DataFrame) -> str:
    rows = [
        (str(model), *(distinct(group[column]) for column in PROVENANCE))
        for model, group in table.groupby("model", sort=False)
    ]
    return markdown(("model", *PROVENANCE), rows)


def _times(table: pd.DataFrame) -> str:
    rows = [
        (
            row.rule,
            row.subject,
            str(row.jobs),
            row.time.removesuffix(" s"),
            f"{row.peak_gib:.2f}",
            row.commit,
            row.machine,
        )
        for row in table.itertuples()
    ]
    head = ("rule", "model or file", "jobs", "seconds", "peak GiB", "commit", "machine")
    return markdown(head, rows, ("jobs", "seconds", "peak GiB"))


def results(folder: Path) -> str:
    """Return the default beside the best of the other models, by aspect."""
    rows = [row for case in _cases(folder) for row in case]
    return markdown(("genes", "model", *ASPECTS, "commit"), rows, ASPECTS)


def in_short(folder: Path) -> str:
    """Return the table of the index: the default's scores, and in brackets their ratios to the best baseline."""
    rows = []
    for case in _cases(folder):
        (place, _, *scores, commit), ratios = case[0], case[-1][2:-1]
        rows.append((place, *(f"{score} ({ratio.strip('*')})" for score, ratio in zip(scores, ratios)), commit))
    return markdown(("genes", *ASPECTS, "commit"), rows, ASPECTS)


def _cases(folder: Path) -> Iterator[list[tuple[str, ...]]]:
    """Yield the rows of each protocol and kind of genes."""
    names = [f"{name}{suffix}" for name in _recorded(folder)["protocol"] for suffix in _RUNS.values()]
    tables = {name: _scores(folder, name) for name in names if (folder / "tables" / f"{name}.tsv").is_file()}
    for name, knowledge in ((name, known) for name in tables for known in ("first", "PK", "CV")):
        scores = tables[name][tables[name]["knowledge"] == knowledge]
        if scores.empty:
            continue
        protocol = name.removesuffix("_embeddings")
        embedded = ", with embeddings" if name != protocol else ""
        place = f"[{protocol}]({protocol}.md), {knowledge}{embedded}"
        yield _compared(scores, "combined", BASELINES, place)
        if (folder / "tables" / f"{name}_same_inputs.tsv").is_file():
            beside = _scores(folder, name, "_same_inputs")
            scores = pd.concat([scores, beside[(beside["knowledge"] == knowledge) & beside["model"].isin(WITHOUT)]])
        unread = tuple(baseline for baseline in BASELINES if baseline != "electronic_annotation")
        for without in [name for name in WITHOUT if name in set(scores["model"])][-1:]:
            yield _compared(scores, without, unread, f"{place}, electronic annotations unread", alone=True)


def _compared(
    scores: pd.DataFrame, default: str, baselines: tuple[str, ...], place: str, *, alone: bool = False
) -> list[tuple[str, ...]]:
    wide = scores.pivot(index="model", columns="aspect", values="value")
    commits = scores.groupby("model")["commit"].agg(distinct)
    best = wide.loc[[name for name in baselines if name in wide.index]]
    rivals = wide.drop(index=[default, *WITHOUT, *best.index, "permuted_labels"], errors="ignore")
    shown = [(default, [f"{wide.loc[default, a]:.3f}" for a in ASPECTS], commits[default])]
    for kind, others in (("best single baseline", best), ("best other model", rivals))[: 1 if alone else 2]:
        names = [others[aspect].idxmax() for aspect in ASPECTS]
        cells = [f"{wide.loc[name, aspect]:.3f} {name}" for name, aspect in zip(names, ASPECTS)]
        shown.append((kind, cells, distinct(commits[name] for name in names)))
    ratios = [f"**{wide.loc[default, a] / best[a].max():.2f}**" for a in ASPECTS]
    shown.append(("ratio to the best single baseline", ratios, ""))
    return [("" if line else place, model, *cells, commit) for line, (model, cells, commit) in enumerate(shown)]


def ablation(folder: Path, protocol: str) -> str:
    """Return the table of the differences between `combined` without a member or group and with all members."""
    table = _scores(folder, protocol, "_ablation")
    table["case"] = table["knowledge"] + " " + table["aspect"]
    cases = list(dict.fromkeys(table["case"]))
    full = table[table["model"] == "combined"].set_index("case")["value"]
    rows = []
    for model, group in table.groupby("model", sort=False):
        change = group["value"] - group["case"].map(full).where(group["metric"] == "wfmax", 0.0)
        cells = dict(zip(group["case"], change.map(signed)))
        whole = [f"{full[case]:.3f}" for case in cases]
        shown = whole if model == "combined" else [cells[case] for case in cases]
        rows.append((str(model), *shown, *(distinct(group[name]) for name in PROVENANCE)))
    return markdown(("", *cases, *PROVENANCE), rows, cases)


def few_labels(folder: Path) -> str:
    """Return the table of co-training, its two views and their join at every share of the labels."""
    table = with_counterparts(read_table(folder / "tables" / "few_labels.tsv"))
    carried = folder / "tables" / "few_labels_gains.tsv"
    gains = read_table(carried) if carried.is_file() else gains_of(table)
    rows = []
    for fraction in sorted(set(gains["fraction"])):
        for strategy in (*VIEWS, "views_averaged", "co_training"):
            rows.append(_strategy_row(table, strategy, fraction))
        for over, group in gains[gains["fraction"] == fraction].groupby("over", sort=False):
            cells = [f"{value:.0f} %" for value in group.set_index("aspect")["percent"].reindex(ASPECTS)]
            rows.append(("", f"gain over {over}", *cells, distinct(group["commit"]), ""))
    return markdown(("share", "model", *ASPECTS, "commit", "seeds"), rows)


def with_counterparts(table: pd.DataFrame) -> pd.DataFrame:
    """Add a row for each counterpart that has none of its own, as in differences.tsv of benchmarks.semi_supervised."""
    keys = ["strategy", "fraction", "aspect"]
    if "counterpart_wfmax" not in table:
        return table
    own = table.drop(columns=["strategy", "wfmax", "difference", "low", "high"])
    beside = own.rename(columns={"counterpart": "strategy", "counterpart_wfmax": "wfmax"}).assign(counterpart="")
    beside = beside[beside["strategy"] != ""]
    return pd.concat([table, beside], ignore_index=True).drop_duplicates(keys, ignore_index=True)


def gains_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return what co-training gains, in percent, over its two views joined and over the better of the two."""
    wide = table.pivot(index=["fraction", "aspect"], columns="strategy", values="wfmax")
    commits = table[table["strategy"] == "co_training"].set_index(["fraction", "aspect"])["commit"]
    over = {"the two views joined": wide["views_averaged"], "the better view alone": wide[list(VIEWS)].max(axis=1)}
    parts = [
        pd.DataFrame({"over": name, "percent": 100 * (wide["co_training"] / other - 1), "commit": commits}).dropna()
        for name, other in over.items()
    ]
    return pd.concat(parts).reset_index()


def _strategy_row(table: pd.DataFrame, strategy: str, fraction: float) -> tuple[str, ...]:
    group = table[(table["strategy"] == strategy) & (table["fraction"] == fraction)]
    return (
        f"{fraction:.0%}".replace("%", " %"),
        f"`{strategy}`",
        *_cells(group),
        distinct(group["commit"]),
        distinct(group["seed"]),
    )


def _cells(group: pd.DataFrame) -> list[str]:
    by_aspect = group.set_index("aspect")
    return [
        f"{row.wfmax:.3f}" + ("" if pd.isna(row.difference) else f", {signed(row.difference, row.low, row.high)}")
        for row in (by_aspect.loc[aspect] for aspect in ASPECTS)
    ]


def strategies(folder: Path, fraction: float = 0.05) -> str:
    """Return the table of every strategy with its counterpart at one share of the labels, and then of other models."""
    table = with_counterparts(read_table(folder / "tables" / "few_labels.tsv"))
    table = table[table["fraction"] == fraction]
    rows = [
        (strategy, counterpart or "(by itself)", *_cells(group), *(distinct(group[name]) for name in PROVENANCE))
        for (strategy, counterpart), group in table.groupby(["strategy", "counterpart"], sort=False)
    ]
    rows.sort(key=lambda row: row[1] == "(by itself)")
    return markdown(("strategy", "counterpart", *ASPECTS, *PROVENANCE), rows)


def tried(folder: Path, question: str) -> str:
    """Return the table of the settings tried for one question; the chosen setting is bold."""
    table = read_table(folder / "tables" / "tried.tsv")
    rows = []
    for _, row in table[table["question"] == question].iterrows():
        mark = "**" if row["chosen"] == "yes" else ""
        values = (f"{mark}{row[aspect]:.3f}{mark}" for aspect in ASPECTS)
        rows.append((row["on"], f"{mark}{row['tried']}{mark}", *values, row["commit"], row["seed"]))
    return markdown(("tested on", "tried", *ASPECTS, "commit", "seed"), rows, ASPECTS)


def rare_terms_tried(folder: Path) -> str:
    """Return the table of the samples for rare terms that were tried on the development fold."""
    table = read_table(folder / "tables" / "rare_terms_tried.tsv")
    samples = list(dict.fromkeys(table["samples"]))
    rows = []
    for setting, group in table.groupby("setting", sort=False):
        cells = group.set_index("samples")["value"].map("{:.4f}".format).reindex(samples).fillna("")
        rows.append((str(setting), *cells, distinct(group["commit"]), distinct(group["seed"])))
    return markdown(("setting", *samples, "commit", "seed"), rows, samples)


def blocks(folder: Path) -> dict[str, str]:
    """Return the tables for the pages that people write, by name."""
    return {
        "results": results(folder),
        "in_short": in_short(folder),
        **{f"ablation_{name}": ablation(folder, name) for name in ("yeast_2016", "yeast_2011", "yeast_2020_cv")},
        "few_labels": few_labels(folder),
        "strategies": strategies(folder),
        **{f"tried_{name}": tried(folder, name) for name in ("combined", "co_training", "kernels", "joining")},
        "rare_terms_tried": rare_terms_tried(folder),
    }
