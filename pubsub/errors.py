"""What can go wrong between a commit and whoever follows it."""


class CursorInvalid(Exception):
    """This is no cursor of this project's events."""


class CursorExpired(Exception):
    """The events after this position are no longer kept."""


class StreamDown(Exception):
    """Redis does not answer; the log in the database does."""
