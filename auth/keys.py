"""API keys: made once, kept as digests, recognised, revoked."""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from auth.audit import Act, record_act
from auth.memory import memory_of
from auth.news import tell
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
FIRST = "first"

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
REVOKE = f"""
UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING {COLUMNS}
"""

# ensure_first_key: a key that was revoked counts too, for whoever made it knew how.
ANY_KEY = "SELECT FROM api_keys LIMIT 1"
FIRST_LOCK = "SELECT pg_advisory_xact_lock(hashtext('tracegraph first key'))"


def digest(secret: str, pepper: bytes = b"") -> bytes:
    """The HMAC-SHA-256 of a secret under the server's pepper; without one its SHA-256.

    No slow hash: 256 random bits can't be guessed from their digest (docs/adr/0070).
    """
    encoded = secret.encode("utf-8", "surrogatepass")
    return hmac.digest(pepper, encoded, "sha256") if pepper else hashlib.sha256(encoded).digest()


async def authenticate(database: Database, secret: str) -> Viewer:
    """The viewer who holds this secret.

    Raises Unauthenticated, with one text for unknown, expired and revoked keys. Secrets are never compared: the digest
    of a guess is looked up, and from the digest of a wrong guess no better guess follows: timing has nothing to tell.
    A key revoked by this process is refused from then on, one revoked by another as soon as its news arrives
    (see `auth.news`), and within 5 s if it never does.
    """
    if not 0 < len(secret) <= LONGEST:
        raise Unauthenticated
    memory = memory_of(database)
    viewer = await memory.keys.find(database, digest(secret, memory.pepper))
    if viewer is None and memory.pepper:  # made before there was a pepper
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
    actor_id: str | None = None,
) -> tuple[Row, str]:
    """Make a key; returns its row and the secret, which exists nowhere else from then on.

    `actor_id` is the key of whoever makes it, for the audit log. Raises Invalid for a bad name, scope or expiry,
    NotFound for a project that is not there.
    """
    _check(name, scopes, expires_at)
    if project_id is not None and await find_project(database, project_id) is None:
        raise NotFound("There is no such project.", path=["project"])
    secret = MARK + secrets.token_urlsafe(RANDOM_BYTES)
    row = await accept(
        database, secret, project_id=project_id, name=name, scopes=scopes, expires_at=expires_at, actor_id=actor_id
    )
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
    actor_id: str | None = None,
) -> Row | None:
    """Store the digest of a secret chosen by somebody else; None when it is stored already."""
    async with database.connection() as connection, connection.transaction():
        row = await connection.fetchrow(
            INSERT,
            new_id(),
            project_id,
            name,
            # A secret chosen by hand may be short: never show more than a third of it.
            secret[: min(SHOWN, len(secret) // 3)],
            digest(secret, memory_of(database).pepper),
            sorted(scopes),
            datetime.now(UTC),
            expires_at,
        )
        if row is not None:
            details = {"name": name, "scopes": sorted(scopes), "expiresAt": expires_at}
            await record_act(connection, _act("key.created", row, actor_id, details))
            await tell(connection)
    memory_of(database).forget()
    return row


async def ensure_first_key(database: Database) -> str | None:
    """Make the first key, one of all scopes for all projects, and return its secret; None when there are keys.

    Of several processes that do so at once one makes the key. It takes two connections.
    """
    async with database.connection() as guard, guard.transaction():
        await guard.execute(FIRST_LOCK)
        if await guard.fetchrow(ANY_KEY) is not None:
            return None
        _, secret = await create_key(database, project_id=None, name=FIRST, scopes=SCOPES)
        return secret


async def find_key(database: Database, key_id: str) -> Row | None:
    """One key's row, without its digest."""
    return await database.fetchrow(BY_ID, key_id)


async def revoke_key(database: Database, key_id: str, *, actor_id: str | None = None) -> Row | None:
    """End a key for good; returns its row, or None when there is none. In this process it is refused from now on."""
    async with database.connection() as connection, connection.transaction():
        row = await connection.fetchrow(REVOKE, key_id, datetime.now(UTC))
        if row is not None:
            await record_act(connection, _act("key.revoked", row, actor_id, {"name": row["name"]}))
            await tell(connection)
    memory_of(database).forget()
    return row or await find_key(database, key_id)


def _act(action: str, row: Row, actor_id: str | None, details: Mapping[str, object]) -> Act:
    return Act(
        action=action, actor_id=actor_id, project_id=row["project_id"], subject_id=row["id"], details=dict(details)
    )


def _check(name: str, scopes: Collection[str], expires_at: datetime | None) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A key's name has 1 to {LONGEST_NAME} printable characters.", path=["name"])
    if not scopes or not SCOPES.issuperset(scopes):
        raise Invalid(f"The scopes of a key are some of {', '.join(sorted(SCOPES))}.", path=["scopes"])
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise Invalid("A key can't expire in the past.", path=["expiresAt"])
