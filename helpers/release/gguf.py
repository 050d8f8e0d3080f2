"""Export a tuned model as a GGUF file, which llama.cpp, Ollama and the embedded server can run.

The package ``gguf``, by llama.cpp's authors, writes the file. It has no converter: llama.cpp keeps
that as a script in its repository. A model of the embedded model's family does not need the script.
Its tokenizer, chat template and sizes are copied from the embedded model's GGUF file, and each
tensor is replaced by the tuned one.

The formats differ in two ways. Tensors have other names, and ``gguf`` knows both. The rows of query
and key matrices have another order: in transformers the two rows of a rotary pair are half a head
apart, in llama.cpp they are next to each other.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files.writing import move_into_place, scratch_folder
from helpers.prompts import format_prompt
from helpers.teacher.embedded_model import embedded_gguf
from helpers.training.output_folders import check_free_space
from helpers.training.weights import Weights

if TYPE_CHECKING:
    import numpy
    from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter

KINDS = ("F32", "F16", "Q8_0")
NOT_COPIED = {  # fields that the writer sets itself
    "GGUF.version",
    "GGUF.tensor_count",
    "GGUF.kv_count",
    "general.architecture",
    "general.file_type",
    "general.name",
    "general.quantization_version",
}


def export_gguf(
    folder: str | Path, out: str | Path, *, name: str = "alpaca-classroom", kind: str = "F16"
) -> Path:
    """Write the model in ``folder`` as the GGUF file ``out``; returns its path.

    ``kind`` is the number format of the matrices: ``"F32"``, ``"F16"`` or ``"Q8_0"``. One tensor at
    a time is in memory, and the file gets its name once it is complete.

    Raises:
        ValueError: for another kind, or for a model whose tensors or shapes differ from the
            embedded model's; the message names the first ones.
        FileExistsError: if ``out`` exists.
        OSError: if the disk has too little space.
    """
    from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter

    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} is not written here; choose one of {', '.join(KINDS)}.")
    weights, number_format = Weights(folder), GGMLQuantizationType[kind]
    original = GGUFReader(str(embedded_gguf()))
    tensors = _matched(weights, original)
    out = Path(out)
    if out.exists():
        raise FileExistsError(f"{out} is there already; choose another name or delete it first.")
    check_free_space(out.parent, weights.bytes)
    with scratch_folder(out) as scratch:
        unfinished = scratch / out.name
        with contextlib.closing(GGUFWriter(str(unfinished), "llama")) as writer:
            _copy_metadata(original, writer, name, number_format)
            for gguf_name, shape in tensors.values():
                _declare(writer, gguf_name, shape, number_format)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_ti_data_to_file()
            for own_name, (gguf_name, shape) in tensors.items():
                tensor = weights.tensor(own_name)
                assert tensor is not None  # _matched found its name
                matrix = _reordered(tensor.float().numpy(), gguf_name, original)
                writer.write_tensor_data(_converted(matrix, shape, number_format))
        move_into_place(unfinished, out)
    return out


def modelfile(gguf: str | Path) -> str:
    """The Modelfile with which Ollama reads a GGUF file (``ollama create NAME -f Modelfile``).

    It names the training prompt. Without it, Ollama would use the base model's chat template.
    """
    prompt = format_prompt("{{ .Prompt }}")
    return f'FROM ./{Path(gguf).name}\nTEMPLATE """{prompt}"""\nPARAMETER temperature 0.8\n'


def _matched(weights: Weights, original: GGUFReader) -> dict[str, tuple[str, list[int]]]:
    """``{name in transformers: (name in GGUF, shape)}``, in the order of the original file."""
    from gguf import MODEL_ARCH, get_tensor_name_map

    names = get_tensor_name_map(MODEL_ARCH.LLAMA, _field(original, "llama.block_count"))
    wanted = {t.name: [int(n) for n in reversed(t.shape)] for t in original.tensors}
    found = {names.get_name(name, (".weight", ".bias")): name for name in weights.files}
    if "output.weight" not in wanted:
        found.pop("output.weight", None)  # it shares the embedding's weights
    differing = sorted(map(str, found.keys() ^ wanted.keys())) or [
        name for name in wanted if weights.shape(found[name]) != wanted[name]
    ]
    if differing:
        raise ValueError(
            f"{weights.folder} is not of the embedded model's family: {', '.join(differing[:3])} "
            f"differ ({len(differing)} in all). For other models use llama.cpp's own converter."
        )
    return {found[name]: (name, shape) for name, shape in wanted.items()}


def _copy_metadata(
    original: GGUFReader, writer: GGUFWriter, name: str, number_format: GGMLQuantizationType
) -> None:
    """Copy tokenizer, chat template and sizes from the original file."""
    from gguf import GGUFValueType, LlamaFileType

    for key, field in original.fields.items():
        if key not in NOT_COPIED:
            inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), field.types[0], sub_type=inner)
    writer.add_name(name)
    file_type = "ALL_F32" if number_format.name == "F32" else f"MOSTLY_{number_format.name}"
    writer.add_file_type(LlamaFileType[file_type].value)
    if number_format.name == "Q8_0":
        writer.add_quantization_version(2)


def _declare(
    writer: GGUFWriter, name: str, shape: Sequence[int], number_format: GGMLQuantizationType
) -> None:
    """Add a tensor's name, shape and size to the head of the file; its data comes later."""
    import numpy as np
    from gguf import quants

    if number_format.name == "Q8_0" and len(shape) > 1:
        packed = quants.quant_shape_to_byte_shape(shape, number_format)
        size = math.prod(packed)
        writer.add_tensor_info(name, packed, np.dtype(np.uint8), size, raw_dtype=number_format)
        return
    is_half = number_format.name == "F16" and len(shape) > 1
    dtype = np.dtype(np.float16 if is_half else np.float32)
    writer.add_tensor_info(name, shape, dtype, math.prod(shape) * dtype.itemsize)


def _converted(
    matrix: numpy.ndarray, shape: Sequence[int], number_format: GGMLQuantizationType
) -> numpy.ndarray:
    """A tensor in the number format of the file; llama.cpp needs vectors in float32."""
    import numpy as np
    from gguf import quants

    matrix = np.ascontiguousarray(matrix)
    if len(shape) == 1 or number_format.name == "F32":
        return matrix
    if number_format.name == "F16":
        return matrix.astype(np.float16)
    return quants.quantize(matrix, number_format)


def _reordered(matrix: numpy.ndarray, name: str, original: GGUFReader) -> numpy.ndarray:
    """Query and key matrices with the rows of each rotary pair side by side; others unchanged."""
    counts = {"attn_q.weight": "head_count", "attn_k.weight": "head_count_kv"}
    key = next((count for end, count in counts.items() if name.endswith(end)), None)
    if key is None:
        return matrix
    heads = _field(original, f"llama.attention.{key}")
    rows, columns = matrix.shape
    by_pair = matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2)
    return by_pair.reshape(rows, columns)


def _field(original: GGUFReader, key: str) -> Any:
    return original.fields[key].contents()
