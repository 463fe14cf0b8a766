"""Every shape in which clients send a create, and every way in which one is refused without a trace."""

import base64
import json
from typing import Any

import httpx2
import pytest

from filmgate.core.video import VideoId
from filmgate.database import videos
from filmgate.database.connection import Database
from filmgate.http.services import Services
from tests.http.stage import Traces, Web, picture

PORTRAIT, LANDSCAPE = picture(720, 1280), picture(1280, 720)
ADDRESS = "https://pictures.example/first.png"
BOUNDARY = "b0undary"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str, value: str | bytes, *lines: str, disposition: str = "") -> bytes:
    head = "".join(f"{line}\r\n" for line in lines)
    data = value if isinstance(value, bytes) else value.encode()
    start = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{disposition}\r\n{head}'
    return start.encode() + b"\r\n" + data + b"\r\n"


def multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def post(
    client: httpx2.AsyncClient, body: bytes, headers: dict[str, str] | None = None
) -> httpx2.Response:
    return await client.post("/v1/videos", content=body, headers=headers)


async def reference_count(database: Database, answer: httpx2.Response) -> int:
    assert answer.status_code == 200, answer.text
    async with database.connection() as connection:
        video = await videos.find(connection, VideoId(answer.json()["id"].removeprefix("video_")))
    assert video is not None
    return len(video.spec.references)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        None,
    ],
)
async def test_json_is_understood_whatever_it_is_called(
    client: httpx2.AsyncClient, content_type: str | None
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    answer = await post(client, b' {"prompt": "A \xc3\xa9toile", "seconds": 8}', headers)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["prompt"], answer.json()["seconds"]) == ("A étoile", "8")


@pytest.mark.parametrize("seconds", [8, "8", 8.0])
async def test_seconds_may_be_a_number_or_its_text(
    client: httpx2.AsyncClient, seconds: object
) -> None:
    answer = await client.post("/v1/videos", json={"prompt": "A cat", "seconds": seconds})
    assert answer.json()["seconds"] == "8"


async def test_null_and_unknown_fields_count_for_nothing(client: httpx2.AsyncClient) -> None:
    body = {"prompt": "A cat", "size": None, "input_reference": None, "style": {"a": [1]}}
    answer = await client.post("/v1/videos", json=body)
    assert answer.status_code == 200, answer.text


async def test_a_key_that_comes_twice_in_json_has_its_last_value(
    client: httpx2.AsyncClient,
) -> None:
    answer = await post(client, b'{"prompt": "A cat", "seconds": 4, "seconds": 12}')
    assert answer.json()["seconds"] == "12"


async def test_an_urlencoded_form_is_understood(client: httpx2.AsyncClient) -> None:
    data = {"prompt": "A cat & a dog", "seconds": "8", "aspect_ratio": "16:9"}
    answer = await client.post("/v1/videos", data=data)
    video = answer.json()
    assert (video["prompt"], video["seconds"], video["size"]) == ("A cat & a dog", "8", "1280x720")


async def test_a_multipart_form_needs_no_file(client: httpx2.AsyncClient) -> None:
    body = multipart(part("prompt", "A cat"), part("seconds", "8"), part("seed", "7"))
    answer = await post(client, body, FORM)
    assert (answer.status_code, answer.json()["seconds"]) == (200, "8")


async def test_a_text_part_may_carry_a_content_type(client: httpx2.AsyncClient) -> None:
    body = multipart(part("prompt", "Ein Kätzchen", "Content-Type: text/plain"))
    assert (await post(client, body, FORM)).json()["prompt"] == "Ein Kätzchen"


@pytest.mark.parametrize(
    ("file_name", "content_type"),
    [
        ("upload", "application/octet-stream"),
        ("/home/someone/pictures/first.jpg", "image/jpeg"),
        ("first.txt", "text/plain"),
    ],
)
async def test_neither_name_nor_type_of_an_upload_matters(
    client: httpx2.AsyncClient, database: Database, file_name: str, content_type: str
) -> None:
    answer = await client.post(
        "/v1/videos",
        data={"prompt": "A cat"},
        files={"input_reference": (file_name, PORTRAIT, content_type)},
    )
    assert await reference_count(database, answer) == 1


@pytest.mark.parametrize("name", ["input_reference", "input_reference[]", "input_reference[0]"])
async def test_an_upload_may_stand_under_a_bracket_key(
    client: httpx2.AsyncClient, database: Database, name: str
) -> None:
    answer = await client.post("/v1/videos", data={"prompt": "A cat"}, files={name: PORTRAIT})
    assert await reference_count(database, answer) == 1


async def test_a_picture_without_a_file_name_is_an_upload_too(
    client: httpx2.AsyncClient, database: Database
) -> None:
    body = multipart(part("prompt", "A cat"), part("input_reference", PORTRAIT))
    assert await reference_count(database, await post(client, body, FORM)) == 1


async def test_a_file_field_left_empty_is_no_picture(
    client: httpx2.AsyncClient, database: Database
) -> None:
    nothing = part("input_reference", b"", disposition='; filename=""')
    body = multipart(part("prompt", "A cat"), nothing)
    assert await reference_count(database, await post(client, body, FORM)) == 0


@pytest.mark.parametrize(
    "pairs",
    [
        [("input_reference", ADDRESS)],
        [("input_reference[]", ADDRESS)],
        [("input_reference[image_url]", ADDRESS)],
        [("input_reference[0][image_url]", ADDRESS)],
        [("image_urls", ADDRESS)],
        [("image_urls[]", ADDRESS)],
        [("image_urls[0]", ADDRESS)],
        [("image_urls[]", ADDRESS), ("nested[a]", "x"), ("others[][id]", "x")],
    ],
)
@pytest.mark.parametrize("is_multipart", [True, False])
async def test_bracket_keys_of_every_shape_bring_the_picture(
    client: httpx2.AsyncClient,
    database: Database,
    web: Web,
    *,
    pairs: list[tuple[str, str]],
    is_multipart: bool,
) -> None:
    web.pages[ADDRESS] = PORTRAIT
    pairs = [("prompt", "A cat"), *pairs]
    if is_multipart:
        answer = await post(client, multipart(*(part(*pair) for pair in pairs)), FORM)
    else:
        answer = await client.post("/v1/videos", data=dict(pairs))
    assert await reference_count(database, answer) == 1


@pytest.mark.parametrize("keys", [("image_urls[]",) * 2, ("image_urls[1]", "image_urls[0]")])
async def test_several_pictures_may_come_under_bracket_keys(
    client: httpx2.AsyncClient, database: Database, web: Web, keys: tuple[str, ...]
) -> None:
    web.pages[ADDRESS] = PORTRAIT
    body = multipart(part("prompt", "A cat"), *(part(key, ADDRESS) for key in keys))
    assert await reference_count(database, await post(client, body, FORM)) == 2


@pytest.mark.parametrize(
    "value",
    [
        ADDRESS,
        [ADDRESS],
        {"image_url": ADDRESS},
        [{"image_url": ADDRESS}],
        f"data:image/png;base64,{base64.b64encode(PORTRAIT).decode()}",
        base64.b64encode(PORTRAIT).decode(),
    ],
)
@pytest.mark.parametrize("name", ["input_reference", "image_urls"])
@pytest.mark.parametrize("path", ["/v1/videos", "/v1/sora/videos"])
async def test_json_brings_the_picture_in_every_form(
    client: httpx2.AsyncClient, traces: Traces, web: Web, path: str, name: str, value: object
) -> None:
    web.pages[ADDRESS] = PORTRAIT
    answer = await client.post(path, json={"model": "sora-2", "prompt": "A cat", name: value})
    assert answer.status_code == 200, answer.text
    assert await traces.left() == (1, 1, ["0.webp"])


@pytest.mark.parametrize("value", ["", [], [""], [None]])
async def test_an_empty_picture_field_is_no_picture(
    client: httpx2.AsyncClient, web: Web, value: object
) -> None:
    web.pages[ADDRESS] = PORTRAIT
    body = {"prompt": "A cat", "input_reference": value, "image_urls": [ADDRESS]}
    assert (await client.post("/v1/videos", json=body)).status_code == 200


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("no prompt", {}, "invalid_value", "prompt"),
    ("empty prompt", {"prompt": "  "}, "invalid_value", "prompt"),
    ("long prompt", {"prompt": "x" * 32_001}, "invalid_value", "prompt"),
    ("prompt not text", {"prompt": ["A cat"]}, "invalid_value", "prompt"),
    ("prompt with NUL", {"prompt": "A\0cat"}, "invalid_value", "prompt"),
    ("half a character", {"prompt": "A \ud83d cat"}, "invalid_value", "prompt"),
    ("unknown model", {"model": "sora-9"}, "model_not_found", "model"),
    ("half a model", {"model": "sora\udc00"}, "invalid_value", "model"),
    ("model not text", {"model": 2}, "invalid_value", "model"),
    ("endless model", {"model": "s" * 5_000}, "invalid_value", "model"),
    ("bad size", {"size": "1x1"}, "invalid_value", "size"),
    ("size as an object", {"size": {"w": 1}}, "invalid_value", "size"),
    ("bad ratio", {"aspect_ratio": "4:3"}, "invalid_value", "aspect_ratio"),
    ("size and ratio", {"size": "720x1280", "aspect_ratio": "9:16"}, "invalid_value", "size"),
    ("bad seconds", {"seconds": 5}, "invalid_value", "seconds"),
    ("true seconds", {"seconds": True}, "invalid_value", "seconds"),
    ("half seconds", {"seconds": 4.5}, "invalid_value", "seconds"),
    ("endless seconds", {"seconds": 1e300}, "invalid_value", "seconds"),
    ("endless seed", {"seed": 10**4_000}, "invalid_value", "seed"),
    ("seconds as a list", {"seconds": [4]}, "invalid_value", "seconds"),
    ("bad duration", {"duration": "soon"}, "invalid_value", "duration"),
    ("seconds and duration", {"seconds": 4, "duration": 4}, "invalid_value", "seconds"),
    ("bad seed", {"seed": -1}, "invalid_value", "seed"),
    ("seed as text", {"seed": "lucky"}, "invalid_value", "seed"),
    ("number for an image", {"input_reference": 7}, "invalid_value", "input_reference"),
    ("file id", {"input_reference": {"file_id": "f"}}, "invalid_value", "input_reference"),
    ("empty object", {"input_reference": {}}, "invalid_value", "input_reference"),
    ("too many images", {"image_urls": [ADDRESS] * 4}, "invalid_value", "image_urls"),
    ("far too many images", {"image_urls": [ADDRESS] * 99}, "invalid_value", "image_urls"),
    (
        "both image fields",
        {"input_reference": ADDRESS, "image_urls": [ADDRESS]},
        "invalid_value",
        "input_reference",
    ),
    ("half an address", {"image_urls": "https://x/\ud83d"}, "invalid_value", "image_urls"),
    (
        "unreachable image",
        {"image_urls": ["https://nowhere.example/x.png"]},
        "image_unreachable",
        "image_urls",
    ),
    ("no image", {"input_reference": "bm90IGEgcGljdHVyZQ=="}, "invalid_image", "input_reference"),
    (
        "image of another size",
        {"input_reference": [ADDRESS], "size": "1280x720"},
        "image_size_mismatch",
        "input_reference",
    ),
    (
        "second image bad",
        {"image_urls": [ADDRESS, "bm90IGEgcGljdHVyZQ=="]},
        "invalid_image",
        "image_urls",
    ),
]


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/sora/videos"])
@pytest.mark.parametrize(
    ("fields", "code", "param"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_a_bad_field_is_named_and_nothing_is_left_behind(
    client: httpx2.AsyncClient,
    traces: Traces,
    web: Web,
    path: str,
    fields: dict[str, Any],
    code: str,
    param: str,
) -> None:
    web.pages[ADDRESS] = PORTRAIT
    needed = {"model": "sora-2"} if "prompt" in fields or not fields else {"prompt": "A cat"}
    body = json.dumps({"model": "sora-2", **needed, **fields})
    answer = await client.post(path, content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
    assert len(error["message"]) < 1_000
    assert await traces.left() == (0, 0, [])


MALFORMED: list[tuple[str, bytes, dict[str, str]]] = [
    ("nothing", b"", {}),
    ("only spaces", b"  \n", {}),
    ("cut JSON", b'{"prompt": "A cat"', {}),
    ("NaN", b'{"prompt": "A cat", "seconds": NaN}', {}),
    ("endless number", b'{"prompt": "A cat", "seconds": ' + b"9" * 10_000 + b"}", {}),
    ("deep JSON", b'{"prompt": ' + b"[" * 50_000, {}),
    ("an array", b'["A cat"]', {}),
    ("a text", b'"A cat"', {}),
    ("null", b"null", {}),
    ("not UTF-8", b'{"prompt": "A c\xe9t"}', {}),
    ("UTF-16", '{"prompt": "A cat"}'.encode("utf-16"), {}),
    ("no boundary", multipart(part("prompt", "A cat")), {"content-type": "multipart/form-data"}),
    ("another boundary", b"--x--\r\n", FORM),
    ("empty form", b"", FORM),
    ("cut form", multipart(part("prompt", "A cat"))[:-20], FORM),
    ("cut before the last boundary", part("prompt", "A cat"), FORM),
    ("nameless part", f"--{BOUNDARY}\r\nX: y\r\n\r\nz\r\n--{BOUNDARY}--\r\n".encode(), FORM),
    ("too many parts", multipart(*[part("prompt", "A cat")] * 201), FORM),
    ("deep key", multipart(part("a" + "[b]" * 9, "x")), FORM),
    ("value and group", multipart(part("a", "x"), part("a[b]", "y")), FORM),
    (
        "not UTF-8 in a form",
        b"prompt=A+c%E9t",
        {"content-type": "application/x-www-form-urlencoded"},
    ),
]


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/sora/videos"])
@pytest.mark.parametrize(
    ("body", "headers"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED]
)
async def test_a_malformed_body_is_refused_and_nothing_is_left_behind(
    client: httpx2.AsyncClient, traces: Traces, path: str, body: bytes, headers: dict[str, str]
) -> None:
    answer = await client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert await traces.left() == (0, 0, [])


async def test_an_upload_for_a_text_field_is_refused_by_name(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/videos", data={}, files={"prompt": ("p.txt", b"A cat")})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "prompt")


async def test_an_empty_upload_with_a_name_is_no_image(
    client: httpx2.AsyncClient, traces: Traces
) -> None:
    files = {"input_reference": ("first.png", b"")}
    answer = await client.post("/v1/videos", data={"prompt": "A cat"}, files=files)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_image")
    assert await traces.left() == (0, 0, [])


async def test_stored_images_go_when_the_video_cannot_be_created(
    client: httpx2.AsyncClient, services: Services, traces: Traces
) -> None:
    async with services.database.connection() as connection:
        await connection.execute(
            """
            create function refuse() returns trigger language plpgsql as
            $$ begin raise exception using errcode = 'disk_full'; end $$
            """
        )
        await connection.execute(
            "create trigger refuse before insert on video execute function refuse()"
        )
    answer = await client.post(
        "/v1/videos", data={"prompt": "A cat"}, files={"input_reference": PORTRAIT}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "service_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert await traces.left() == (0, 0, [])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"prompt=" + b"%41" * 400_000),
        ("application/json", b'{"prompt": "' + b"x" * (32 * 1024 * 1024) + b'"}'),
    ],
)
async def test_text_that_would_keep_everybody_waiting_is_refused_unread(
    kind: str, body: bytes, client: httpx2.AsyncClient
) -> None:
    answer = await client.post("/v1/videos", content=body, headers={"content-type": kind})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"
