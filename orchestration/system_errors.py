"""What the system answers when it cannot write or read, in the words of whoever is to do something about it.

Belongs here: the answers that a night may meet. Does not belong here: which step met them (`night.py`, `command.py`).
"""

import errno
import shutil
from pathlib import Path

#: Of a disk that was filled, a page or two may be free again by the time it is looked at.
NEXT_TO_NOTHING = 1 << 20

SENTENCES = {
    errno.ENOSPC: "le disque est plein, libérer de la place puis relancer",
    errno.EDQUOT: "le quota du disque est atteint, libérer de la place puis relancer",
    errno.EACCES: "accès refusé, vérifier à qui appartiennent les fichiers et leurs droits",
    errno.EPERM: "opération refusée par le système, vérifier à qui appartiennent les fichiers et leurs droits",
    errno.EROFS: "le disque est en lecture seule",
    errno.EIO: "le disque ne répond pas comme il devrait, le faire vérifier",
    errno.ENOENT: "fichier ou dossier introuvable",
    errno.ENOTDIR: "un fichier est là où un dossier est attendu, le déplacer",
    errno.EISDIR: "un dossier est là où un fichier est attendu, le déplacer",
    errno.EEXIST: "un fichier est déjà là, le déplacer",
    errno.ELOOP: "des liens symboliques tournent en rond, les refaire",
    errno.ENAMETOOLONG: "le chemin est trop long",
    errno.ESTALE: "le partage a changé sous le programme, le remonter puis relancer",
    errno.ETXTBSY: "le fichier est occupé par un autre programme",
    errno.EMFILE: "trop de fichiers ouverts à la fois",
    errno.ENOMEM: "la mémoire ne suffit pas",
}


def told(error: OSError) -> str:
    """The cause in French; the system's own words for what is not listed, nothing when it has none."""
    return SENTENCES.get(error.errno or 0) or error.strerror or ""


def is_full(place: Path) -> bool:
    """Whether nothing more can be written there: engines say it in words of their own, or not at all."""
    try:
        return shutil.disk_usage(place).free < NEXT_TO_NOTHING
    except OSError:
        return False
