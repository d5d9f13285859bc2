# Sourced before the command of each rule: run_genessl ATTEMPT LOG COMMAND...
#
# Calls genessl, by the interpreter in $PYTHON, shows what it says and keeps it in the log. A profile may ask for another
# attempt after a lost node or too little memory. Exit code 2 says that the input is at fault: that stays so. The sentence is
# kept beside the log (Snakemake deletes the log before each attempt), and further attempts of the job show it and end.
run_genessl() {
    local attempt=$1 log=$2 code=0
    shift 2
    if [ "$attempt" -gt 1 ] && [ -s "$log.mistake" ]; then
        tee "$log" < "$log.mistake" >&2
        return 2
    fi
    rm -f "$log.mistake"
    "$PYTHON" -m genessl "$@" 2>&1 | tee "$log" >&2 || code=$?
    if [ "$code" -eq 2 ]; then tail -n 1 "$log" > "$log.mistake"; fi
    return "$code"
}
