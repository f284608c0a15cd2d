"""The opaque text of a position in a project's events."""

import base64
import binascii
import struct
from uuid import UUID

from pubsub.errors import CursorInvalid

VERSION = 1
LAYOUT = struct.Struct(">B16sQ")
LAST = 2**63 - 1  # the largest bigint


def encode(project_id: str, position: int) -> str:
    """The cursor of a position, readable in its own project only."""
    packed = LAYOUT.pack(VERSION, UUID(project_id).bytes, position)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(project_id: str, text: str) -> int:
    """The position behind a cursor. Raises CursorInvalid for any text that is no cursor of this project."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, _, position = LAYOUT.unpack(packed)
    except (ValueError, binascii.Error, struct.error) as error:
        raise CursorInvalid("This is no cursor.") from error
    if version != VERSION or position > LAST or encode(project_id, position) != text:
        raise CursorInvalid("This is no cursor of this project.")
    return int(position)
