#!/usr/bin/env bash
# Stop the daemons that start_slurm.sh started in FOLDER, and no others: they are known by their process-id files.
set -euo pipefail

folder=$(realpath "${1:?usage: stop_slurm.sh FOLDER}")
for daemon in slurmd slurmctld munged; do
    pid_file="$folder/$daemon.pid"
    [ -s "$pid_file" ] || continue
    pid=$(cat "$pid_file")
    # A stale file may name a process that is by now someone else's.
    [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = "$daemon" ] || continue
    kill "$pid"
    for _ in $(seq 50); do
        [ -d "/proc/$pid" ] || break
        sleep 0.1
    done
done
