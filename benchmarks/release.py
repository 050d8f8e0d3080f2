"""What are the guard and the watermark worth?

    python benchmarks/release.py guard
    python benchmarks/release.py watermark [--answers 40]

``guard`` holds the local guard against labelled sentences that it has not seen (five folds, three
deals of them), by language and by kind, and against ordinary tasks and probes. ``watermark`` writes
answers with and without it and counts how many are found, at several lengths and after edits; then
what it costs in held-out loss and in repetition.
"""

import argparse
import random
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ROOT = Path(__file__).resolve().parent.parent

import torch

from helpers.batches import encode
from helpers.intervals import bootstrap, wilson
from helpers.io import load_examples, read_jsonl
from helpers.release.guard import (
    LANGUAGES,
    LAYERS,
    cross_validate,
    features,
    fit,
    ordinary_texts,
    probabilities,
    worth,
)
from helpers.release.probes import read_probes
from helpers.release.watermark import BIAS, SHARE, detect, edited, green_list, watermark
from helpers.similarity import repetition
from helpers.student import answer, load_student, load_tokenizer, student_folder

FOUND = 0.001  # a text counts as marked where chance would be this green once in a thousand


def guard():
    """Tables of what the local guard is worth."""
    folder = student_folder("embedded", ROOT / "runs" / "cache")
    model, tokenizer = load_student(folder).float(), load_tokenizer(folder)
    model.base_model.layers = model.base_model.layers[: LAYERS[-1] + 1]

    def seen_as(texts):
        return features(model, tokenizer, [tokenizer(text)["input_ids"][:256] for text in texts])

    rows, ordinary = read_jsonl(ROOT / "data" / "filter_sentences.jsonl"), ordinary_texts()
    x, plain = seen_as([row["text"] for row in rows]), seen_as(ordinary)
    print(f"{len(rows)} sentences, each scored by a guard that has not seen it")
    for deal in range(3):
        scores = cross_validate(x, rows, plain, seed=deal)
        print(f"\ndeal {deal}\n{'':<12}{'precision':>20}{'recall':>20}{'false alarms':>20}")
        for by in ("language", "kind") if deal == 0 else ("language",):
            for value, found in worth(rows, scores, by).items():
                if by == "language" or value != "all":
                    cells = "".join(f"{_shown(found[key]):>20}" for key in found)
                    print(f"{value:<12}{cells}")
    whole = fit(torch.cat([x, plain]), [r["harmful"] for r in rows] + [False] * len(plain))
    print("\nstopped by the guard that has seen all sentences")
    for language in LANGUAGES:
        tasks = load_examples(ROOT / "data" / f"eval_tasks.{language}.jsonl")
        texts = [row[key] for row in tasks for key in ("instruction", "output")]
        _count(f"evaluation tasks, {language}", probabilities(whole, seen_as(texts)))
    probes = read_probes(ROOT / "data" / "probe_tasks.en.jsonl")
    stopped = probabilities(whole, seen_as([probe["instruction"] for probe in probes]))
    for kind in dict.fromkeys(probe["kind"] for probe in probes):
        mine = [s for s, probe in zip(stopped, probes, strict=True) if probe["kind"] == kind]
        _count(f"probes, {kind}", mine)


def _count(name, scores):
    hits = sum(score >= 0.5 for score in scores)
    print(f"{name:<28}{hits:>4} of {len(scores):<5}{_shown(wilson(hits, len(scores)))}")


def _shown(rate):
    return "–" if rate is None else f"{rate['value']:.2f} [{rate['low']:.2f}, {rate['high']:.2f}]"


def marked(count):
    """Tables of what the watermark is worth."""
    folder = student_folder("embedded", ROOT / "runs" / "cache")
    model, tokenizer = load_student(folder), load_tokenizer(folder)
    tasks = load_examples(ROOT / "data" / "eval_tasks.en.jsonl")
    size = model.config.vocab_size
    texts = {}
    for name, more in (("plain", {}), ("marked", {"watermarking_config": watermark()})):
        torch.manual_seed(0)
        how = {"do_sample": True, "temperature": 0.8, "top_p": 0.95, "min_new_tokens": 120, **more}
        said = answer(model, tokenizer, tasks[:count], max_new_tokens=120, generation=how)
        texts[name] = [given["output"] for given in said]
    ids = {name: [_ids(tokenizer, text) for text in some] for name, some in texts.items()}
    people = [_ids(tokenizer, row["output"]) for row in tasks if len(row["output"]) > 60]
    print(f"{count} answers each, sampled; found: p < {FOUND}\n")
    print(f"{'tokens':<10}{'median z':>9}{'found of marked':>22}{'found of plain':>22}")
    for length in (15, 30, 60, 120):
        cut = {name: [one[:length] for one in some] for name, some in ids.items()}
        z = statistics.median(detect(one, size)["z"] for one in cut["marked"])
        cells = "".join(f"{_shown(_found(cut[name], size)):>22}" for name in ("marked", "plain"))
        print(f"{length:<10}{z:>9.1f}{cells}")
    print(f"\ntexts by people found: {_shown(_found(people, size))} of {len(people)}")
    others, rng = " ".join(row["output"] for row in tasks), random.Random(0)
    print(f"\n{'edited':<10}{'median z':>9}{'found of marked':>22}")
    for share in (0, 0.1, 0.3, 0.5):
        new = [_ids(tokenizer, edited(text, share, others, rng)) for text in texts["marked"]]
        z = statistics.median(detect(one, size)["z"] for one in new)
        print(f"{share:<10.0%}{z:>9.1f}{_shown(_found(new, size)):>22}")
    _cost(model, tokenizer, tasks, texts)


def _cost(model, tokenizer, tasks, texts):
    """Held-out loss under the marked distribution, and repetition of the answers."""
    change = bootstrap([_dearer(model, encode(row, tokenizer, 512)) for row in tasks[:40]])
    print(f"\nheld-out loss, 40 tasks: {change['value']:+.2f} nats a token "
          f"[{change['low']:+.2f}, {change['high']:+.2f}]")  # fmt: skip
    for name, some in texts.items():
        found = bootstrap([repetition(text) for text in some])
        print(f"repeated 3-grams, {name}: {_shown(found)}")


def _dearer(model, row):
    """What the watermark adds to the loss of one row, in nats a response token."""
    ids = torch.tensor([row["input_ids"]], device=model.device)
    with torch.inference_mode():
        logits = model(ids).logits[0, :-1].float().cpu()
    learned = [i for i, label in enumerate(row["labels"][1:]) if label != -100]
    total = 0.0
    for i in learned:
        pushed, target = logits[i].clone(), row["input_ids"][i + 1]
        pushed[sorted(green_list(row["input_ids"][i], model.config.vocab_size))] += BIAS
        total += (logits[i].log_softmax(0)[target] - pushed.log_softmax(0)[target]).item()
    return total / len(learned)


def _ids(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def _found(some, size):
    return wilson(sum((detect(one, size)["p"] or 1) < FOUND for one in some), len(some))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["guard", "watermark"])
    parser.add_argument("--answers", type=int, default=40)
    args = parser.parse_args()
    print(f"green share {SHARE}, bias {BIAS}" if args.what == "watermark" else "local guard")
    guard() if args.what == "guard" else marked(args.answers)
