"""Cards: their numbers come from the run, and what the run does not know is named as missing."""

import json
import re
import shutil

import pytest
from markdown_it import MarkdownIt

from helpers.files.file_kinds import DataError
from helpers.io import read_jsonl, write_jsonl
from helpers.profiles import load_profile
from helpers.release.card_parts import plain
from helpers.release.data_card import data_card, dataset_card
from helpers.release.model_card import model_card
from helpers.release.probes import count_sound, read_probes
from helpers.run import ROOT, Run
from helpers.teacher.generate import Settings

GENERATED = [
    {"instruction": "Name a river.", "input": "", "output": "Loire", "nearest_score": 0.2},
    {"instruction": "Sort the list by length.", "input": "a, b", "output": "a",
     "nearest_score": 0.6},
]  # fmt: skip
BILL = {"requests": 7, "tokens_in": 1200, "tokens_out": 300, "dollars": 0.126}


def card(**change):
    parts = {"generated": GENERATED, "ledger": [{"reason": "refusal"}] * 2 + [{"reason": "empty"}],
             "bill": BILL, "settings": Settings(threshold=0.65), "teacher": "model-x", "seeds": 9,
             "licence": "Apache-2.0."}  # fmt: skip
    return data_card(**{**parts, **change})


def test_the_card_has_the_numbers_of_the_run():
    text = card()
    for words in (
        "# 2 tasks written by model-x",
        "from 9 seed tasks",
        "7 requests, 1,200 tokens in, 300 out, $0.13",
        "3 to 5 words, median 5; 1 of 2 with an input",
        "at most 0.65",
        "is 0.40, the highest 0.60",
        "3 tasks, each with its reason",
        "- refusal: 2\n- empty: 1",
        "Apache-2.0.",
    ):
        assert words in text


def test_without_generated_tasks_there_is_no_card():
    with pytest.raises(ValueError, match="no generated task"):
        card(generated=[])


@pytest.fixture
def run(tmp_path):
    """A copy of the shipped run, which a test may change."""
    shutil.copytree(ROOT / "data" / "finished_run", tmp_path / "run")
    return Run(tmp_path / "run", load_profile("laptop"))


def changed(run, **settings):
    manifest = run.manifest()
    manifest["settings"].update(settings)
    run.path("manifest.json").write_text(json.dumps(manifest))
    return run


@pytest.mark.parametrize("method", ["lora", "fsdp"])
def test_a_model_card_has_the_numbers_of_the_run(run, method):
    metrics = json.loads(run.path("metrics.json").read_text())
    training = json.loads(run.path(f"{method}/training.json").read_text())
    probes = read_probes(ROOT / "data" / "probe_tasks.en.jsonl")
    counted = count_sound(probes, [{"output": "I cannot help with that."}] * len(probes))
    run.path("probes.json").write_text(json.dumps({method: counted}))
    text = model_card(run, method).text
    stops = metrics[method]["stop_rate"]
    for words in (
        f"{training['steps']} updates",
        f"{stops['value']:.2f} [{stops['low']:.2f}, {stops['high']:.2f}]",
        metrics["judge"]["headline"],
        f"{metrics['judge'][method]['win_rate']['value']:.2f} [",
        "- refuse (declines): 12 of 12 sound, 1.00 [0.76, 1.00]",
        "- hallucination (says what is so): 0 of 12",
        "**Commercial use is allowed**",
    ):
        assert words in text
    assert "## Missing" not in text


def test_the_hub_reads_its_metadata(run):
    data = model_card(run, "lora").data
    assert (data.base_model, data.license) == ("HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0")
    assert {result.metric_type for result in data.eval_results} >= {"stop_rate", "rouge_l"}


def test_what_the_run_does_not_know_is_named_as_missing(run):
    for name in ("metrics.json", "probes.json"):
        run.path(name).unlink()
    run.path("ledger.jsonl").unlink()
    text = model_card(run, "lora").text
    missing = text.split("## Missing")[1]
    assert "results on evaluation tasks" in missing and "answers to probes" in missing
    assert "turned away" in missing and "turned away" not in text.split("## Missing")[0]
    with pytest.raises(ValueError, match="no finished training by 'dpo'"):
        model_card(run, "dpo")


@pytest.mark.parametrize(
    "settings, answer, licence",
    [
        ({"student": "facebook/opt-6.7b"}, "not allowed", "OPT-175B License Agreement"),
        ({"teacher": "gpt-4o-mini"}, "not allowed", "OpenAI Services Agreement"),
        ({"student": "google/gemma-2b-it"}, "allowed", "Gemma Terms of Use"),
        ({"student": "somebody/else"}, "not to be assumed", "unknown"),
    ],
)
def test_the_licence_chain_decides_what_the_card_says(run, settings, answer, licence):
    card = model_card(changed(run, **settings), "lora")
    assert f"**Commercial use is {answer}**" in card.text
    assert (card.data.license, card.data.license_name) == ("other", licence)


def test_a_data_card_is_written_from_the_run(run):
    card = dataset_card(run)
    bill = run.manifest()["steps"]["02_generate"]["bill"]
    kept, ledger = (read_jsonl(run.path(name)) for name in ("generated.jsonl", "ledger.jsonl"))
    for words in (
        f"# {len(kept)} tasks written by HuggingFaceTB/SmolLM2-135M-Instruct",
        f"{bill['requests']} requests",
        f"{len(ledger)} tasks, each with its reason",
        f"the highest {max(row['nearest_score'] for row in kept):.2f}",
        "**Commercial use is allowed**",
    ):
        assert words in card.text
    assert "## Missing" not in card.text and "base model" not in card.text
    assert (card.data.license, card.data.size_categories) == ("apache-2.0", "n<1K")


def test_what_the_run_does_not_know_about_its_data_is_named_as_missing(run):
    manifest = run.manifest()
    del manifest["steps"]["02_generate"]["bill"]
    manifest["settings"]["teacher"] = "gpt-4o-mini"
    run.path("manifest.json").write_text(json.dumps(manifest))
    run.path("ledger.jsonl").unlink()
    card = dataset_card(run)
    assert "requests" not in card.text and "turned away" not in card.text.split("## Missing")[0]
    assert "what it took to generate them, what was turned away" in card.text
    assert card.data.license_name == "OpenAI Services Agreement"
    run.path("generated.jsonl").write_text("")
    with pytest.raises(ValueError, match="no generated task"):
        dataset_card(run)


def test_the_card_of_the_embedded_model_says_that_it_differs_from_the_hubs(run):
    assert "4-bit copy" in model_card(run, "lora").text
    assert "4-bit copy" not in model_card(changed(run, student="google/gemma-2b-it"), "lora").text


def test_a_card_names_a_revision_but_no_folder_of_this_machine(run, tmp_path):
    card = model_card(changed(run, student="facebook/opt-6.7b@refs/pr/31"), "lora")
    assert card.text.strip().startswith("# opt-6.7b, taught with LoRA")
    assert "facebook/opt-6.7b (revision refs/pr/31)" in card.text
    assert card.data.base_model == "facebook/opt-6.7b"
    card = model_card(changed(run, student=str(tmp_path)), "lora")
    assert str(tmp_path) not in card.content and card.data.base_model is None
    assert "**Commercial use is not to be assumed**" in card.text


HOSTILE = (
    "<script>alert(1)</script> ![x](https://evil.example/track.png)\n\n# Heading\n\n"
    "[link](https://evil.example) https://evil.example //evil.example www.evil.example <img src=x> "
    "`code` | a |\n|---|\n\u202eback **bold** me@evil.example"
)


def has_no_effect(text):
    """Whether :data:`HOSTILE` has no effect in the web page that a hub makes of a card."""
    page = MarkdownIt("commonmark").enable("table").render(text)
    assert not re.findall(r"<(?:script|img|a|code|em)\b", page) and "\u202e" not in page
    assert "<h1>Heading" not in page and "<strong>bold" not in page and "<td>a" not in page
    # GitHub and the hub turn these into links by themselves: an address, www., a mail address.
    return not re.search(r"(?<!\\)//(?!www\.apache\.org)|(?<!//)www\.|\w@\w", text)


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "file, change",
    [
        ("metrics.json", lambda f: f["judge"]["lora"].update(prompts=HOSTILE)),
        ("metrics.json", lambda f: f["lora"]["stop_rate"].update(value=HOSTILE)),
        ("metrics.json", lambda f: f["judge"]["lora"]["win_rate"].update(low=HOSTILE)),
        ("lora/training.json", lambda f: f.update(steps=HOSTILE)),
        ("lora/training.json", lambda f: f.update(seconds=HOSTILE)),
        ("probes.json", lambda f: f["lora"]["refuse"].update(of=HOSTILE)),
        ("probes.json", lambda f: f["before"]["refuse"].update(sound=HOSTILE)),
        ("manifest.json", lambda f: f["settings"].update(lora_rank=HOSTILE)),
        ("manifest.json", lambda f: f["settings"].update(seed_weight=HOSTILE)),
    ],
)
def test_a_text_in_the_place_of_a_number_never_reaches_a_model_card(run, file, change):
    rewrite(run.path(file), change)
    with pytest.raises(DataError, match="expected a number"):
        model_card(run, "lora")


def test_a_text_in_the_place_of_a_number_never_reaches_a_data_card(run):
    original = run.path("manifest.json").read_text()
    rewrite(run.path("manifest.json"), lambda f: f["steps"]["02_generate"]["bill"].update(
        requests=HOSTILE))  # fmt: skip
    with pytest.raises(DataError, match="expected a number"):
        dataset_card(run)
    run.path("manifest.json").write_text(original)
    rows = read_jsonl(run.path("generated.jsonl"))
    write_jsonl(run.path("generated.jsonl"), [{**rows[0], "nearest_score": HOSTILE}, *rows[1:]])
    with pytest.raises(DataError, match="expected a number"):
        dataset_card(run)


def test_markup_in_a_run_has_no_effect_in_its_cards(run):
    rewrite(run.path("metrics.json"), lambda f: f["judge"].update(headline=HOSTILE))
    changed(run, student=f"owner/{HOSTILE}", teacher=f"{HOSTILE}/teacher")
    card = model_card(run, "lora")
    assert has_no_effect(card.text) and "alert(1)" in card.text
    ledger = read_jsonl(run.path("ledger.jsonl"))
    write_jsonl(run.path("ledger.jsonl"), [*ledger, {"reason": HOSTILE}, {"reason": "# Heading"}])
    card = dataset_card(run)
    assert has_no_effect(card.text) and "alert(1)" in card.text
    for found in ("# Heading", "- item", "1. item", "=====", "+ item", "2) item"):
        page = MarkdownIt("commonmark").render(plain(found))
        assert page == f"<p>{found}</p>\n"


def test_a_file_without_a_json_object_is_named(run):
    run.path("metrics.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match=r"metrics\.json is not a usable JSON file"):
        model_card(run, "lora")
    run.path("metrics.json").write_text("[]")
    with pytest.raises(DataError, match="expected a JSON object"):
        model_card(run, "lora")


def test_the_shipped_cards_are_those_of_the_shipped_run():
    run = Run(ROOT / "data" / "finished_run", load_profile("laptop"))
    for name, made in (("model", model_card(run, "lora")), ("data", dataset_card(run))):
        assert str(made) == (run.path(f"cards/{name}.md")).read_text()
