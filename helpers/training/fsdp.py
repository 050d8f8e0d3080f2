"""Full fine-tuning with PyTorch's FSDP: the command line.

The same command trains with two processes on a CPU and with eight GPUs. It starts one process, a
*rank*, for each slice of the model::

    python -m helpers.training.fsdp --profile laptop --ranks 2 \\
        --data train.jsonl --heldout heldout.jsonl --out out

To train on two machines with four GPUs each, run the next command on both, with a folder ``out``
that both can see. PyTorch's torchrun then opens ports on every network interface, and whoever
reaches one can run code in the training. So use a private network, and an environment without
keys::

    torchrun --nnodes=2 --nproc_per_node=4 --rdzv_backend=c10d --rdzv_endpoint=FIRST_HOST:29400 \\
        --rdzv_id=alpaca -m helpers.training.fsdp --profile alpaca_7b --data … --heldout … --out out

With ``--plan`` the command prints updates, memory, hours and price, and starts nothing.
``fsdp_training`` holds the training that each rank runs.
"""

import argparse
import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.distributed as dist

from helpers.files.row_shapes import Task
from helpers.files.writing import write_text
from helpers.io import load_examples
from helpers.planning.gpus import GPUS
from helpers.planning.hardware import device
from helpers.planning.training_plan import data_size, format_plan, training_plan
from helpers.profiles import Profile, load_profile
from helpers.training.checkpoints import lock_training
from helpers.training.fsdp_training import train_fsdp
from helpers.training.launch import end_with_parent, init_process_group, torchrun
from helpers.training.model_folders import CACHE, student_folder


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line: print a plan, start the ranks, or train as a rank of torchrun."""
    parser = _parser()
    args = parser.parse_args(argv)
    profile = load_profile(args.profile)
    if args.plan:
        size = data_size(args.data)
        plan = training_plan(
            profile, ranks=args.ranks, gpus=args.gpus, student=args.student, **size
        )
        print(format_plan(plan))
        return
    missing = [f"--{name}" for name in ("data", "heldout", "out") if not getattr(args, name)]
    if missing:
        parser.error(f"{', '.join(missing)} missing; to see what a training takes, add --plan")
    # This process downloads the model once and has the hub's token; the ranks get a folder.
    student = student_folder(args.student or profile.fsdp_student or profile.student, CACHE)
    if "RANK" in os.environ:
        _train_as_rank(args, profile, student)
    else:
        _start_ranks(args, profile, student)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--profile", default=None)
    parser.add_argument("--student", help='"embedded", folder or hub name; default: the profile\'s')
    parser.add_argument("--data", help="rows to train on: JSON Lines, or Alpaca's JSON")
    parser.add_argument("--heldout", help="rows for the held-out loss")
    parser.add_argument("--out", help="folder for checkpoints and the final model")
    parser.add_argument("--plan", action="store_true", help="print the plan and start nothing")
    parser.add_argument(
        "--gpus",
        nargs="+",
        default=["A100-80GB"],
        choices=[gpu.name for gpu in GPUS],
        help="GPUs to plan for",
    )
    parser.add_argument("--ranks", type=int, help="processes; default: the profile's")
    return parser


def _start_ranks(args: argparse.Namespace, profile: Profile, student: str) -> None:
    """Start the ranks on this machine and print what they print."""
    given = {
        "profile": profile.name,
        "data": args.data,
        "heldout": args.heldout,
        "out": args.out,
        "student": student,
    }
    options = [f"--{name}={value}" for name, value in given.items()]
    ranks = args.ranks or profile.fsdp_ranks
    for line in torchrun(ranks, "-m", "helpers.training.fsdp", *options):
        print(line, end="", flush=True)


def _train_as_rank(args: argparse.Namespace, profile: Profile, student: str) -> None:
    """Train in this process, which torchrun has started; rank 0 locks the folder ``--out``."""
    end_with_parent()
    rows, heldout = load_examples(args.data), load_examples(args.heldout)
    if device() == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # Ranks that share all cores would wait for one another, so each gets its part of them.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // int(os.environ["LOCAL_WORLD_SIZE"])))
    first = int(os.environ["RANK"]) == 0
    with lock_training(args.out) if first else contextlib.nullcontext():
        _train_in_group(rows, heldout, student, profile, Path(args.out))


def _train_in_group(
    rows: list[Task], heldout: list[Task], student: str, profile: Profile, out: Path
) -> None:
    """Join the process group and train; rank 0 writes the record and removes the checkpoints."""
    init_process_group("nccl" if device() == "cuda" else "gloo")
    try:
        record = train_fsdp(rows, heldout, student, profile, out)
        if dist.get_rank() == 0:
            write_text(out / "training.json", json.dumps(record, indent=1) + "\n")
            shutil.rmtree(out / "checkpoints", ignore_errors=True)
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
