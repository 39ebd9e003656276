"""The one exception of the lab: the machinery is broken, not a page."""

from __future__ import annotations


class LabError(Exception):
    """The lab can't be had or has broken down; says what happened and what to do.

    Attributes:
        log: The last lines of the log of the engine concerned, or "".
    """

    def __init__(self, message: str, log: str = "") -> None:
        """Keep the log's tail beside the message.

        Args:
            message: What broke, where, and what to do.
            log: The last lines of the engine's log.
        """
        super().__init__(message)
        self.log = log
