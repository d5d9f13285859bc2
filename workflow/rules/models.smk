# One model at a time: fitted, applied to all genes, and in cross-validation to genes whose labels it has not seen.
# Each rule holds only its own model's parameters, so that a change of one re-runs no other.


rule train:
    input:
        "results/{organism}/dataset",
    output:
        directory("results/{organism}/models/{model}"),
    log:
        "logs/{organism}/train/{model}.log",
    benchmark:
        "logs/{organism}/train/{model}.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: model_threads
    resources:
        attempt=this_attempt,
        mem_mb=model_memory,
        runtime=240,
        gpu=model_gpu,
    params:
        parameters=model_parameters,
        seed=SEED,
    shell:
        run_genessl(
            "train --dataset {input} --model {wildcards.model} --parameters {params.parameters:q} "
            "--seed {params.seed} --output {output}"
        )


rule predict:
    input:
        dataset="results/{organism}/dataset",
        model="results/{organism}/models/{model}",
    output:
        table="results/{organism}/predictions/{model}.tsv.gz",
        cafa="results/{organism}/predictions/{model}.cafa.tsv.gz",
        gaf="results/{organism}/predictions/{model}.gaf.gz",
    log:
        "logs/{organism}/predict/{model}.log",
    benchmark:
        "logs/{organism}/predict/{model}.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=model_memory,
        runtime=60,
    shell:
        run_genessl(
            "predict --dataset {input.dataset} --model {input.model} --output {output.table} "
            "--cafa {output.cafa} --gaf {output.gaf}"
        )


rule cross_validate:
    input:
        "results/{organism}/dataset",
    output:
        "results/{organism}/out_of_fold/{model}.tsv.gz",
    log:
        "logs/{organism}/cross_validate/{model}.log",
    benchmark:
        "logs/{organism}/cross_validate/{model}.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: model_threads
    resources:
        attempt=this_attempt,
        mem_mb=model_memory,
        runtime=1200,
        gpu=model_gpu,
    params:
        parameters=model_parameters,
        seed=SEED,
    shell:
        run_genessl(
            "cross-validate --dataset {input} --model {wildcards.model} --parameters {params.parameters:q} "
            "--seed {params.seed} --output {output}"
        )
