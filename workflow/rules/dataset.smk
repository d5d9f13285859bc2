# Everything known about the genes, joined once. The later terms go into a file of their own that only evaluate reads.
TRUTH = {"truth": "results/{organism}/truth.tsv.gz"} if SCHEME == "temporal" else {}


rule build_dataset:
    input:
        source_files(),
    output:
        **TRUTH,
        dataset=directory("results/{organism}/dataset"),
    log:
        "logs/{organism}/build_dataset.log",
    benchmark:
        "logs/{organism}/build_dataset.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 8
    resources:
        attempt=this_attempt,
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=120,
    params:
        settings=dataset_settings,
        truth=lambda wildcards, output: f"--truth {output.truth}" if TRUTH else "",
    shell:
        run_genessl(
            "build-dataset --settings {params.settings:q} --output {output.dataset} {params.truth}"
        )
