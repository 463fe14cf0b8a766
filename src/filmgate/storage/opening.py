"""What a storage URL means: a folder of this machine, or a bucket of S3, Google Cloud or Azure.

What it leaves out, obstore reads from the variables that each cloud's own tools know: AWS_…, GOOGLE_…, AZURE_….
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from obstore.exceptions import BaseError, UnknownConfigurationKeyError
from obstore.store import AzureStore, GCSStore, S3Store

from filmgate.core.ports import ObjectStore
from filmgate.storage.local import LocalObjectStore
from filmgate.storage.remote import Bucket, RemoteObjectStore

_FORMS = (
    "must be file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix, the prefix of "
    "A-Z a-z 0-9 . _ - and /, with settings such as ?endpoint=https://… after it"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,254}", re.ASCII)
_PREFIX = re.compile(
    r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?", re.ASCII
)
_PREFIX_LIMIT = 256

_RETRY: Any = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=5),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=1),
        "base": 2,
    },
}
_CLIENT: Any = {
    # Plain HTTP is used where an endpoint is written with http://, and nowhere else.
    "allow_http": True,
    "connect_timeout": timedelta(seconds=3),
    # A film may take its time: `remote.py` sees to it that it keeps moving.
    "timeout": timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class _Cloud:
    open: Callable[..., Bucket]
    advice: str


_CLOUDS = {
    "s3": _Cloud(
        S3Store.from_url,
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL for a server of your own.",
    ),
    "gs": _Cloud(
        GCSStore.from_url,
        "Set GOOGLE_SERVICE_ACCOUNT to the path of a service account's JSON file.",
    ),
    "az": _Cloud(
        AzureStore.from_url, "Set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY."
    ),
}


def open_store(url: str) -> ObjectStore:
    """Raises ValueError, whose message says what would be right and repeats no value, when the URL cannot be used."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(_FORMS) from None
    if parts.scheme == "file":
        return LocalObjectStore(_folder(parts))
    if parts.scheme not in _CLOUDS:
        raise ValueError(_FORMS)
    return _open_bucket(parts)


def _folder(parts: SplitResult) -> Path:
    path = Path(unquote(parts.path))
    if parts.netloc or parts.query or parts.fragment or len(path.parts) < 2:
        raise ValueError(
            "must be file:/// and the absolute path of a folder, such as file:///srv/films"
        )
    return path


def _open_bucket(parts: SplitResult) -> RemoteObjectStore:
    prefix = parts.path.strip("/")
    is_plain = _BUCKET.fullmatch(parts.netloc) and _PREFIX.fullmatch(prefix)
    if not is_plain or len(prefix) > _PREFIX_LIMIT or parts.fragment:
        raise ValueError(_FORMS)
    name = f"{parts.scheme}://{parts.netloc}/{prefix}".rstrip("/")
    settings = _settings(parts.query)
    public = settings.pop("public_endpoint", None)
    if public is not None and parts.scheme != "s3":
        raise ValueError("takes a public_endpoint with s3:// alone")
    bucket = _bucket(parts.scheme, name, settings)
    if public is None:
        return RemoteObjectStore(bucket, name=name)
    outside = _bucket(parts.scheme, name, {**settings, "endpoint": public})
    return RemoteObjectStore(bucket, name=name, reached_by_clients=outside)


def _settings(query: str) -> dict[str, str]:
    # By hand: the usual parser takes the + of a secret key for a space.
    pairs = (part.partition("=") for part in query.split("&") if part)
    settings = {name: unquote(value) for name, _, value in pairs}
    for name in ("endpoint", "public_endpoint"):
        if name in settings and not _is_endpoint(settings[name]):
            raise ValueError(f"has an {name} that is not http://host:port or https://host")
    return settings


def _is_endpoint(text: str) -> bool:
    return (
        re.fullmatch(r"https?://[A-Za-z0-9.\[\]:_-]+(/[A-Za-z0-9._/-]*)?", text, re.ASCII)
        is not None
    )


def _bucket(scheme: str, url: str, settings: Mapping[str, str]) -> Bucket:
    cloud = _CLOUDS[scheme]
    config: Any = settings  # obstore's types of all these exist for type checkers alone
    # obstore's own words would repeat values, and those may be secret.
    try:
        return cloud.open(url, config=config, client_options=_CLIENT, retry_config=_RETRY)
    except UnknownConfigurationKeyError:
        raise ValueError(
            f"has a setting that obstore does not know for {scheme}; a & inside a value is written as %26"
        ) from None
    except (BaseError, ValueError, TypeError):
        raise ValueError(f"names a place that cannot be opened so. {cloud.advice}") from None
