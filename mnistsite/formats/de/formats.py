"""The one format of times on staff pages, in German."""

DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "d.m.Y H:i"
