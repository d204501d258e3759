"""
The directive ``txtor-machine``: a state machine, drawn from the code by automat-visualize. Needs Graphviz's ``dot``.
"""

from __future__ import annotations

import os
import shutil
from typing import Any

from automat._visualize import tool  # the program automat-visualize
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

#: The modules whose machines are drawn, each of which has one.
MODULES = (
    "txtor.control._lifecycle",
    "txtor.control._assembly",
    "txtor.control._authentication",
    "txtor.socks._negotiation",
    "txtor.process._bootstrap",
    "txtor.service._machine",
    "txtor.onion._publication",
    "txtor.balance._machine",
)


def drawing(module: str) -> str:
    """
    The name of the file with a module's machine.
    """
    return module.removeprefix("txtor.").replace("._", "-") + ".svg"


def draw(app: Sphinx) -> None:
    """
    Draw all machines into the output.
    """
    if app.builder.name != "html":
        return
    if shutil.which("dot") is None:
        raise ExtensionError("Graphviz's dot is needed to draw the machines: apt-get install graphviz")
    folder = os.path.join(app.outdir, "_machines")
    os.makedirs(folder, exist_ok=True)
    for module in MODULES:
        made = os.path.join(folder, "made")
        shutil.rmtree(made, ignore_errors=True)
        tool(_argv=[module, "--quiet", "--image-type=svg", f"--image-directory={made}", f"--dot-directory={made}"])
        (image,) = (name for name in os.listdir(made) if name.endswith(".svg"))
        os.replace(os.path.join(made, image), os.path.join(folder, drawing(module)))
        shutil.rmtree(made)


class Machine(SphinxDirective):
    """
    ``.. txtor-machine:: txtor.control._lifecycle``.
    """

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        """
        The picture, which links to itself in full size.
        """
        module = self.arguments[0]
        if module not in MODULES:
            raise self.error(f"{module} is not among the machines that are drawn.")
        path = "../" * self.env.docname.count("/") + f"_machines/{drawing(module)}"
        html = f'<a href="{path}"><img src="{path}" alt="The states of {module}" style="max-width: 100%; background: white"></a>'
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """
    For Sphinx.
    """
    app.add_directive("txtor-machine", Machine)
    app.connect("builder-inited", draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
