"""What schemathesis cannot know about our refusals: loaded by it, see `schemathesis.toml`."""

from typing import Any

import schemathesis

THINGS = {"image", "images", "image_urls", "input_reference", "characters"}
"""Fields that name or hold what no schema can judge: is it a picture, is there such a character."""

BEYOND_SCHEMAS = {
    "video",  # is it a film
    "url",  # is it a public address
    "width",  # is there a size that has this height
}
"""The others for whose value a request that the schema allows may be refused."""


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """In what is to be accepted, nothing is named: the fields keep their form, but are empty."""
    if _is_allowed(case) and isinstance(case.body, dict):
        case.body = {
            name: _emptied(value) if name in THINGS else value for name, value in case.body.items()
        }


@schemathesis.check
def what_the_schema_allows_is_refused_only_where_no_schema_can_judge(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Where `schemathesis.toml` lets a 400 pass, it must not hide that the schema says too little."""
    if _is_allowed(case) and response.status_code == 400:
        error = response.json()["error"]
        assert error["param"] in BEYOND_SCHEMAS, error["message"]


def _is_allowed(case: schemathesis.Case[Any]) -> bool:
    """By the schema."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def _emptied(value: Any) -> Any:
    if isinstance(value, list):
        return [_emptied(each) for each in value]
    return None if isinstance(value, dict) else value and ""
