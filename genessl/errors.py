"""The one exception a user has to know."""


class InputError(ValueError):
    """A mistake in the user's input: where, what was found, what was expected and the remedy, in one sentence."""
