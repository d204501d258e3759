"""
Sphinx configuration. Nothing is fetched: the pages build offline.

    python -m sphinx -n -T -W -b html docs docs/_build/html
"""

from __future__ import annotations

import logging
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(pathlib.Path(__file__).parent / "_ext")]

from txtor import __version__  # noqa: E402  # not before the path is set

project = "txtor"
author = "The txtor maintainers"
copyright = author
version = release = __version__

extensions = [
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",  # with no inventory but that of pydoctor below, which is a file
    "pydoctor.sphinx_ext.build_apidocs",
    "names",
    "tables",
    "machines",
]
exclude_patterns = ["_build"]
default_role = "txtor"
html_theme = "furo"
html_title = f"txtor {version}"
html_show_copyright = False
highlight_language = "python"
nitpicky = True

#: What cannot be resolved, with the reason for each. There are none: names of Twisted and Python are written as literals.
nitpick_ignore: list[tuple[str, str]] = []

pydoctor_args = [
    "--html-output={outdir}/api",
    "--project-name=txtor",
    f"--project-version={version}",
    "--docformat=restructuredtext",
    f"--project-base-dir={ROOT}",
    "--privacy=HIDDEN:txtor.test",
    "--sidebar-expand-depth=1",
    str(ROOT / "txtor"),
]
pydoctor_url_path = "api/"

#: What pydoctor says and need not, each with its reason.
PYDOCTOR_REMARKS = (
    # Names of Twisted and Python, whose pages cannot be asked while building offline.
    r'Cannot find link target for "(?!txtor\.)',
    # Names without their class, which are clear to the reader of the docstring.
    r"ambiguous ref to ",
    r'Cannot find link target for "txtor\.[\w.]+", resolved from ',
    # The Interface has two names.
    r'Interface "txtor\.state\._listeners\.IAddrListener" not found',
    # ":param version: 3." is taken for the beginning of a list, and shown as the number all the same.
    r"Enumerated list start value not ordinal-1",
    # A literal with a blank at its end, which is meant.
    r"directory/_versions\.py:\d+: bad docstring: Inline literal start-string without end-string",
    # A table with an empty cell in a private module, shown as it was written.
    r"directory/_exit_rule\.py:\d+: bad docstring: SAXParseException",
    # These come behind what is told above.
    r"these \d+ objects' docstrings contain syntax errors:$",
    r"^    txtor\.[\w.]+$",
)


class _Remarks(logging.Filter):
    """
    Lets through what pydoctor says but for `PYDOCTOR_REMARKS`.
    """

    known = re.compile("|".join(PYDOCTOR_REMARKS))

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno < logging.WARNING or self.known.search(record.getMessage()) is None


logging.getLogger("sphinx.pydoctor.sphinx_ext.build_apidocs").addFilter(_Remarks())
