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


if SCHEME != "cross_validation":

    rule calibrate:
        input:
            "results/{organism}/dataset",
        output:
            CALIBRATION,
        log:
            "logs/{organism}/calibrate/{model}.log",
        benchmark:
            "logs/{organism}/calibrate/{model}.benchmark.tsv"
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
                "calibrate --dataset {input} --model {wildcards.model} --parameters {params.parameters:q} "
                "--seed {params.seed} --output {output}"
            )


rule predict:
    input:
        unpack(model_calibration),
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
    params:
        calibration=lambda wildcards, input: (
            f"--calibration {input.calibration}"
            if wildcards.model in CALIBRATED
            else ""
        ),
    shell:
        run_genessl(
            "predict --dataset {input.dataset} --model {input.model} {params.calibration} --output {output.table} "
            "--cafa {output.cafa} --gaf {output.gaf}"
        )


rule predict_sets:
    input:
        dataset="results/{organism}/dataset",
        model=f"results/{{organism}}/models/{MAIN_MODEL}",
        calibration=CALIBRATION.replace("{model}", MAIN_MODEL),
    output:
        "results/{organism}/sets.tsv.gz",
    log:
        "logs/{organism}/predict_sets.log",
    benchmark:
        "logs/{organism}/predict_sets.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=lambda wildcards, attempt: needs_of(MAIN_MODEL).memory_mb * attempt,
        runtime=60,
    params:
        coverage=CONFIGURATION["coverage"],
    shell:
        run_genessl(
            "predict-sets --dataset {input.dataset} --model {input.model} --calibration {input.calibration} "
            "--coverage {params.coverage} --output {output}"
        )


rule explain:
    input:
        dataset="results/{organism}/dataset",
        model=f"results/{{organism}}/models/{MAIN_MODEL}",
        predictions=f"results/{{organism}}/predictions/{MAIN_MODEL}.tsv.gz",
    output:
        "results/{organism}/explanations.tsv.gz",
    log:
        "logs/{organism}/explain.log",
    benchmark:
        "logs/{organism}/explain.benchmark.tsv"
    conda:
        "../envs/genessl.yaml"
    threads: 1
    resources:
        attempt=this_attempt,
        mem_mb=lambda wildcards, attempt: needs_of(MAIN_MODEL).memory_mb * attempt,
        runtime=60,
    shell:
        run_genessl(
            "explain --dataset {input.dataset} --model {input.model} --predictions {input.predictions} --output {output}"
        )


rule cross_validate:
    input:
        "results/{organism}/dataset",
    output:
        **({"calibration": CALIBRATION} if SCHEME == "cross_validation" else {}),
        table="results/{organism}/out_of_fold/{model}.tsv.gz",
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
        calibration=lambda wildcards, output: (
            f"--calibration {output.calibration}"
            if SCHEME == "cross_validation"
            else ""
        ),
    shell:
        run_genessl(
            "cross-validate --dataset {input} --model {wildcards.model} --parameters {params.parameters:q} "
            "--seed {params.seed} --output {output.table} {params.calibration}"
        )
