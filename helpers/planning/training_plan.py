"""What does a training take? Updates, tokens, memory, hours and dollars, before a card is rented.

Memory is :mod:`helpers.planning.memory`'s. Hours are operations over what a card really does of its
peak; two shares of it are shown, because everything depends on them. Nothing is downloaded or
started. ``python -m helpers.training.fsdp --profile alpaca_7b --plan`` prints the same.
"""

import math

from helpers.io import load_examples
from helpers.planning.activations import cut_model
from helpers.planning.architectures import model_config
from helpers.planning.gpus import GPUS, fits, smallest_gpu
from helpers.planning.memory import memory_table, plan_memory
from helpers.profiles import load_profile
from helpers.prompts import format_prompt

# Model FLOPs utilisation: Alpaca's own run (4,745 s on four A100-80GB, stanford_alpaca#168), and
# the middle of what is published for packed 7B runs (46 to 64 %).
UTILISATIONS = {"as Alpaca's own run": 0.118, "as packed runs reach": 0.50}


def training_plan(
    profile,
    *,
    rows=52_002,
    tokens=5_770_000,
    ranks=None,
    cards=("A100-80GB",),
    student=None,
    prices=None,
):
    """What a profile's training takes on each of ``cards``, as a dict.

    ``cards`` are names from :data:`helpers.planning.gpus.GPUS`.
    ``rows`` and their ``tokens`` are an epoch's; the defaults are Stanford Alpaca's release in its
    template. Profiles named ``colab_…`` train LoRA on one card, all others in full on ``ranks``.
    ``student`` is another model, ``prices`` maps cards to dollars an hour. Six operations a
    parameter and token (LoRA: four, as frozen weights need no gradients); what is recomputed is not
    counted, being no progress. Raises ValueError for a card that is not in the list.
    """
    lora = profile.name.startswith("colab")
    ranks = 1 if lora else ranks or profile.fsdp_ranks
    epochs, batch = (
        (profile.lora_epochs, profile.lora_batch)
        if lora
        else (profile.fsdp_epochs, profile.fsdp_batch)
    )
    name = str(student or profile.student)
    config = model_config(name)
    memory = plan_memory(
        config,
        "lora" if lora else "full",
        precision="fp16" if "T4" in cards else "bf16",
        rows=max(1, profile.token_budget // profile.max_length),
        length=profile.max_length,
        ranks=ranks,
        lora_rank=profile.lora_rank,
        recompute=profile.lora_recompute if lora else profile.fsdp_recompute,
        device="cuda",
    )
    all_tokens = round(tokens * epochs)
    flops = (4 if lora else 6) * parameters(config) * all_tokens
    return {
        "profile": profile.name,
        "student": name,
        "stands_for": None if student else profile.stands_for,
        "parameters": parameters(config),
        "method": "lora" if lora else "full",
        "ranks": ranks,
        "rows": rows,
        "updates": math.ceil(round(epochs * rows) / batch),
        "tokens": all_tokens,
        "memory": memory,
        "cards": {card: _bill(_card(card), memory, flops, ranks, prices) for card in cards},
    }


def _card(name):
    known = {card.name: card for card in GPUS}
    if name not in known:
        raise ValueError(f"no card {name!r} in the list; choose of {', '.join(known)}.")
    return known[name]


def _bill(card, memory, flops, ranks, prices):
    """Whether it fits, and hours and dollars at each of :data:`UTILISATIONS`."""
    price = (prices or {}).get(card.name, card.dollars)
    bill = {"fits": fits(card, memory["total"]), "price": price, "at": {}}
    for name, share in UTILISATIONS.items():
        hours = flops / (ranks * card.tflops * 1e12 * share) / 3600
        bill["at"][name] = {"share": share, "hours": hours, "dollars": hours * ranks * price}
    return bill


def parameters(config):
    """How many parameters a model of this configuration has; an output layer that is tied, once."""
    import torch

    layers = config.get_text_config().num_hidden_layers
    model = cut_model(config, layers, torch.float32, "eager", None)
    return sum(p.numel() for p in model.parameters())


def format_plan(plan):
    """A :func:`training_plan` as the text that ``--plan`` prints."""
    other = f", which stands for {plan['stands_for']}" if plan["stands_for"] else ""
    how = "LoRA" if plan["method"] == "lora" else "full fine-tuning, sharded"
    count = "1 card" if plan["ranks"] == 1 else f"{plan['ranks']} cards"
    lines = [
        f"profile {plan['profile']}: {how}, on {count}",
        f"{plan['student']}{other}: {plan['parameters'] / 1e9:.2f} billion parameters",
        f"{plan['rows']:,} rows, {plan['updates']:,} updates, {plan['tokens']:,} tokens in all",
        "",
        memory_table({"planned": plan["memory"]}),
        "",
    ]
    for name, bill in plan["cards"].items():
        fits = "fits" if bill["fits"] else "does NOT fit"
        lines.append(f"{name}: {fits}; at ${bill['price']:.2f} an hour a card (an example):")
        lines += [
            f"  {at['hours']:8.2f} h {at['dollars']:10.2f} dollars  at {at['share']:.1%} of the "
            f"peak, {words}"
            for words, at in bill["at"].items()
        ]
    card = smallest_gpu(plan["memory"]["total"])
    lines += ["", f"the smallest card it fits: {card.name if card else 'none in the list'}"]
    return "\n".join([*lines, "", "to start it:", f"  {_command(plan)}"])


def _command(plan):
    if plan["method"] == "lora":
        return f"ALPACA_PROFILE={plan['profile']}, and open notebooks/03_train_lora.ipynb"
    usual = load_profile(plan["profile"]).student == plan["student"]
    student = "" if usual else f" --student {plan['student']}"
    return (
        f"python -m helpers.training.fsdp --profile {plan['profile']} --ranks {plan['ranks']}"
        f"{student} "
        "--data train.jsonl --heldout heldout.jsonl --out out"
    )


def data_size(data):
    """Rows and about how many tokens a file holds, for the plan; Alpaca's own where none is named.

    Alpaca's release has 26,981,428 characters in its template, which are 5.77 million tokens.
    """
    if not data:
        return {}
    rows = load_examples(data)
    characters = sum(
        len(format_prompt(row["instruction"], row.get("input", ""))) + len(row["output"])
        for row in rows
    )
    return {"rows": len(rows), "tokens": round(characters / 4.676)}
