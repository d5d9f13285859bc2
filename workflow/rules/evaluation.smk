# How good the predictions are, beside shuffled labels as a control, and the report.
TESTED = "out_of_fold" if SCHEME == "cross_validation" else "predictions"
CONTROLS = (
    []
    if SCHEME == "none"
    else expand("results/{{organism}}/control/permuted_labels-{k}.tsv.gz", k=SHUFFLES)
)
# The report tells which labels co-training taught.
AUDITED = (
    {"co_training": "results/{organism}/models/co_training"}
    if "co_training" in MODELS
    else {}
)

# It lists suspicious genes where that is asked for, or some were mixed into the pool.
SCREENED = (
    {"screening": "results/{organism}/screening.tsv"}
    if CONFIGURATION["screening"] or CONFIGURATION["contamination"] is not None
    else {}
)

# It says why the main model made the new predictions that it lists.
EXPLAINED = (
    {"explanations": "results/{organism}/explanations.tsv.gz"}
    if CONFIGURATION["explanations"]
    else {}
)

# The main model's sets of terms, where its probabilities are known.
SETS = [f"results/{ORGANISM}/sets.tsv.gz"] if MAIN_MODEL in CALIBRATED else []


rule control:
    input:
        "results/{organism}/dataset",
    output:
        "results/{organism}/control/permuted_labels-{shuffle}.tsv.gz",
    log:
        "logs/{organism}/control/permuted_labels-{shuffle}.log",
    benchmark:
        "logs/{organism}/control/permuted_labels-{shuffle}.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=60,
    params:
        seed=SEED,
    shell:
        run_genessl(
            "control --dataset {input} --shuffle {wildcards.shuffle} --seed {params.seed} --output {output}"
        )


rule evaluate:
    input:
        **({"truth": "results/{organism}/truth.tsv.gz"} if TRUTH else {}),
        dataset="results/{organism}/dataset",
        ontology=CONFIGURATION["ontology"],
        models=expand(
            "results/{{organism}}/{tested}/{model}.tsv.gz", tested=TESTED, model=MODELS
        ),
        controls=CONTROLS,
        calibrations=(
            expand(CALIBRATION, model=CALIBRATED, allow_missing=True)
            if SCHEME != "none"
            else []
        ),
    output:
        evaluation="results/{organism}/evaluation.tsv",
        reliability="results/{organism}/reliability.tsv",
    log:
        "logs/{organism}/evaluate.log",
    benchmark:
        "logs/{organism}/evaluate.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=120,
    params:
        seed=SEED,
        truth=lambda wildcards, input: f"--truth {input.truth}" if TRUTH else "",
        models=lambda wildcards, input: named_tables(MODELS, input.models),
        controls=lambda wildcards, input: named_tables(
            ["permuted_labels"] * len(CONTROLS), input.controls
        ),
        calibrations=lambda wildcards, input: (
            named_files("--calibration", CALIBRATED, input.calibrations)
            if SCHEME != "none"
            else ""
        ),
        coverage=CONFIGURATION["coverage"],
    shell:
        run_genessl(
            "evaluate --dataset {input.dataset} --ontology {input.ontology:q} {params.truth} --seed {params.seed} "
            "{params.models} {params.controls} {params.calibrations} --coverage {params.coverage} "
            "--output {output.evaluation} --reliability {output.reliability}"
        )


rule screen_genes:
    input:
        "results/{organism}/dataset",
    output:
        "results/{organism}/screening.tsv",
    log:
        "logs/{organism}/screen_genes.log",
    benchmark:
        "logs/{organism}/screen_genes.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=120,
    params:
        seed=SEED,
    shell:
        run_genessl(
            "screen-genes --dataset {input} --seed {params.seed} --output {output}"
        )


rule report:
    input:
        **AUDITED,
        **SCREENED,
        **EXPLAINED,
        dataset="results/{organism}/dataset",
        evaluation="results/{organism}/evaluation.tsv",
        models=expand("results/{{organism}}/predictions/{model}.tsv.gz", model=MODELS),
    output:
        "results/{organism}/report.html",
    log:
        "logs/{organism}/report.log",
    benchmark:
        "logs/{organism}/report.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=60,
    params:
        settings=report_settings,
        models=lambda wildcards, input: named_tables(MODELS, input.models),
        audited=lambda wildcards, input: (
            f"--co-training {input.co_training}" if AUDITED else ""
        ),
        screened=lambda wildcards, input: (
            f"--screening {input.screening}" if SCREENED else ""
        ),
        explained=lambda wildcards, input: (
            f"--explanations {input.explanations}" if EXPLAINED else ""
        ),
    shell:
        run_genessl(
            "report --dataset {input.dataset} --evaluation {input.evaluation} --settings {params.settings:q} "
            "{params.models} {params.audited} {params.screened} {params.explained} --output {output}"
        )
