"""What the system answers when it cannot write or read, in the words of whoever is to do something about it.

Belongs here: the answers that a night may meet. Does not belong here: which step met them (`night.py`, `command.py`).
"""

import errno

SENTENCES = {
    errno.ENOSPC: "le disque est plein, libérer de la place puis relancer",
    errno.EDQUOT: "le quota du disque est atteint, libérer de la place puis relancer",
    errno.EACCES: "accès refusé, vérifier à qui appartiennent les fichiers et leurs droits",
    errno.EPERM: "opération refusée par le système, vérifier à qui appartiennent les fichiers et leurs droits",
    errno.EROFS: "le disque est en lecture seule",
    errno.EIO: "le disque ne répond pas comme il devrait, le faire vérifier",
    errno.ENOENT: "fichier ou dossier introuvable",
    errno.EMFILE: "trop de fichiers ouverts à la fois",
    errno.ENOMEM: "la mémoire ne suffit pas",
}


def told(error: OSError) -> str:
    """The cause in French; the system's own words for what is not listed, nothing when it has none."""
    return SENTENCES.get(error.errno or 0) or error.strerror or ""
