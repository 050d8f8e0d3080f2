"""JupyterLab and Chromium for the tests: start both, open a notebook, run it, check the page.

JupyterLab listens on loopback with a random token. It serves a copy of the project, so the tests
change no file of the real one. Settings, history and the kernels' home are temporary folders, so a
person's own settings have no effect. Playwright drives the system's Chromium and downloads no
other browser. The tests use the keyboard only. Names of controls, contrast and width are measured
in the page itself.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import nbformat

from helpers.run import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, BROWSERS) if path), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SHOTS = ROOT / "runs" / "screenshots"
OUTPUT = ".jp-OutputArea-output"
VIEW = f"{OUTPUT} > .jupyter-widgets"
CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
CONTROLS = ", ".join(
    f"{OUTPUT} {kind}" for kind in ("input", "textarea", "select", "button", "summary", "progress")
)
PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.innerText)"
# After an intended error, JupyterLab shows the next cells as if they were not waiting, while the
# kernel still runs them. So a run has ended when all cells have a number, or when nothing changes
# for ten seconds.
ENDED = f"""() => {{
    const runs = {PROMPTS}.some(text => text.includes('*')) || !document.querySelector('{IDLE}');
    window.idleChecks = runs ? 0 : (window.idleChecks || 0) + 1;
    return window.idleChecks >= ({PROMPTS}.every(text => /[0-9]/.test(text)) ? 1 : 40);
}}"""
UNSHOWN = f"""[...document.querySelectorAll('{OUTPUT}')].filter(
    output => output.querySelector('.jupyter-widgets-error-widget')
    || /^(Error displaying|Error creating|Loading) widget/.test(output.innerText)
).map(output => output.innerText.slice(0, 200))"""
SETTINGS = {
    # Every cell is in the page, also outside the visible part, and no dialog covers it.
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
    "apputils-extension/notification": {"fetchNews": "false"},
}


def project_copy(folder):
    """Copy the project into ``folder``, with notebooks without outputs; returns ``folder``.

    Links would not do, because JupyterLab shows no pictures outside its folder. The cache of
    converted models is shared by a link.
    """
    cache = ROOT / "runs" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    ignored = shutil.ignore_patterns(".*", "runs", "__pycache__")
    shutil.copytree(ROOT, folder, ignore=ignored, dirs_exist_ok=True)
    (folder / "runs").mkdir()
    (folder / "runs" / "cache").symlink_to(cache)
    for path in (folder / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)
    return folder


@contextmanager
def jupyter(folder, **environment):
    """Run JupyterLab in ``folder``; yields its address, with ``{}`` for the path of a file."""
    token, own = secrets.token_hex(16), folder / ".jupyter"
    for name, values in SETTINGS.items():
        path = own / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON"))}
    environment = {
        **inherited,
        **{f"JUPYTER_{key}_DIR": str(own / key) for key in ("CONFIG", "DATA", "RUNTIME")},
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "JUPYTER_TOKEN": token,
        "HOME": str(own),
        **environment,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += ["--ip=127.0.0.1", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    with open(own / "log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield f"{_address(server, own)}lab/tree/{{}}?reset&token={token}"
    finally:
        server.terminate()  # its kernels end too
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def _address(server, own, deadline=120):
    """The address in the server's status file, once the server answers there."""
    end = time.monotonic() + deadline
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError, ValueError):
            status = (own / "RUNTIME" / f"jpserver-{server.pid}.json").read_text()
            url = json.loads(status)["url"]
            urlopen(f"{url}api", timeout=5).close()
            return url
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{(own / 'log').read_text()[-3000:]}")


@contextmanager
def chromium():
    """Run Chromium with a new profile; yields Playwright's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        own = {**os.environ, "XDG_CONFIG_HOME": folder}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env=own)
        yield browser
        browser.close()


@contextmanager
def opened(browser, address, path):
    """Open a notebook in JupyterLab; yields the page, once its kernel is ready, and its errors."""
    page, errors = browser.new_page(viewport={"width": 1300, "height": 1000}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("response", lambda r: r.status >= 400 and errors.append(f"{r.status} {r.url}"))
    page.goto(address.format(path))
    page.wait_for_selector(".jp-Notebook-cell:focus", timeout=120_000)
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready.then(() => null)")
    page.wait_for_selector(IDLE)  # before this, the indicator had no kernel
    try:
        yield page, errors
    finally:
        page.evaluate("jupyterapp.serviceManager.sessions.shutdownAll()")
        page.close()


def command(page, label):
    """Run a command from JupyterLab's command palette, with the keyboard."""
    page.keyboard.press("Control+Shift+C")
    page.wait_for_selector(".lm-CommandPalette-input:focus")
    page.keyboard.type(label)
    page.wait_for_selector(f".lm-CommandPalette-item.lm-mod-active:has-text('{label}')")
    page.keyboard.press("Enter")


def run_all(page, seconds=1800):
    """Run all cells and wait for their outputs; returns the notebook as a dict."""
    command(page, "Run All Cells")
    page.wait_for_function(f"{PROMPTS}.some(text => /[*0-9]/.test(text))")
    page.wait_for_function(ENDED, timeout=1000 * seconds, polling=250)
    with suppress(Exception):  # `unshown` reports widgets that are still missing
        page.wait_for_function(f"!({UNSHOWN}).length", timeout=20_000)
    return page.evaluate("jupyterapp.shell.currentWidget.model.toJSON()")


def unshown(page):
    """The texts of outputs that are shown in the place of a widget."""
    return page.evaluate(UNSHOWN)


def press_until(page, name, key="Tab", most=150):
    """Press a key until the control of that name in an output has the focus."""
    focused = f"[document.activeElement].filter(element => element.closest('{OUTPUT}'))"
    for _ in range(most):
        page.keyboard.press(key)
        if any(found == name for _, found in _named(page, focused)):
            return
    raise AssertionError(f"pressing {key} {most} times does not reach {name!r}")


def controls(page):
    """Role and accessible name of every control in the outputs, in order."""
    return _named(page, f"[...document.querySelectorAll('{CONTROLS}')]")


def _named(page, elements):
    """Role and name that Chromium gives screen readers for a JavaScript list of elements."""
    session, found = page.context.new_cdp_session(page), []
    for i in range(page.evaluate(f"{elements}.length")):
        element = session.send("Runtime.evaluate", {"expression": f"{elements}[{i}]"})["result"]
        query = {"objectId": element["objectId"], "fetchRelatives": False}
        node = session.send("Accessibility.getPartialAXTree", query)["nodes"][0]
        if not node["ignored"]:  # hidden elements are
            found.append(tuple(node.get(key, {}).get("value", "") for key in ("role", "name")))
    session.detach()
    return found


def use_theme(page, name):
    """Change JupyterLab's theme and wait until its colours are applied."""
    page.evaluate(
        "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name
    )
    page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
    page.wait_for_timeout(500)


def low_contrast(page, least=4.5):
    """Texts in outputs with too little contrast to their background (WCAG 1.4.3)."""
    return page.evaluate(CONTRAST, least)


def too_wide(page):
    """Outputs that are wider than their area, with both widths and their first words."""
    return page.evaluate(
        f"[...document.querySelectorAll('{OUTPUT}')].filter(o => o.scrollWidth > o.clientWidth + 1)"
        ".map(o => `${o.scrollWidth} in ${o.clientWidth}: ${o.innerText.slice(0, 60)}`)"
    )


def screenshot(page, name):
    """Save pictures of the whole notebook, from top to bottom, for people to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    notebook = page.locator(".jp-WindowedPanel-outer")
    page.set_viewport_size({"width": 1300, "height": 8000})
    page.wait_for_timeout(500)  # until the new height is applied
    height, at_once = notebook.evaluate("e => [e.scrollHeight, e.clientHeight]")
    for part, top in enumerate(range(0, height, at_once)):
        notebook.evaluate("(e, top) => e.scrollTo(0, top)", top)
        page.wait_for_timeout(500)
        notebook.screenshot(path=SHOTS / f"{name}_{part}.png")
    page.set_viewport_size({"width": 1300, "height": 1000})
