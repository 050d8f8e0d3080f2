"""The run folder: what each lesson leaves behind, and a manifest by which the next one checks it.

run_folder  Run and open_run: files of a run, record a finished step, check earlier steps
manifest  what the manifest holds; has a file changed since a step was finished?
hashing   hash a file or a folder
shipped_run  the small finished run that comes with the project
"""

from helpers.run.hashing import hash_path
from helpers.run.manifest import RunError
from helpers.run.run_folder import LESSONS, ROOT, Run, open_run
from helpers.run.shipped_run import ship

__all__ = ["LESSONS", "ROOT", "Run", "RunError", "hash_path", "open_run", "ship"]
