"""
The documents of Tor's directory: read, checked, verified and written.
"""

from ._document import Annotation, Document
from ._items import Item

__all__ = [
    "Annotation",
    "Document",
    "Item",
]
