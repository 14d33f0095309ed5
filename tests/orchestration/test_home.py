import os
import stat

from orchestration.home import PROJECT, Home, Settings, host_of


def test_the_environment_chooses_the_home_and_var_is_the_default(tmp_path):
    assert Home.from_environment({"OBSERVATOIRE_HOME": str(tmp_path / "x")}).root == tmp_path / "x"
    assert Home.from_environment({}).root == PROJECT / "var"
    assert Home.from_environment({"OBSERVATOIRE_HOME": "  "}).root == PROJECT / "var"


def test_everything_written_stands_in_the_home(tmp_path):
    home = Home(tmp_path / "var").ensure()
    written = (home.inbox, home.originals, home.landing, home.ledger, home.vault, home.warehouse, home.last_night)
    written += (home.unfinished, home.lock, home.releases, home.dagster, home.logs, home.dbt_target, home.manifest)
    assert all(home.root in path.parents for path in written)
    assert home.inbox.is_dir() and home.logs.is_dir()
    assert stat.S_IMODE(os.stat(home.vault).st_mode) == 0o700


def test_settings_never_show_their_secrets():
    secret = "smtp://robot:s3cret@mail.example.org:587?from=a@example.org&to=b@example.org"
    settings = Settings.from_environment(
        {"OBSERVATOIRE_ALERT_SMTP": secret, "OBSERVATOIRE_KEEP_RUNS_DAYS": "30", "OBSERVATOIRE_DBT_THREADS": "-1"}
    )
    assert (settings.alert_smtp, settings.keep_runs_days, settings.dbt_threads) == (secret, 30, 2)
    assert "s3cret" not in repr(settings)
    assert host_of(secret) == "mail.example.org"
    assert host_of("https://hooks.example.org/services/T0/s3cret") == "hooks.example.org"
    assert host_of("not an address") == "?"
