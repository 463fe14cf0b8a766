"""Ids on the wire: a prefix, then the 26 characters that are ours."""

import re

from filmgate.core.errors import (
    CharacterNotFound,
    DeliveryNotFound,
    VideoNotFound,
    WebhookNotFound,
)
from filmgate.core.spec import CharacterId
from filmgate.core.video import VideoId
from filmgate.core.webhook import DeliveryId, EndpointId

ID = "[0-7][0-9a-hjkmnp-tv-z]{25}"
"""A regular expression for our part of one."""

_VIDEO_ID = re.compile(f"(?:video_|sora_)({ID})", re.ASCII)
_CHARACTER_ID = re.compile(f"char_({ID})", re.ASCII)
_ENDPOINT_ID = re.compile(f"we_({ID})", re.ASCII)
_DELIVERY_ID = re.compile(f"whd_({ID})", re.ASCII)


def parse_id(text: str) -> VideoId:
    """Either dialect's prefix names the same video. Whatever cannot be an id is simply unknown: VideoNotFound."""
    match = _VIDEO_ID.fullmatch(text)
    if match is None:
        raise VideoNotFound
    return VideoId(match[1])


def parse_character_id(text: str) -> CharacterId:
    """Raises CharacterNotFound."""
    match = _CHARACTER_ID.fullmatch(text)
    if match is None:
        raise CharacterNotFound
    return CharacterId(match[1])


def parse_endpoint_id(text: str) -> EndpointId:
    """Raises WebhookNotFound."""
    match = _ENDPOINT_ID.fullmatch(text)
    if match is None:
        raise WebhookNotFound
    return EndpointId(match[1])


def parse_delivery_id(text: str) -> DeliveryId:
    """Raises DeliveryNotFound."""
    match = _DELIVERY_ID.fullmatch(text)
    if match is None:
        raise DeliveryNotFound
    return DeliveryId(match[1])
