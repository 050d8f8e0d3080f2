"""The memory plan: exact for arithmetic, counted for activations, and close to measured peaks."""

import importlib.util
import os
import subprocess
import sys

import pytest

from helpers.planning import memory
from helpers.planning.architectures import ARCHITECTURES, model_config, tiny_config
from helpers.planning.gpus import smallest_gpu
from helpers.planning.memory import memory_table, plan_memory
from helpers.planning.out_of_memory import explain_out_of_memory
from helpers.planning.training_plan import parameters
from helpers.profiles import load_profile
from helpers.run import ROOT


def plan(name="embedded", method="full", *, rows=2, length=64, device="cpu", tiny=True, **options):
    config = tiny_config(name, 512) if tiny else model_config(name)
    return plan_memory(config, method, rows=rows, length=length, device=device, **options)


def true_parameters(config):
    from transformers import AutoModelForCausalLM

    return sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_weights_gradients_and_moments_are_exact(name):
    whole = true_parameters(tiny_config(name, 512))
    full = plan(name)
    sizes = [full[part] for part in ("weights", "gradients", "optimizer")]
    assert sizes == [4 * whole, 4 * whole, 8 * whole]
    assert all(full[part] > 0 for part in memory.PARTS)
    held = sum(sizes)
    assert held < full["total"] <= sum(full[part] for part in memory.PARTS) + 4 * whole


def test_an_adapter_is_trained_and_the_rest_is_frozen():
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    config = tiny_config("embedded", 512)
    lora = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_config(config), lora)
    adapters, whole = model.get_nb_trainable_parameters()
    on_cpu = plan(method="lora", lora_rank=4)
    assert on_cpu["gradients"] == 4 * adapters and on_cpu["optimizer"] == 8 * adapters
    assert on_cpu["weights"] == 4 * whole
    on_gpu = plan(method="lora", lora_rank=4, device="cuda")
    assert on_gpu["weights"] == 2 * (whole - adapters) + 4 * adapters
    assert on_gpu["gathered"] < on_cpu["gathered"]  # stored in the computing format, so no copies


def test_each_of_two_ranks_holds_half():
    one, two = plan(ranks=1), plan(ranks=2)
    for part in ("weights", "gradients", "optimizer"):
        assert two[part] == one[part] / 2
    assert two["activations"] == one["activations"]


@pytest.mark.parametrize("method", ["full", "lora"])
def test_activations_are_linear_in_the_rows(method):
    two, four, eight = (plan(method=method, rows=rows)["activations"] for rows in (2, 4, 8))
    assert eight - four == pytest.approx(2 * (four - two), rel=0.01)


def test_counted_activations_equal_those_of_a_real_forward_pass():
    import torch
    from transformers import AutoModelForCausalLM

    config = tiny_config("LLaMA-7B", 512, num_hidden_layers=5)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").train()
    weights = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.ones(2, 64, dtype=torch.long)
    mask = torch.ones_like(ids)
    mask[1, 50:] = 0  # without padding transformers leaves the mask out
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        out = model.get_decoder()(ids, attention_mask=mask, use_cache=False)
    on_cpu = {"device": "cpu", "attention": "sdpa"}
    fake = plan_memory(config, "full", precision="fp32", rows=2, length=64, **on_cpu)
    assert out and fake["activations"] == pytest.approx(sum(kept.values()), rel=0.01)


def test_recomputing_reduces_the_activations():
    everything, inputs_only = (
        plan("LLaMA-7B", tiny=False, recompute=again) for again in (False, True)
    )
    assert inputs_only["activations"] < everything["activations"] / 5
    assert inputs_only["total"] < everything["total"]


def test_eager_attention_needs_memory_for_the_square_of_the_length():
    def grown(attention):
        short, long = (
            plan(rows=1, length=length, attention=attention)["activations"] for length in (256, 512)
        )
        return long / short

    assert grown("eager") > 3
    assert grown("sdpa") == grown("flash_attention_2") == pytest.approx(2, rel=0.01)


def test_logits_need_no_more_than_a_slice(monkeypatch):
    monkeypatch.setattr(memory, "LOGITS_AT_ONCE", 512 * 40)
    few, forty, many = (plan(rows=rows, length=20)["logits"] for rows in (2, 4, 400))
    assert (few, forty) == (12 * 512 * 20, 12 * 512 * 40)
    assert forty < many == plan(rows=800, length=20)["logits"]


def test_another_method_is_an_error():
    with pytest.raises(ValueError, match="'full' or 'lora'"):
        plan(method="qlora")


def test_llama_7b_on_four_gpus_needs_sixteen_bytes_per_parameter():
    whole = parameters(model_config("LLaMA-7B"))
    assert whole == 6_738_415_616
    full = plan("LLaMA-7B", tiny=False, ranks=4, device="cuda", recompute=True)
    held = full["weights"] + full["gradients"] + full["optimizer"]
    assert held == pytest.approx(16 * whole / 4, rel=1e-6)


def test_the_smallest_gpu_keeps_a_reserve():
    assert smallest_gpu(10e9).name == "T4"
    assert smallest_gpu(15.5e9).name == "L4"  # fits a T4 only without the reserve
    assert smallest_gpu(60e9).name == "A100-80GB"  # the cheaper of two with 80 GB
    assert smallest_gpu(500e9) is None


def test_a_table_has_a_row_per_part_and_a_column_per_plan():
    lines = memory_table({"one rank": plan(), "two": plan(ranks=2)}).splitlines()
    assert [line.split()[0] for line in lines] == ["GB", *memory.PARTS, "peak"]
    assert len({len(line) for line in lines}) == 1


def test_an_out_of_memory_error_names_settings_that_need_less():
    config, laptop = tiny_config("LLaMA-7B", 512), load_profile("laptop")
    needed = r"a rank needs .* GB with token_budget=768.*"
    ways = r": token_budget=384 \(.* GB\), 4 ranks \(.* GB\), fsdp_recompute=True \(.* GB\)"
    with (
        pytest.raises(MemoryError, match=needed + ways),
        explain_out_of_memory(config, "full", laptop, ranks=2),
    ):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")
    with (
        pytest.raises(MemoryError, match=r"token_budget=384 \(.* GB\)\. A shorter max_length"),
        explain_out_of_memory(config, "lora", laptop),
    ):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
    with (
        pytest.raises(RuntimeError, match="shapes"),
        explain_out_of_memory(config, "lora", laptop),
    ):
        raise RuntimeError("shapes cannot be multiplied")


def test_a_picture_has_its_numbers_as_text():
    from helpers.display import plots

    picture = plots.memory({"one rank": plan(), "two ranks": plan(ranks=2)})
    assert "two ranks" in picture.alt and "optimizer" in picture.alt
    assert "<svg" in picture.svg()


def test_importing_the_planner_does_not_import_torch():
    code = "import sys, helpers.planning.memory; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK),
    reason="peak memory can only be reset through Linux's /proc/self/clear_refs",
)
def test_the_plan_is_within_a_tenth_of_the_measured_peak(student_folder):
    spec = importlib.util.spec_from_file_location("measuring", ROOT / "benchmarks" / "memory.py")
    measuring = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(measuring)
    case = ("lora", 2, 64, 1, False)
    found = measuring.measure(*case, student_folder)
    assert measuring.planned(case, found)["total"] == pytest.approx(found["peak"], rel=0.1)
