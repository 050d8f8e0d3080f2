"""A tuned model as a GGUF file, which llama.cpp, Ollama and the embedded server answer from.

The package ``gguf`` (llama.cpp's own) writes the file; what is missing there is a converter, which
llama.cpp keeps in a script of its repository. For a model of the embedded one's family none is
needed: tokenizer, chat template and sizes are taken from the GGUF file the student came from, and
every tensor is replaced by the tuned one, in turn. Two things differ between the formats: the names
(``gguf`` knows both), and the rows of queries and keys, whose pairs for the rotary position lie a
half apart in transformers and side by side in llama.cpp.
"""

import contextlib
import math
from pathlib import Path

from helpers.prompts import format_prompt
from helpers.safe_io.writing import move_into_place, scratch_folder
from helpers.teacher.embedded_model import embedded_gguf
from helpers.training.weights import Weights, check_room

KINDS = ("F32", "F16", "Q8_0")
KEPT_OUT = {  # what the writer sets itself
    "GGUF.version",
    "GGUF.tensor_count",
    "GGUF.kv_count",
    "general.architecture",
    "general.file_type",
    "general.name",
    "general.quantization_version",
}


def export_gguf(folder, out, *, name="alpaca-classroom", kind="F16"):
    """Write the model in ``folder`` as the GGUF file ``out``; returns its path.

    ``kind`` is the number format of the matrices: ``"F32"``, ``"F16"`` or ``"Q8_0"``. One tensor is
    in memory at a time, and the file gets its name when it is whole. Raises ValueError for another
    kind, and for a model that has not the embedded one's tensors and shapes, naming the first that
    differ; FileExistsError for a name that is taken, and OSError for a disk without room.
    """
    from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter

    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} is not written here; choose one of {', '.join(KINDS)}.")
    weights, kind = Weights(folder), GGMLQuantizationType[kind]
    original = GGUFReader(str(embedded_gguf()))
    tensors = _matched(weights, original)
    out = Path(out)
    if out.exists():
        raise FileExistsError(f"{out} is there already; choose another name or delete it first.")
    check_room(out.parent, weights.bytes)
    with scratch_folder(out) as folder:
        made = folder / out.name
        with contextlib.closing(GGUFWriter(str(made), "llama")) as writer:
            _copy_facts(original, writer, name, kind)
            for there, shape in tensors.values():
                _announce(writer, there, shape, kind)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_ti_data_to_file()
            for here, (there, shape) in tensors.items():
                matrix = weights.tensor(here).float().numpy()
                writer.write_tensor_data(_as_kind(_turned(matrix, there, original), shape, kind))
        move_into_place(made, out)
    return out


def modelfile(gguf):
    """What Ollama reads beside a GGUF file (``ollama create NAME -f Modelfile``), as text.

    With the prompt of the training: left to itself, Ollama would take the base's chat template.
    """
    prompt = format_prompt("{{ .Prompt }}")
    return f'FROM ./{Path(gguf).name}\nTEMPLATE """{prompt}"""\nPARAMETER temperature 0.8\n'


def _matched(weights, original):
    """``{name in transformers: (name in GGUF, shape)}``, in the order of the original file."""
    from gguf import MODEL_ARCH, get_tensor_name_map

    names = get_tensor_name_map(MODEL_ARCH.LLAMA, _fact(original, "llama.block_count"))
    wanted = {t.name: [int(n) for n in reversed(t.shape)] for t in original.tensors}
    here = {names.get_name(name, (".weight", ".bias")): name for name in weights.files}
    if "output.weight" not in wanted:
        here.pop("output.weight", None)  # tied to the embedding
    differ = sorted(map(str, here.keys() ^ wanted.keys())) or [
        name for name in wanted if weights.shape(here[name]) != wanted[name]
    ]
    if differ:
        raise ValueError(
            f"{weights.folder} is not of the embedded model's family: {', '.join(differ[:3])} "
            f"differ ({len(differ)} in all). For other models use llama.cpp's own converter."
        )
    return {here[name]: (name, shape) for name, shape in wanted.items()}


def _copy_facts(original, writer, name, kind):
    """Tokenizer, chat template and sizes as they stand in the original file."""
    from gguf import GGUFValueType, LlamaFileType

    for key, field in original.fields.items():
        if key not in KEPT_OUT:
            inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), field.types[0], sub_type=inner)
    writer.add_name(name)
    file_type = "ALL_F32" if kind.name == "F32" else f"MOSTLY_{kind.name}"
    writer.add_file_type(LlamaFileType[file_type].value)
    if kind.name == "Q8_0":
        writer.add_quantization_version(2)


def _announce(writer, name, shape, kind):
    import numpy as np
    from gguf import quants

    if kind.name == "Q8_0" and len(shape) > 1:
        packed = quants.quant_shape_to_byte_shape(shape, kind)
        writer.add_tensor_info(name, packed, np.dtype(np.uint8), math.prod(packed), raw_dtype=kind)
        return
    dtype = np.dtype(np.float16 if kind.name == "F16" and len(shape) > 1 else np.float32)
    writer.add_tensor_info(name, shape, dtype, math.prod(shape) * dtype.itemsize)


def _as_kind(matrix, shape, kind):
    """A tensor in the number format of the file; vectors stay in float32, as llama.cpp wants."""
    import numpy as np
    from gguf import quants

    matrix = np.ascontiguousarray(matrix)
    if len(shape) == 1 or kind.name == "F32":
        return matrix
    return matrix.astype(np.float16) if kind.name == "F16" else quants.quantize(matrix, kind)


def _turned(matrix, name, original):
    """Queries and keys with the pairs of each head side by side; everything else as it is."""
    counts = {"attn_q.weight": "head_count", "attn_k.weight": "head_count_kv"}
    key = next((count for end, count in counts.items() if name.endswith(end)), None)
    if key is None:
        return matrix
    heads = _fact(original, f"llama.attention.{key}")
    rows, columns = matrix.shape
    return (
        matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
    )


def _fact(original, key):
    return original.fields[key].contents()
