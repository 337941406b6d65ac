"""What the operations share: a session to work in, and the way from rows to records.

Each operation is written once and asks for a session. An `Archive` opens a transaction of its own
for it; a `Transaction` lends the one that it already holds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from agent.archive.dialect import upsert
from agent.archive.tables import Base

__all__ = ["Operations", "dialect_of", "insert_once", "to_record", "to_values"]


class _Record(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


RecordT = TypeVar("RecordT", bound=_Record)


class Operations(ABC):
    """Base of the operations on one concept."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """A session that sees one consistent state."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Session]:
        """A session whose changes are kept together or not at all."""


def to_record(kind: type[RecordT], row: Base) -> RecordT:
    """The record of a row; a record's fields are named after the columns."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})


def to_values(record: _Record, *, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Column values of a record."""
    return {
        field.name: getattr(record, field.name)
        for field in fields(record)
        if field.name not in leave_out
    }


def dialect_of(session: Session) -> str:
    """Name of the database's dialect."""
    return session.get_bind().dialect.name


def insert_once(
    session: Session, table: type[Base], values: dict[str, Any], unique: tuple[str, ...] = ()
) -> bool:
    """Insert a row unless one with the same unique key is there; False where it was.

    Args:
        session: The session.
        table: Where to.
        values: The row.
        unique: Columns of the unique key; the primary key where none are given.
    """
    primary = [column.name for column in inspect(table).primary_key]
    statement = upsert(dialect_of(session), table).values(**values)
    statement = statement.on_conflict_do_nothing(index_elements=unique or primary)
    return session.execute(statement.returning(inspect(table).primary_key[0])).first() is not None
