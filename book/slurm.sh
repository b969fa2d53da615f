#!/bin/bash
# A campaign on SLURM: one job on one node, which stops in time and queues itself again until everything is done.
#
#     sbatch book/slurm.sh resnet20:paper resnet56:paper
#
# With the arguments `--executor slurm --workers 8 STUDY...` this job needs no GPU: it sends the chains to eight jobs
# of their own, as ~/.config/dask/jobqueue.yaml describes them.
#SBATCH --job-name=lostprune
#SBATCH --time=04:00:00
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --gres=gpu:1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=lostprune-%j.log
# SIGTERM to this script, a minute before the end of its time.
#SBATCH --signal=B:TERM@60

# The store and the data must lie where all nodes see them.
export LOSTPRUNE_STORE=${LOSTPRUNE_STORE:-$PWD/store}
export LOSTPRUNE_DATA=${LOSTPRUNE_DATA:-$PWD/data}

lostprune campaign "$@" &
campaign=$!
trap 'told=yes; kill -TERM "$campaign"' TERM
wait "$campaign"
code=$?
if [ -n "${told:-}" ]; then # the signal ended `wait`, not the campaign
  wait "$campaign"
  code=$?
fi

if [ "$code" = 75 ]; then # stopped early: the same command goes on
  scontrol requeue "$SLURM_JOB_ID"
  exit 0
fi
exit "$code"
