#!/usr/bin/env bash
# Start a private one-node Slurm on the loopback interface, for tests: munged, slurmctld and slurmd, as the calling user.
#
#   tests/slurm/start_slurm.sh FOLDER        then:  export SLURM_CONF=FOLDER/slurm.conf PATH="FOLDER/bin:$PATH"
#   tests/slurm/stop_slurm.sh FOLDER
#
# Everything (keys, sockets, state, logs, process ids) lies in FOLDER: a Slurm or munge of the machine is neither used nor
# touched, and root is not needed. The node has the machine's cores, and on paper 1 TB of memory and one GPU, so that every
# request of a profile is granted. Exits 1 with the reason if the node is not idle within a minute.
set -euo pipefail

folder=$(realpath "${1:?usage: start_slurm.sh FOLDER}")
mkdir -p "$folder/state" "$folder/spool" "$folder/bin"
chmod 755 "$folder"
export PATH="$PATH:/usr/sbin:/sbin"
here=$(dirname "$(realpath "$0")")

fail() {
    echo "start_slurm.sh: $1" >&2
    tail -n 5 "$folder"/*.log >&2 || true
    "$here/stop_slurm.sh" "$folder"
    exit 1
}

# Two free ports; the daemons of an installed Slurm use 6817 and 6818.
read -r controller_port node_port < <(python3 - <<'PYTHON'
import socket
sockets = [socket.socket() for _ in range(2)]
for each in sockets:
    each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in sockets))
PYTHON
)

# munge refuses a key that others can read.
(umask 077 && head -c 1024 /dev/urandom > "$folder/munge.key")
munged --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" || fail "munged did not start"

host=$(hostname -s)
cpus=$(nproc --all) # nproc alone heeds OMP_NUM_THREADS
((cpus > 1)) || cpus=2 # rules ask for two, and a job that asks for more than the node has waits for ever
cat > "$folder/slurm.conf" <<CONF
ClusterName=genessl_test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MinJobAge=600
SchedulerParameters=batch_sched_delay=0,sched_interval=2
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=1000000 Gres=gpu:1 State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
echo "Name=gpu File=/dev/null" > "$folder/gres.conf"
export SLURM_CONF="$folder/slurm.conf"

# Snakemake's Slurm plugin removes SLURM_CONF from the environment of the srun within a job, which would then look in /etc.
printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(command -v srun)" > "$folder/bin/srun"
chmod +x "$folder/bin/srun"

slurmctld || fail "slurmctld did not start"
slurmd || fail "slurmd did not start"

for _ in $(seq 60); do
    if [ "$(sinfo --noheader --format=%T 2> /dev/null)" = idle ]; then
        echo "Slurm runs: export SLURM_CONF=$SLURM_CONF PATH=\"$folder/bin:\$PATH\""
        exit 0
    fi
    sleep 1
done
fail "the node is not idle after a minute: $(sinfo --noheader 2>&1)"
