"""The French portal of one release: pages that open from a disk, without a server and without the network."""

from publication.portal.edition import Edition
from publication.portal.pages import Portal, warm_up, write

__all__ = ["Edition", "Portal", "warm_up", "write"]
