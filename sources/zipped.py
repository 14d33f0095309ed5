"""What the standard library raises on a ZIP archive that is cut, spoiled, encrypted or packed in a way it does not know.

Belongs here: the two lists, of a part and of a whole archive. Does not belong here: reading one within limits (`readers.archive`).
"""

import lzma
import zipfile
import zlib

SPOILED = (OSError, EOFError, zlib.error, lzma.LZMAError, NotImplementedError)
"""Raised by a part that is spoiled, or packed in a way that the library does not know (`NotImplementedError` is its own)."""

UNREADABLE = (*SPOILED, KeyError, ValueError, RuntimeError, zipfile.BadZipFile)
