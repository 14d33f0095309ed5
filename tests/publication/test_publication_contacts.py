"""No release says an address or a telephone: one that would is refused whole, and the sentence says where, never which."""

import duckdb
import hand_made
import pytest

from expectations import seal
from publication.decision import Refused

EMAIL, PHONE = "zq@exemple.test", "06 12 34 56 78"
WHERE = {
    "member": ("update dim_breakdown set label = 'Phare {}' where member = '2023-04'", "ventilation month"),
    "title": ("update dim_programme set title = 'Conférence {}'", "programme HDF-CONF-2023"),
    "refusal": ("update landing.quarantine set message = 'Le mot {} ne va pas.'", "ligne 17 mise de côté d’un fichier de « programme_hdf »"),
}  # fmt: skip


def spoiled(desk, statement: str):
    made = desk.candidate()
    with duckdb.connect(str(made / "warehouse.duckdb")) as connection:
        connection.execute(statement)
        connection.execute("CHECKPOINT")
    seal(made, hand_made.DICTIONARY)
    return made


@pytest.mark.parametrize("typed", [EMAIL, PHONE])
@pytest.mark.parametrize("where", WHERE)
def test_a_contact_in_the_words_of_a_release_refuses_it(small_desk, where, typed):
    statement, said = WHERE[where]
    made = spoiled(small_desk, statement.format(typed))
    with pytest.raises(Refused, match="serait publié") as refused:
        small_desk.publish(made)
    assert said in str(refused.value) and typed not in str(refused.value)
    assert not [path for path in small_desk.releases.rglob("*.html")]


def test_a_contact_in_a_table_refuses_it(small_desk):
    rows = [*hand_made.events(), hand_made.row("ind_events", "EV01", "organiser", f"LABEL-{EMAIL}", 3)]
    with pytest.raises(Refused, match="tableau ind_events, colonne member") as refused:
        small_desk.night(ind_events=rows)
    assert EMAIL not in str(refused.value)


def test_the_name_of_a_file_that_is_a_contact_does_not_stop_a_release_and_is_not_said(desk):
    made = spoiled(desk, f"update landing.delivery set file_name = '{EMAIL}.xlsx'")
    release = desk.publish(made)
    assert not [path for path in release.public.rglob("*.html") if EMAIL in path.read_text(encoding="utf-8")]
