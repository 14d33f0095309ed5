"""From any released figure to the cells it comes from.

Belongs here: the entries that say how figures are made (`declared`, from `dbt_project/traces/`), running them on a released
warehouse (`figures`), where rows stand (`places`), one figure for staff (`origin`), the same figure in two releases (`revision`), all figures for a
page (`documents`), the files of these (`writing`).
Does not belong here: any definition of an indicator, any page.
"""

from publication.trace.declared import TraceError, Traces, entry_of, of_dictionary
from publication.trace.documents import documents, file_name, write
from publication.trace.figures import Mismatch, identity, is_secret, mismatches, released
from publication.trace.origin import Line, Origin, origin
from publication.trace.places import Places
from publication.trace.places import read as read_places
from publication.trace.revision import Revision, revision
from publication.warehouse import opened

__all__ = [
    "Line",
    "Mismatch",
    "Origin",
    "Places",
    "Revision",
    "TraceError",
    "Traces",
    "documents",
    "entry_of",
    "file_name",
    "identity",
    "is_secret",
    "mismatches",
    "of_dictionary",
    "opened",
    "origin",
    "read_places",
    "released",
    "revision",
    "write",
]
