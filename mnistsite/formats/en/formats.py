"""The one format of times on staff pages."""

DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y-m-d H:i"
