"""No secret shows: not in logs, errors, tracebacks, process titles, answers, nor in what the commands print.

A real server has a recognisable secret in every setting that holds one, and meets trouble of many kinds.
"""

import asyncio
import json
import subprocess
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from traceback import format_exception

import asyncpg
import httpx2
import psutil
import pytest
from pydantic import SecretStr

from filmgate.cli import doctor, keys
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import migrate
from filmgate.settings import Settings, SettingsError
from tests.e2e.server import COMMAND, Process, Relay, environment, serving

API_KEY = "api-key-4b1f-not-to-be-seen"
PASSWORD = "password-7c20-not-to-be-seen"
STORAGE_KEY = "storage-key-9e3d-not-to-be-seen"
MODERATION_KEY = "moderation-key-a5f8-not-to-be-seen"
MISTYPED_KEY = "sk-fg-mistyped-d1c6-not-to-be-seen"
TOKEN = "token-e8b7-not-to-be-seen"
PROMPT = "A wish f0a2 that is not to be seen"

UNREACHABLE = "127.0.0.1:1"

SETTINGS: Mapping[str, str] = {
    "api_key": API_KEY,
    "database_url": f"postgresql://filmgate:{PASSWORD}@{UNREACHABLE}/filmgate",
    "storage_url": f"s3://films/all?endpoint=http://{UNREACHABLE}&region=eu-central-1"
    f"&access_key_id=filmgate&secret_access_key={STORAGE_KEY}",
    "moderation_key": MODERATION_KEY,
}
"""By name, every setting that holds a secret."""

NEVER = {API_KEY, PASSWORD, STORAGE_KEY, MODERATION_KEY, MISTYPED_KEY}
"""What nobody is shown. A client's own tokens and prompts are shown to that client, and logged nowhere."""

BAD_URLS = (
    f"postgresql://filmgate:{PASSWORD}@{UNREACHABLE}/filmgate",
    f"postgresql://filmgate:{PASSWORD}@{UNREACHABLE}/filmgate?sslmode=sometimes",
    f"postgresql://filmgate:{PASSWORD}@{UNREACHABLE}/filmgate?sslrootcert=/nowhere",
    f"postgresql://filmgate:{PASSWORD}@127.0.0.1:port/filmgate",
    f"postgresql://filmgate:{PASSWORD}@[::1/filmgate",
    f"postgresql://filmgate:{PASSWORD}/and/a/slash@127.0.0.1/filmgate",
    f"postgresql://filmgate:{PASSWORD}#sharp@127.0.0.1/filmgate",
    f"postgresql://filmgate:{PASSWORD}?odd@127.0.0.1/filmgate",
    f"postgresql://filmgate:at@{PASSWORD}@{UNREACHABLE}/filmgate",
    f"postgresql:///filmgate?host=127.0.0.1&port=1&password={PASSWORD}",
    f"mysql://filmgate:{PASSWORD}@127.0.0.1/filmgate",
    f"{PASSWORD}",
)


def test_every_setting_that_holds_a_secret_is_tried() -> None:
    hints = {name: field.annotation for name, field in Settings.model_fields.items()}
    secret = {name for name, hint in hints.items() if SecretStr in (hint, *typing.get_args(hint))}
    assert secret == set(SETTINGS)


def test_settings_show_stars_where_secrets_are() -> None:
    settings = Settings.load(dict(SETTINGS))
    shown = [repr(settings), str(settings), settings.model_dump_json(), f"{settings.model_dump()}"]
    assert [each for each in shown if any(secret in each for secret in NEVER)] == []
    assert all("**********" in each for each in shown)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_refused_setting_is_not_repeated(name: str) -> None:
    bad = f" \N{SNOWMAN} {TOKEN}"
    with pytest.raises(SettingsError) as caught:
        Settings.load({name: bad, "port": "no port"})
    assert TOKEN not in "".join(format_exception(caught.value)), "its causes count, too"


@dataclass
class Heard:
    """All that a server and the commands beside it gave away."""

    answers: list[str] = field(default_factory=list)
    """What clients were told."""
    printed: list[str] = field(default_factory=list)
    """Logs, standard output, process titles: what lies on the host."""

    def shows(self, secret: str, texts: list[str]) -> list[str]:
        """The lines in which it stands."""
        return [line for text in texts for line in text.splitlines() if secret in line]

    def note(self, answer: httpx2.Response) -> httpx2.Response:
        self.answers.append(f"{answer.headers!r}\n{answer.text}")
        return answer


@contextmanager
def own_database(folder: Path) -> Iterator[tuple[EmbeddedPostgres, str]]:
    """A PostgreSQL of the test's own, and a URL with a password in it."""
    server = EmbeddedPostgres(folder / "database")
    server.start()
    try:
        yield server, server.dsn.replace("filmgate@", f"filmgate:{PASSWORD}@")
    finally:
        server.stop()


def said_by(
    capsys: pytest.CaptureFixture[str], command: Callable[..., None], folder: Path, **flags: str
) -> str:
    """By a command that ends by itself, whatever came of it."""
    with suppress(SystemExit):
        command({"data": folder / "data", **flags}, config=None)
    return "".join(capsys.readouterr())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("style", ["text", "json"])
def test_whatever_happens_no_secret_is_shown(
    style: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = Heard()
    look = partial(doctor.run, as_json=style == "json")
    with own_database(folder) as (postgres, url):
        variables, flags = _variables(style, url), {**SETTINGS, "database_url": url}
        asyncio.run(migrate(url))
        with serving(folder, "--speed", "tiny", **variables) as (server, relay):
            webhook_secret = _trouble(relay, heard)
            heard.printed += [_titles(server), said_by(capsys, look, folder, **flags)]
            _rename_a_table(postgres.dsn)
            answer = heard.note(relay.http.get(f"/v1/videos/characters/char_{'0' * 26}"))
            assert answer.status_code == 500
            postgres.stop()
            assert heard.note(relay.http.get("/v1/videos")).status_code == 503
            heard.note(relay.http.get("/readyz"))
            heard.printed.append(said_by(capsys, look, folder, **flags))
        heard.printed += [server.output, server.log()]
        heard.printed += [path.read_text() for path in folder.rglob("*.log")]
    log = server.log()
    assert "Traceback" in log
    assert "render begun" in log
    for secret in NEVER:
        assert heard.shows(secret, heard.printed + heard.answers) == []
    for private in (TOKEN, PROMPT, webhook_secret):
        assert heard.shows(private, heard.printed) == []


@pytest.mark.parametrize(
    "command",
    [partial(doctor.run, as_json=False), partial(keys.list_all, as_json=True)],
    ids=["doctor", "keys"],
)
def test_a_database_url_that_is_no_good_is_not_repeated(
    command: Callable[..., None], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = [said_by(capsys, command, folder, database_url=url) for url in BAD_URLS]
    assert [text for text in said if PASSWORD in text] == []
    assert all("Error: " in text or "FAIL" in text for text in said)


@pytest.mark.parametrize("url", [BAD_URLS[0], BAD_URLS[5]], ids=["dead", "malformed"])
@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_server_that_cannot_start_does_not_say_the_password(
    command: str, url: str, folder: Path
) -> None:
    done = subprocess.run(
        [COMMAND, command, "--data", str(folder / "data")],
        cwd=folder,
        env=environment(folder) | {"FILMGATE_DATABASE_URL": url, "FILMGATE_LOG_LEVEL": "debug"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "Error: " in done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_prompts_are_logged_where_the_operator_asked_for_it(folder: Path) -> None:
    with serving(folder, "--speed", "tiny", FILMGATE_LOG_PROMPTS="true") as (server, relay):
        relay.wait_for(relay.create(prompt=PROMPT), "completed", "failed")
    assert PROMPT in server.log()


def _variables(style: str, database_url: str) -> dict[str, str]:
    settings = {
        **SETTINGS,
        "database_url": database_url,
        "moderation_url": f"http://{UNREACHABLE}/v1/moderations",
        "moderation_on_failure": "allow",
        "allow_private_images": "true",
        "allow_private_webhooks": "true",
        "log_level": "debug",
        "log_format": style,
    }
    return {f"FILMGATE_{name.upper()}": value for name, value in settings.items()}


def _trouble(relay: Relay, heard: Heard) -> str:
    """Ask for what goes wrong. Return the secret of a webhook that cannot be reached."""
    http, wish = relay.http, {"model": "sora-2", "prompt": PROMPT}
    hook = {"url": f"http://{UNREACHABLE}/hook?token={TOKEN}"}
    secret = str(http.post("/v1/webhooks", json=hook).json()["secret"])
    picture = f"http://{UNREACHABLE}/a.png?signature={TOKEN}"
    waiting, cancelled = relay.create(prompt=PROMPT), relay.create(prompt=PROMPT)
    for answer in (
        http.get("/v1/videos", headers={"authorization": f"Bearer {MISTYPED_KEY}"}),
        http.get("/v1/videos", headers={"authorization": f"Basic {MISTYPED_KEY}"}),
        http.get("/v1/videos", params={"api_key": API_KEY, "after": TOKEN}),
        http.get("/nowhere", params={"api_key": API_KEY}),
        http.patch("/v1/videos", params={"api_key": API_KEY}),
        http.post("/v1/videos", content=json.dumps({"api_key": API_KEY})[:-1]),
        http.post("/v1/videos", json={**wish, "api_key": API_KEY, "size": "1x1"}),
        http.post("/v1/videos", json={**wish, "image_urls": [picture]}),
        http.post("/v1/videos", json={**wish, "image_urls": [f"http://u:{TOKEN}@a.example/"]}),
        http.post("/v1/webhooks", json={"url": f"ftp://u:{TOKEN}@a.example/"}),
        http.post(f"/v1/videos/{cancelled}/cancel"),
        http.get("/files/videos/x.mp4", params={"signature": TOKEN}),
        http.get("/readyz"),
    ):
        heard.note(answer)
    relay.wait_for(waiting, "processing", "completed", "failed")
    return secret


def _titles(server: Process) -> str:
    """The command lines of the server and of all that it started."""
    family = psutil.Process(server.popen.pid)
    return "\n".join(
        " ".join(each.cmdline()) for each in [family, *family.children(recursive=True)]
    )


def _rename_a_table(dsn: str) -> None:
    async def rename() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("alter table character rename to nothing_of_that_name")
        finally:
            await connection.close()

    asyncio.run(rename())
