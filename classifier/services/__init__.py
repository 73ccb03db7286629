"""Every write that has a rule, by what it is about."""


class RuleBroken(Exception):
    """What was asked for is not allowed; the message says why and what to do."""
