"""Where settings come from, which wins, and what is said about slips."""

from datetime import timedelta
from pathlib import Path

import pytest

from filmgate.core.spec import Size
from filmgate.settings import Settings, SettingsError, unknown_variables
from scripts.settings_page import page


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> None:
    Path("filmgate.toml").write_text(text, encoding="utf-8")


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.load({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8024)
    assert settings.keep_for == timedelta(days=1)
    assert settings.database_url is None
    assert settings.slots >= 1


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write('port = 1\nhost = "file"\nslots = 3')
    monkeypatch.setenv("FILMGATE_PORT", "2")
    monkeypatch.setenv("FILMGATE_HOST", "variable")
    settings = Settings.load({"port": 4, "host": None})
    assert (settings.port, settings.host, settings.slots) == (4, "variable", 3)


@pytest.mark.parametrize(
    ("text", "length"), [("86400", 86400), ("PT1H", 3600), ("P1D", 86400), ("90", 90)]
)
def test_a_duration_may_be_seconds_or_iso_8601(
    text: str, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILMGATE_KEEP_FOR", text)
    assert Settings.load({}).keep_for == timedelta(seconds=length)


def test_an_unknown_key_in_the_file_names_the_nearest() -> None:
    write("databse_url = 'x'")
    with pytest.raises(SettingsError, match=r"databse_url is not a setting. Did you mean database"):
        Settings.load({})


def test_an_unknown_key_of_a_model_names_the_nearest() -> None:
    write('[models."sora-2"]\nsecond = [4]')
    with pytest.raises(SettingsError, match=r"models\.sora-2\.second.*Did you mean seconds"):
        Settings.load({})


def test_a_file_that_was_named_must_exist() -> None:
    with pytest.raises(SettingsError, match=r"other\.toml cannot be read"):
        Settings.load({}, config=Path("other.toml"))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "99999", "port: Input should be less than or equal to 65535"),
        ("SLOTS", "0", "slots"),
        ("SPEED", "warp", "speed: Input should be 'full' or 'tiny'"),
        ("PUBLIC_URL", "example.org", "public_url"),
        ("API_KEY", "short", "api_key: .*8 to 255"),
        ("API_KEY", "two words", "api_key: .*ASCII, no spaces"),
        ("API_KEY", "schlüssel123", "api_key: .*ASCII, no spaces"),
        ("API_KEY", "sk-fg-of-my-own", "api_key: .*only if filmgate made it"),
        ("KEEP_FOR", "0", "keep_for: .*at least one second"),
        ("KEEP_RECORDS", "3600", "keep_records: .*at least a day"),
        ("QUEUE_TIME_LIMIT", "P90D", "keep_records: .*longer than queue_time_limit"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"FILMGATE_{name}", value)
    with pytest.raises(SettingsError, match=words):
        Settings.load({})


def test_a_refusal_does_not_repeat_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILMGATE_API_KEY", "hush-me")
    with pytest.raises(SettingsError) as caught:
        Settings.load({})
    assert "hush-me" not in str(caught.value)


def test_secrets_print_as_stars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILMGATE_DATABASE_URL", "postgresql://u:hush@h/d")
    monkeypatch.setenv("FILMGATE_API_KEY", "hush-hush-hush")
    assert "hush" not in repr(Settings.load({}))


def test_a_slip_in_a_variables_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILMGATE_PROT", "1")
    [sentence] = unknown_variables()
    assert sentence == (
        "FILMGATE_PROT is not a setting and is ignored. Did you mean FILMGATE_PORT?"
    )


def test_the_clients_variables_and_kubernetes_links_are_no_slips(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FILMGATE_URL", "http://x")
    monkeypatch.setenv("FILMGATE_PORT", "tcp://10.0.0.1:8024")
    monkeypatch.setenv("FILMGATE_PORT_8024_TCP_ADDR", "10.0.0.1")
    monkeypatch.setenv("FILMGATE_SERVICE_HOST", "10.0.0.1")
    assert unknown_variables() == []
    assert Settings.load({}).port == 8024


def test_the_file_changes_a_model_and_adds_one() -> None:
    write(
        """
        [models."sora-2"]
        seconds = [6]
        [models.house]
        sizes = ["512x512"]
        price_per_second = 5
        """
    )
    catalogue = Settings.load({}).catalogue()
    assert catalogue.model("sora-2").seconds == (6,)
    assert catalogue.model("sora-2").images == 3
    assert catalogue.model("house").sizes == (Size(512, 512),)
    assert catalogue.model("house").price_per_second == 5


@pytest.mark.parametrize("price", [-1, 10**12 + 1, 99999999999999999999])
def test_a_price_that_no_ledger_can_hold_is_refused(price: int) -> None:
    write(f"[models.house]\nprice_per_second = {price}")
    with pytest.raises(SettingsError, match=r"models\.house\.price_per_second"):
        Settings.load({})


@pytest.mark.parametrize("size", ["1x1", "8192x8192", "wide"])
def test_a_size_that_cannot_be_encoded_is_refused(size: str) -> None:
    write(f'[models.house]\nsizes = ["{size}"]')
    with pytest.raises(SettingsError, match=r"models\.house\.sizes"):
        Settings.load({})


def test_the_reference_page_is_current(request: pytest.FixtureRequest) -> None:
    written = (request.config.rootpath / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == page(), "run: make docs"


def test_an_empty_variable_is_one_that_was_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATA", "API_KEY", "PORT"):
        monkeypatch.setenv(f"FILMGATE_{name}", "")
    assert Settings.load({}) == Settings.model_validate({})


def test_a_tilde_means_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILMGATE_DATA", "~/films")
    assert Settings.load({}).data == Path.home() / "films"


@pytest.mark.parametrize(
    "url", ["postgresql://u:pa/ss@h/d", "postgresql://u:pa#ss@h/d", "mysql://h/d", "h:5432", "x"]
)
def test_a_database_url_is_checked_without_showing_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILMGATE_DATABASE_URL", url)
    with pytest.raises(SettingsError, match=r"database_url: .*must be postgresql://") as caught:
        Settings.load({})
    assert "pa/ss" not in str(caught.value)
    assert "pa#ss" not in str(caught.value)


@pytest.mark.parametrize("text", ["10:00", "300000000000"])
def test_a_duration_that_means_something_else_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILMGATE_KEEP_FOR", text)
    with pytest.raises(SettingsError, match="keep_for"):
        Settings.load({})


CLOUD = '[engines.cloud]\nkind = "videos_api"\nurl = "https://videos.example.org/v1/"\n'


def test_an_upstream_is_a_table() -> None:
    write(CLOUD + 'idempotency_window = 72000\nmodels = {"sora-2" = "theirs"}')
    cloud = Settings.load({}).engines["cloud"]
    assert (cloud.url, cloud.charges, cloud.can_list) == ("https://videos.example.org", True, False)
    assert cloud.idempotency_window == timedelta(hours=20)
    assert cloud.models == {"sora-2": "theirs"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CLOUD + "charge = false", "Did you mean charges"),
        (CLOUD.replace("cloud", "scenes"), "embedded engine"),
        (CLOUD.replace("https", "ftp"), "must be an address"),
        (CLOUD.replace("https://", "https://me:secret@"), "no user name or password"),
        (CLOUD + 'api_key_variable = "FILMGATE_KEY"', "api_key_variable"),
        (CLOUD.replace("https", "http") + 'api_key_variable = "K"', "over https only"),
    ],
)
def test_a_table_of_an_upstream_that_cannot_be_is_refused(text: str, words: str) -> None:
    write(text)
    with pytest.raises(SettingsError, match=words) as refused:
        Settings.load({})
    assert "secret" not in str(refused.value)


def test_an_upstreams_key_is_read_from_the_variable_that_it_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(CLOUD + 'api_key_variable = "CLOUD_API_KEY"')
    settings = Settings.load({})
    with pytest.raises(SettingsError, match=r"engines\.cloud: the variable CLOUD_API_KEY"):
        settings.upstream_keys()
    monkeypatch.setenv("CLOUD_API_KEY", "up-secret-key")
    keys = settings.upstream_keys()
    assert keys["CLOUD_API_KEY"].get_secret_value() == "up-secret-key"
    assert "up-secret-key" not in f"{keys} {settings!r}"
