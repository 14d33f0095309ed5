"""The base of the models that files of rules are read into. Apart from `rulebook` itself, so that importing that room stays light."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A model without unknown keys, which nobody changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
