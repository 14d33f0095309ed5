"""The page handed to a person who asks for what is held on them is in French, and changes nothing of what was sent."""

from identity.vault import IDENTITIES
from orchestration.person_export import called, page
from sources.entities import ENTITIES, LINEAGE

ROW = {
    "titre": "Émargement", "fichier": "a.csv", "recu_le": "2026-11-05T09:00:00+00:00", "en_vigueur": True, "ligne": 4, "conservation": [],
    "cellules": {"is_vip": "True", "Nom": "<b>"}, "identite": {"family_name": "email", "person_basis": "email"},
    "lu": {"is_present": "True", "siret_state": "missing", "event_id": "E1"}, "deduit": {"deja_venue_une_annee_precedente": False},
    "base_legale": "",
}  # fmt: skip
DOCUMENT = {
    "objet": "Données", "fait_le": "2026-11-06T10:00:00+00:00", "responsable": {}, "destinataires": [], "droits": "", "nb_lignes": 1,
    "mentions_dans_des_lignes_d_autres_personnes": [], "mentions_dans_des_classeurs_de_retour": 0, "fichiers_dont_le_nom_la_cite": 0,
    "fichiers_du_depot_non_lus_qui_la_citent": 0, "lignes": [ROW],
}  # fmt: skip


def test_every_column_that_may_be_shown_has_a_name_in_french():
    columns = {name for entity in ENTITIES.values() if entity.personal for name in (*entity.columns, *entity.personal)}
    shown = (columns | set(LINEAGE) | set(IDENTITIES.names)) - {"source", "delivery_id", "file_name", "row_number"}
    assert shown - called().keys() == set()


def test_the_page_is_in_words_and_leaves_what_was_sent_as_it_was():
    text = page(DOCUMENT)
    assert "Fait le 06/11/2026" in text and "reçu le 05/11/2026" in text
    for line in (
        "<th>is_vip</th><td>True</td>",
        "<th>Nom</th><td>&lt;b&gt;</td>",
        "<th>nom</th><td>email</td>",
        "<th>ce qui reconnaît la personne</th><td>son adresse électronique</td>",
        "<th>présence</th><td>oui</td>",
        "<th>contrôle du SIRET</th><td>aucun</td>",
        "<th>événement</th><td>E1</td>",
        "<th>déjà venue une année précédente</th><td>non</td>",
    ):
        assert line in text, line
