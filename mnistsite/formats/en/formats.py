"""The one format of times on staff pages."""

SHORT_DATE_FORMAT = "Y-m-d"
MONTH_DAY_FORMAT = "j F"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y-m-d H:i"
