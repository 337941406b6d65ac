"""Column types: UTC times, JSON that is exact, text that any Unicode string fits into."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

__all__ = ["JsonText", "PlainText", "UtcDateTime", "canonical_json", "decode_json", "encode_json"]

# The explicit encoding of a float that JSON has no word for.
_FLOAT_KEY = "$float"


def _encode_non_finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT_KEY: repr(float(value))}
    if isinstance(value, dict):
        if _FLOAT_KEY in value:
            raise ValueError(f"the key {_FLOAT_KEY!r} is taken: it encodes non-finite floats")
        return {key: _encode_non_finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encode_non_finite(item) for item in value]
    return value


def _decode_non_finite(value: dict[str, Any]) -> Any:
    return float(value[_FLOAT_KEY]) if _FLOAT_KEY in value else value


def encode_json(value: Any) -> str:
    """JSON text that `decode_json` turns back into the same value, floats bit for bit.

    Args:
        value: JSON data; NaN and infinities become ``{"$float": "nan" | "inf" | "-inf"}``. Tuples
            become lists.

    Returns:
        ASCII text, so that lone surrogates from a model's output survive as well.

    Raises:
        TypeError: The value holds something that is not JSON data.
        ValueError: A dictionary holds the reserved key ``$float``.
    """
    return json.dumps(_encode_non_finite(value), allow_nan=False, separators=(",", ":"))


def decode_json(text: str) -> Any:
    """The value that `encode_json` was given, with lists in place of tuples."""
    return json.loads(text, object_hook=_decode_non_finite)


def canonical_json(value: Any) -> str:
    """Like `encode_json` with sorted keys: equal values give equal text."""
    encoded = _encode_non_finite(value)
    return json.dumps(encoded, allow_nan=False, separators=(",", ":"), sort_keys=True)


class JsonText(TypeDecorator[Any]):
    """JSON data as text, the same in every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Encode on the way in."""
        return encode_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode on the way out."""
        return None if value is None else decode_json(value)


class JsonTuple(JsonText):
    """A tuple of strings as a JSON list."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode on the way out."""
        return None if value is None else tuple(decode_json(value))


class PlainText(TypeDecorator[str]):
    r"""Text from models and people.

    A lone surrogate has no UTF-8 form and PostgreSQL takes no NUL: both are stored as their Python
    escape (``\ud83d``, ``\x00``), everything else as it is.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what cannot be stored."""
        if value is None:
            return None
        return value.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond; comes back with its time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any zone into UTC; a moment without a zone is refused."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value} has no time zone: use datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Attach UTC where the database keeps no zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
