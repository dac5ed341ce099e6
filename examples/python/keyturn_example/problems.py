"""Why a program ends early, besides what the service says."""


class WrongUse(Exception):
    """Wrong usage, or a file that cannot be used; nothing was sent."""


class NotNow(Exception):
    """It cannot be done now; running again is all there is to do."""
