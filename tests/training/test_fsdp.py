"""Full fine-tuning: one, two and four ranks compute the same updates, each with its own slices."""

import contextlib
import json
import shutil
from dataclasses import replace

import psutil
import pytest
import torch

from helpers.evaluation.metrics import heldout_losses
from helpers.io import write_jsonl
from helpers.planning import hardware
from helpers.planning.architectures import blocks_of, tiny_config
from helpers.profiles import PROFILES
from helpers.run import ROOT
from helpers.training.batching import collate_shared
from helpers.training.encoding import IGNORED, encode_all
from helpers.training.fsdp import main
from helpers.training.fsdp_steps import train_step
from helpers.training.fsdp_training import train_fsdp
from helpers.training.launch import torchrun
from helpers.training.schedule import global_batches, learning_rate_factor, rank_share
from helpers.training.shards import load_sharded
from helpers.training.student import load_student

ROWS = [
    {"instruction": f"Say the word number {i}.", "input": "", "output": f"word {i} " * (1 + i % 4)}
    for i in range(18)
]


def test_every_row_is_in_one_update_for_any_number_of_ranks():
    plan = {"lengths": [5] * 17, "batch": 4, "epochs": 1}
    batches = global_batches(**plan, ranks=2, seed=1)
    assert sorted(row for batch in batches for row in batch) == list(range(17))
    assert [len(batch) for batch in batches] == [4, 4, 4, 4, 1]
    assert global_batches(**plan, ranks=4, seed=1) == batches
    assert global_batches(**plan, ranks=2, seed=2) != batches


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [1, 3, 18])
def test_an_uneven_update_is_shared_and_every_rank_takes_part_in_every_pass(ranks, count):
    lengths = [(7 * i) % 40 + 3 for i in range(count)]
    rows = [{"input_ids": [i] * n, "labels": [i] * n} for i, n in enumerate(lengths)]
    shares = [rank_share(rows, rank, ranks, budget=64) for rank in range(ranks)]
    assert len({len(share) for share in shares}) == 1
    learned = [
        row for share in shares for part in share for row in part if row["labels"][0] != IGNORED
    ]
    assert sorted(row["input_ids"][0] for row in learned) == list(range(count))
    for part in (part for share in shares for part in share):
        assert len(part) * max(len(row["input_ids"]) for row in part) <= 64


def test_half_an_epoch_more_repeats_half_the_rows():
    batches = global_batches([5] * 16, batch=4, ranks=2, epochs=1.5, seed=0)
    assert len(batches) == 6 and len({row for batch in batches for row in batch}) == 16


def test_rows_of_similar_length_share_an_update():
    lengths = [10, 200] * 20
    batches = global_batches(lengths, batch=4, ranks=2, epochs=1, seed=0)
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    assert padded < 1.1 * sum(lengths)


def test_fewer_rows_than_ranks_is_an_error_with_advice():
    with pytest.raises(ValueError, match="--ranks=3"):
        global_batches([5] * 3, batch=8, ranks=4, epochs=1, seed=0)


def test_the_learning_rate_rises_and_falls():
    shares = [learning_rate_factor(step, 10, 2) for step in range(10)]
    assert shares[:2] == [0.5, 1.0] and shares[2] == 1.0
    assert shares[2:] == sorted(shares[2:], reverse=True) and 0 < shares[-1] < 0.1


@pytest.fixture(scope="module", autouse=True)
def fp32():
    """Compute in fp32, so that ranks differ only in the order of sums; run in the root folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALPACA_PRECISION", "fp32")
        patch.chdir(ROOT)  # for -m helpers.training.fsdp
        hardware.precision.cache_clear()
        yield
    hardware.precision.cache_clear()


@contextlib.contextmanager
def group_of_one(folder):
    """A process group of this process only; yields its device mesh."""
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh

    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=0, world_size=1)
    try:
        yield init_device_mesh("cpu", (1,))
    finally:
        dist.destroy_process_group()


@pytest.fixture
def one_rank(tmp_path):
    with group_of_one(tmp_path) as mesh:
        yield mesh


def run_fsdp(ranks, model, out, *, on_line=None):
    """Train the tiny profile on ``ranks`` processes; returns the record that they write."""
    out.mkdir(exist_ok=True)
    write_jsonl(out / "train.jsonl", ROWS)
    write_jsonl(out / "heldout.jsonl", ROWS[:3])
    options = {"student": model, "data": out / "train.jsonl", "heldout": out / "heldout.jsonl"}
    options |= {"profile": "tiny", "out": out}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    for line in torchrun(ranks, "-m", "helpers.training.fsdp", *arguments):
        if on_line:
            on_line(json.loads(line))
    return json.loads((out / "training.json").read_text())


@pytest.fixture(scope="module")
def runs(tiny_model, tmp_path_factory):
    """The same training on one, two and four ranks: ``{ranks: (record, folder)}``.

    One rank needs no torchrun; a killed run that resumes on one rank tests that command.
    """
    folders = {ranks: tmp_path_factory.mktemp(f"ranks{ranks}") for ranks in (1, 2, 4)}
    with group_of_one(folders[1]):
        alone = train_fsdp(ROWS, ROWS[:3], tiny_model, PROFILES["tiny"], folders[1])
    records = {n: run_fsdp(n, tiny_model, folders[n]) for n in (2, 4)}
    return {n: (record, folders[n]) for n, record in {1: alone, **records}.items()}


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_compute_the_same_losses_and_the_same_weights(runs, ranks):
    from safetensors.torch import load_file

    for one, many in zip(runs[1][0]["history"], runs[ranks][0]["history"], strict=True):
        assert one == pytest.approx(many, rel=1e-5)
    files = [runs[n][1] / "model" / "model.safetensors" for n in (1, ranks)]
    alone, shared = (load_file(file) for file in files)
    for name in alone:  # rounded to bf16
        torch.testing.assert_close(alone[name], shared[name], rtol=1e-2, atol=1e-4)


def test_each_rank_holds_its_share_of_the_parameters(runs):
    for ranks, (record, _) in runs.items():
        assert len(record["held"]) == ranks and sum(record["held"]) == record["total"]
        assert max(record["held"]) < 1.1 * record["total"] / ranks


def test_the_record_has_the_readings_of_the_meter(runs):
    record = runs[2][0]
    assert record["tokens_per_second"] > 0 and 0.5 < record["computed"] < 1.5
    assert record["memory"] > 1e7 and record["cut"] == record["dropped"] == 0


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_computed_tokens_are_counted_on_every_rank(runs, tokenizer, ranks):
    profile = PROFILES["tiny"]
    rows, _ = encode_all(ROWS, tokenizer, profile.max_length)
    lengths = [len(row["input_ids"]) for row in rows]
    plan = global_batches(lengths, profile.fsdp_batch, ranks, profile.fsdp_epochs, profile.seed)
    real = computed = 0
    for update in plan:
        real += sum(lengths[i] for i in update)
        for rank in range(ranks):
            update_rows = [rows[i] for i in update]
            share = rank_share(update_rows, rank, ranks, profile.token_budget, "shared")
            computed += sum(collate_shared(part)["input_ids"].numel() for part in share)
    assert runs[ranks][0]["computed"] == pytest.approx(computed / real)


@pytest.fixture(scope="module")
def killed(tiny_model, tmp_path_factory):
    """The folder of a training on two ranks, one of which was killed in the third step."""
    out = tmp_path_factory.mktemp("killed")

    def kill_one(point):
        if point["step"] == 3 and "loss" in point:
            launcher = psutil.Process().children()[-1]
            launcher.children()[-1].kill()

    with pytest.raises(RuntimeError, match=r"rank \d was killed by signal 9.*is complete"):
        run_fsdp(2, tiny_model, out, on_line=kill_one)
    return out


def test_a_killed_rank_leaves_a_complete_checkpoint_and_no_model(killed):
    assert not (killed / "model").exists() and not (killed / "training.json").exists()
    # The other rank may have started to save the next checkpoint.
    saved = {path.name for path in killed.glob("checkpoints/step-*")} - {"step-3.partial"}
    assert saved == {"step-2"}
    assert len(list(killed.glob("checkpoints/step-2/*.distcp"))) == 2


@pytest.mark.parametrize("ranks", [1, 4])
def test_a_killed_run_resumes_with_another_number_of_ranks(
    runs, killed, tiny_model, tmp_path, ranks
):
    out, printed = shutil.copytree(killed, tmp_path / "out"), []
    record = run_fsdp(ranks, tiny_model, out, on_line=printed.append)
    assert min(point["step"] for point in printed) == 3  # no finished step runs again
    for mine, whole in zip(record["history"], runs[2][0]["history"], strict=True):
        assert mine == pytest.approx(whole, rel=1e-5)
    assert not (out / "checkpoints").exists()


def test_slices_read_from_disk_equal_the_model(one_rank, tiny_model):
    model = load_sharded(tiny_model, one_rank).model
    assert model.lm_head.weight is model.model.embed_tokens.weight
    plain = dict(load_student(tiny_model).named_parameters())
    read = dict(model.named_parameters())
    assert read.keys() == plain.keys()
    assert all((read[name].to_local() == plain[name]).all() for name in plain)


def test_weights_of_another_model_are_an_error(one_rank, tiny_model, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_model, tmp_path / "model")
    state = load_file(folder / "model.safetensors")
    norm = state.pop("model.norm.weight")
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"lack 1 of .*model\.norm\.weight"):
        load_sharded(folder, one_rank)
    save_file({**state, "model.norm.weight": norm[:5]}, folder / "model.safetensors")
    with pytest.raises(ValueError, match="two models"):
        load_sharded(folder, one_rank)


def test_the_result_is_an_ordinary_model_with_other_weights(runs, tiny_model):
    trained, before = load_student(runs[2][1] / "model"), load_student(tiny_model)
    names = {file.name for file in (runs[2][1] / "model").iterdir()}
    assert "model.safetensors" in names and not any(name.endswith(".bin") for name in names)
    changed = [
        not torch.allclose(p, q, atol=1e-4)
        for p, q in zip(trained.parameters(), before.parameters(), strict=True)
    ]
    assert sum(changed) > len(changed) / 2
    assert not (runs[2][1] / "checkpoints").exists()


@pytest.mark.parametrize("name", ["alpaca_7b", "alpaca_13b", "opt_6_7b", "colab_l4"])
def test_every_architecture_of_the_profiles_can_be_trained(name, one_rank, tokenizer, tmp_path):
    """Shard, train, export and load a tiny random model of the student's architecture."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    profile = replace(PROFILES["tiny"], fsdp_epochs=2, fsdp_lr=1e-2, fsdp_recompute=True)
    config = tiny_config(PROFILES[name].student, len(tokenizer), tie_word_embeddings=False)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    record = train_fsdp(ROWS, ROWS[:3], tmp_path / "model", profile, tmp_path / "out")
    held = [point["heldout_loss"] for point in record["history"] if "heldout_loss" in point]
    assert held[-1] < 0.9 * held[0]
    trained = load_student(tmp_path / "out" / "model")
    assert trained.config.model_type == config.model_type
    losses = heldout_losses(trained, tokenizer, ROWS[:3])
    assert sum(losses) / 3 == pytest.approx(held[-1], rel=0.02)  # saved in bf16


def test_recomputing_activations_does_not_change_the_losses(one_rank, tiny_model, tokenizer):
    rows, _ = encode_all(ROWS, tokenizer)
    losses = {}
    for recompute in (False, True):
        learner = load_sharded(tiny_model, one_rank, recompute=recompute)
        optimizer = torch.optim.AdamW(learner.parameters(), lr=1e-2)
        losses[recompute] = [train_step(learner, optimizer, rows, tokenizer, 256) for _ in range(3)]
    assert losses[True] == pytest.approx(losses[False], rel=1e-6)
    assert losses[True][2] < losses[True][0]


def test_the_token_budget_does_not_change_the_update(one_rank, tiny_model, tokenizer):
    rows, _ = encode_all(ROWS, tokenizer)
    losses = {}
    for budget in (100, 10_000):
        learner = load_sharded(tiny_model, one_rank)
        optimizer = torch.optim.AdamW(learner.parameters(), lr=1e-2)
        steps = [train_step(learner, optimizer, rows, tokenizer, budget) for _ in range(3)]
        losses[budget] = steps
    assert len(rank_share(rows, 0, 1, 100)) > 4 * len(rank_share(rows, 0, 1, 10_000))
    # Where a gradient is almost 0, rounding may change its sign, and Adam's step with it.
    assert losses[100][0] == pytest.approx(losses[10_000][0], rel=1e-6)
    assert losses[100] == pytest.approx(losses[10_000], rel=1e-4)


def test_checkpoints_of_another_training_are_an_error(one_rank, tiny_model, killed, tmp_path):
    out = shutil.copytree(killed, tmp_path / "out")
    other = replace(PROFILES["tiny"], fsdp_lr=3e-4)
    with pytest.raises(ValueError, match=r"another training \(fsdp_lr was 0.0001, now 0.0003\)"):
        train_fsdp(ROWS, ROWS[:3], tiny_model, other, out)
    with pytest.raises(ValueError, match="rows was"):
        train_fsdp(ROWS[1:], ROWS[:3], tiny_model, PROFILES["tiny"], out)


def test_a_model_that_names_no_blocks_is_an_error():
    class WithoutBlocks(torch.nn.Module):
        _no_split_modules = None

    with pytest.raises(ValueError, match=r"WithoutBlocks does not say what its blocks are"):
        blocks_of(WithoutBlocks())


def test_a_plan_needs_no_gpu_no_weights_and_no_torchrun(tmp_path, capsys):
    main(["--profile", "alpaca_7b", "--plan", "--gpus", "H100-80GB", "--ranks", "8"])
    text = capsys.readouterr().out
    assert "52,002 rows, 1,219 updates" in text and "on 8 GPUs" in text and "H100-80GB:" in text
    write_jsonl(tmp_path / "mine.jsonl", ROWS)
    main(["--profile", "opt_6_7b", "--plan", "--data", str(tmp_path / "mine.jsonl")])
    text = capsys.readouterr().out
    assert "facebook/opt-6.7b" in text and "18 rows, 1 updates" in text


def test_missing_options_are_named_before_anything_starts(capsys):
    with pytest.raises(SystemExit):
        main(["--profile", "tiny", "--data", "rows.jsonl"])
    assert "--heldout, --out missing; to see what a training takes, add --plan" in (
        capsys.readouterr().err
    )
