"""Who makes a request."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """The owner of a token: a user, or a service token."""

    name: str
    user_id: int | None = None
    service_token_id: int | None = None

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return "user" if self.service_token_id is None else "service_token"

    @property
    def id(self) -> int | None:
        """Its id among its kind."""
        return self.user_id if self.service_token_id is None else self.service_token_id
