# Embeddings by a protein language model, where the configuration names a model and not a file. An interrupted job goes on
# where it stopped, from the file that it keeps beside its output.


if LANGUAGE_MODEL is not None:

    rule embed_sequences:
        input:
            CONFIGURATION["sequences"],
        output:
            "results/{organism}/embeddings.h5",
        log:
            "logs/{organism}/embed_sequences.log",
        benchmark:
            "logs/{organism}/embed_sequences.benchmark.tsv"
        conda:
            "../envs/genessl.yaml"
        threads: 8
        resources:
            attempt=this_attempt,
            mem_mb=lambda wildcards, attempt: 8000 * attempt,
            runtime=1440,
            gpu=1,
        params:
            model=lambda wildcards: LANGUAGE_MODEL,
        shell:
            run_genessl(
                "embed-sequences --sequences {input:q} --model {params.model:q} --output {output}"
            )
