"""Numbers of participants: bounds computed by hand from the convention, every refusal with its sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.values.counts import CountValue, parse_count
from sources.values.refusal import Refused


def exact(n):
    return CountValue(n, n, n, "exact")


def about(n, lower, upper):
    return CountValue(n, lower, upper, "approximate")


QUALITATIVE, LISTED, MISSING = CountValue(precision="qualitative"), CountValue(precision="listed"), CountValue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # delivered
        ("65", exact(65)),
        ("65 PARTICIPANTS", exact(65)),
        ("environ 150 personnes", about(150, 135, 165)),
        ("une quinzaine d'acteurs", about(15, 12, 18)),
        ("une quinzaine d’acteurs", about(15, 12, 18)),
        ("venus.es en grand nombre de toute la France", QUALITATIVE),
        ("(liste nominative)", LISTED),
        ("", MISSING),
        (None, MISSING),
        # ways of writing one number
        ("65.0", exact(65)),
        ("12,0", exact(12)),
        ("0", exact(0)),
        ("aucun", exact(0)),
        ("1 055", exact(1055)),
        ("1\u00a0055", exact(1055)),
        ("1\u202f055 personnes", exact(1055)),
        ("trois", exact(3)),
        ("Deux personnes", exact(2)),
        ("vingt et un", exact(21)),
        ("soixante-quinze", exact(75)),
        ("quatre-vingt-dix-neuf", exact(99)),
        ("deux cents", exact(200)),
        ("12 participant·e·s", exact(12)),
        ("20 présent(e)s", exact(20)),
        ("18 pers.", exact(18)),
        # approximations
        ("30 env.", about(30, 27, 33)),
        ("~30", about(30, 27, 33)),
        ("150 personnes environ", about(150, 135, 165)),
        ("environ 15", about(15, 13, 17)),  # 13.5 to 16.5, outwards
        ("vingtaine", about(20, 16, 24)),
        ("Une trentaine", about(30, 24, 36)),
        ("une dizaine", about(10, 8, 12)),
        ("une douzaine", about(12, 9, 15)),  # 9.6 to 14.4, outwards
        ("une centaine de personnes", about(100, 80, 120)),
        ("deux dizaines", about(20, 16, 24)),
        ("environ une vingtaine", about(20, 16, 24)),
        ("près de 160", about(159, 144, 159)),
        ("près d'une centaine", about(99, 90, 99)),
        ("plus de 100", about(101, 101, None)),
        ("100+", about(101, 101, None)),
        ("moins de 20", about(19, 0, 19)),
        ("au moins 12", about(12, 12, None)),
        ("jusqu'à 50", about(50, 0, 50)),
        ("entre 15 et 20", about(18, 15, 20)),  # 17.5, half up
        ("15 à 20 personnes", about(18, 15, 20)),
        ("15-20", about(18, 15, 20)),
        ("15 – 20 pers.", about(18, 15, 20)),
        ("10-100", about(55, 10, 100)),
        ("20 à 15", about(18, 15, 20)),
        ("5 à 120", about(63, 5, 120)),
        ("entre dix et vingt", about(15, 10, 20)),
        # words without a number
        ("nombreux", QUALITATIVE),
        ("plusieurs dizaines de personnes", QUALITATIVE),
        ("cf. liste d'émargement", LISTED),
        ("19 (liste nominative)", CountValue(19, 19, 19, "listed")),
        # ways of writing nothing
        ("-", MISSING),
        ("?", MISSING),
        ("n.d.", MISSING),
        ("NC", MISSING),
        ("non communiqué", MISSING),
    ],
)
def test_counts(text, expected):
    assert parse_count(text) == expected


def refused_message(text, **options):
    with pytest.raises(Refused) as refusal:
        parse_count(text, **options)
    return refusal.value.rule, refusal.value.message


@pytest.mark.parametrize(
    "text",
    [
        "X",
        "Gratuit",
        "15 à 20 €",
        "65 euros",
        "10 55",
        "65 participants dont 12 en visio",
        "deux trois",
        "12 + 3",
        "15 - 3",
        "2023-11",
        "5-120",
        "0-15",
        "65¹",
        "1½",
        "nombreux, 12 ou 13 peut-être",
    ],
)
def test_what_is_not_a_number_of_participants(text):
    assert refused_message(text) == (
        "compte_incompris",
        f"« {text} » n'est pas un nombre de participants. Écrivez un nombre (65) ou un ordre de grandeur (environ 150, "
        "une vingtaine, entre 15 et 20), ou laissez la cellule vide si vous ne le connaissez pas.",
    )


@pytest.mark.parametrize("text", ["-5", "−5", "- 5 personnes"])
def test_negative(text):
    assert refused_message(text) == (
        "compte_negatif",
        f"« {text} » : un nombre de participants ne peut pas être négatif. Corrigez-le, ou laissez la cellule vide si "
        "vous ne le connaissez pas.",
    )


def test_too_many():
    assert refused_message("0612345678") == (
        "compte_excessif",
        "« (téléphone) » dépasse 100 000 participants. Vérifiez que ce n'est pas un numéro de téléphone, un code postal "
        "ou un montant.",
    )
    for text in ("600", "plus de 500", "entre 450 et 550"):
        assert refused_message(text, maximum=500)[0] == "compte_excessif"
    assert parse_count("500", maximum=500) == exact(500)


@pytest.mark.parametrize("text", ["9" * 16, "9" * 5_000, "9" * 5_000 + " dizaines", "environ " + "9" * 5_000])
def test_more_digits_than_any_number_has(text):
    assert refused_message(text)[0] == "compte_incompris"


def test_not_whole():
    assert refused_message("12,5") == (
        "compte_non_entier",
        "« 12,5 » n'est pas un nombre entier de participants. Écrivez un nombre sans virgule.",
    )
    for text in ("entre 15 et 20,5", "entre 14,5 et 20"):
        assert refused_message(text)[0] == "compte_non_entier"


def test_ambiguous_thousands():
    assert refused_message("1.055") == (
        "compte_ambigu",
        "« 1.055 » peut se lire de deux façons. Écrivez le nombre sans point ni virgule, par exemple 1055.",
    )


@given(st.integers(0, 100_000), st.sampled_from(["{}", "{} participants", "({})", "{},0"]))
def test_a_number_comes_back(n, form):
    assert parse_count(form.format(n)) == exact(n)


@given(st.integers(1, 9_000), st.sampled_from(["environ {}", "près de {}", "plus de {}", "moins de {}", "au moins {}"]))
def test_the_value_lies_within_its_bounds(n, form):
    found = parse_count(form.format(n))
    assert found.lower <= found.value <= (found.value if found.upper is None else found.upper)


@given(st.text(max_size=30))
def test_any_text_gives_a_count_or_a_refusal(text):
    try:
        found = parse_count(text)
    except Refused as refusal:
        assert refusal.message.endswith(".")
    else:
        assert (found.value is None) == (found.precision in ("qualitative", "missing")) or found.precision == "listed"
