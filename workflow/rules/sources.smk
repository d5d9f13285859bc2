# Raw files: the simulated example, and what has to be downloaded.


rule simulate:
    input:
        "resources/example.yaml",
    output:
        SIMULATED,
    log:
        "logs/example/simulate.log",
    benchmark:
        "logs/example/simulate.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=30,
    params:
        folder=subpath(output[0], parent=True),
    shell:
        run_genessl("simulate --settings {input} --output {params.folder}")


rule download:
    output:
        "resources/{source}",
    log:
        f"logs/{ORGANISM}/download/{{source}}.log",
    benchmark:
        f"logs/{ORGANISM}/download/{{source}}.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=500,
        runtime=120,
    params:
        url=lambda wildcards, output: URLS[output[0]],
    shell:
        run_genessl("download --url {params.url:q} --output {output:q}")
