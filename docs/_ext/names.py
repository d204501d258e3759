"""
The role ``txtor``, which is the default: a name in backticks must exist in the code, and links to its page in the reference.

A name is whole (``txtor.state.TorState``) or begins in one of the packages (``TorState.build_circuit``). With ``~`` in front only
its last part is shown. What does not exist is a warning, and so an error where warnings are.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from resolving import candidates, is_known, whole_names
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

_log = logging.getLogger(__name__)


class Name(SphinxRole):
    """
    A name of txtor's.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """
        The name, with a link where the reference has it.
        """
        text = self.text.lstrip("~")
        shown = text.rpartition(".")[2] if self.text.startswith("~") else text
        literal = nodes.literal(self.rawtext, shown, classes=["xref", "py", "py-obj"])
        inventory = self.inventory()
        for whole in whole_names(text):
            for candidate in candidates(whole):
                if candidate in inventory:
                    link = nodes.reference(self.rawtext, "", literal, internal=False, refuri=self.uri(inventory[candidate]))
                    return [link], []
        if not is_known(text):
            _log.warning("There is no %r in txtor.", text, location=self.get_location(), type="txtor", subtype="name")
        return [literal], []

    def inventory(self) -> dict[str, Any]:
        """
        By name, what the reference has.
        """
        every = getattr(self.env, "intersphinx_inventory", {})
        return {name: item for kind, items in every.items() if kind.startswith("py:") for name, item in items.items()}

    def uri(self, item: Any) -> str:
        """
        The address, from the page that the name is on.
        """
        depth = len(PurePosixPath(self.env.docname).parts) - 1
        return "../" * depth + str(item.uri)


def setup(app: Sphinx) -> dict[str, Any]:
    """
    For Sphinx.
    """
    app.add_role("txtor", Name())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
