"""What the standard library raises on a ZIP archive that is cut, spoiled, encrypted or packed in a way it does not know.

Belongs here: that list, for who only looks into an archive. Does not belong here: reading one within limits (`readers.archive`).
"""

import lzma
import zipfile
import zlib

UNREADABLE = (OSError, KeyError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
