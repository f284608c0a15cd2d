"""API keys: made once, kept as digests, recognised, revoked."""

import hashlib
import secrets
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime

from auth.memory import memory_of
from auth.projects import find_project
from auth.viewer import SCOPES, Viewer
from models.database import Database
from models.errors import Invalid, NotFound, Unauthenticated, Unavailable
from models.ids import new_id
from models.rows import Row

MARK = "tg_"
RANDOM_BYTES = 32
LONGEST = 256
LONGEST_NAME = 200
SHOWN = 9

COLUMNS = "id, project_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at"

# create_key: a digest that is there already belongs to the same secret, and stays what it is.
INSERT = f"""
INSERT INTO api_keys (id, project_id, name, prefix, digest, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (digest) DO NOTHING
RETURNING {COLUMNS}
"""

# find_key: one key by its id, for the viewer and for those who administer keys.
BY_ID = f"SELECT {COLUMNS} FROM api_keys WHERE id = $1"

# revoke_key: the first revocation counts.
REVOKE = f"UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING {COLUMNS}"


def digest(secret: str) -> bytes:
    """The SHA-256 of a secret.

    No pepper and no slow hash: 256 random bits can't be guessed from their digest, and a pepper can be lost.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def authenticate(database: Database, secret: str) -> Viewer:
    """The viewer who holds this secret.

    Raises Unauthenticated, with one text for unknown, expired and revoked keys. Secrets are never compared: the digest
    of a guess is looked up, and from the digest of a wrong guess no better guess follows: timing has nothing to tell.
    A key revoked by another process is recognised as such within 5 s, one revoked by this process at once.
    """
    if not 0 < len(secret) <= LONGEST:
        raise Unauthenticated
    memory = memory_of(database)
    viewer = await memory.keys.find(database, digest(secret))
    now = datetime.now(UTC)
    if viewer is None or expired(viewer, now):
        raise Unauthenticated
    memory.uses[viewer.key_id] = now
    return viewer


async def confirm(database: Database, viewer: Viewer) -> None:
    """Let a viewer go on who came in a while ago, or raise Unauthenticated: the key was revoked, or its time is over.

    Costs a query now and then, however many ask; while the database is away everybody may go on.
    """
    confirmed = memory_of(database).confirmed
    if expired(viewer, datetime.now(UTC)):
        raise Unauthenticated
    if confirmed.get(viewer.key_id):
        return
    with suppress(Unavailable):
        row = await find_key(database, viewer.key_id)
        if row is None or row["revoked_at"] is not None:
            raise Unauthenticated
        confirmed.put(viewer.key_id, True)


def expired(viewer: Viewer, now: datetime) -> bool:
    """Whether the key's time is over."""
    return viewer.expires_at is not None and now >= viewer.expires_at


async def create_key(
    database: Database,
    *,
    project_id: str | None,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
) -> tuple[Row, str]:
    """Make a key; returns its row and the secret, which exists nowhere else from then on.

    Raises Invalid for a bad name, scope or expiry, NotFound for a project that is not there.
    """
    _check(name, scopes, expires_at)
    if project_id is not None and await find_project(database, project_id) is None:
        raise NotFound("There is no such project.", path=["project"])
    secret = MARK + secrets.token_urlsafe(RANDOM_BYTES)
    row = await accept(database, secret, project_id=project_id, name=name, scopes=scopes, expires_at=expires_at)
    assert row is not None  # noqa: S101  256 random bits are new
    return row, secret


async def accept(
    database: Database,
    secret: str,
    *,
    project_id: str | None,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
) -> Row | None:
    """Store the digest of a secret chosen by somebody else; None when it is stored already."""
    row = await database.fetchrow(
        INSERT,
        new_id(),
        project_id,
        name,
        # A secret chosen by hand may be short: never show more than a third of it.
        secret[: min(SHOWN, len(secret) // 3)],
        digest(secret),
        sorted(scopes),
        datetime.now(UTC),
        expires_at,
    )
    memory_of(database).keys.forget()
    return row


async def find_key(database: Database, key_id: str) -> Row | None:
    """One key's row, without its digest."""
    return await database.fetchrow(BY_ID, key_id)


async def revoke_key(database: Database, key_id: str) -> Row | None:
    """End a key for good; returns its row, or None when there is none. In this process it is refused from now on."""
    row = await database.fetchrow(REVOKE, key_id, datetime.now(UTC))
    memory_of(database).keys.forget()
    memory_of(database).confirmed.drop(key_id)
    return row


def _check(name: str, scopes: Collection[str], expires_at: datetime | None) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid(f"A key's name has 1 to {LONGEST_NAME} characters.", path=["name"])
    if not scopes or not SCOPES.issuperset(scopes):
        raise Invalid(f"The scopes of a key are some of {', '.join(sorted(SCOPES))}.", path=["scopes"])
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise Invalid("A key can't expire in the past.", path=["expiresAt"])
