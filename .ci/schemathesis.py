"""What schemathesis cannot know from the document: texts for our own formats, and rules that a schema cannot say."""

import os
import re

import schemathesis
from hypothesis import strategies as st

letters = st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u034f")
words = st.text(letters, min_size=1, max_size=60)
years = st.integers(2000, 2100)


def dates(first):
    return st.builds("{:04}-{:02}-{:02}".format, st.integers(first, 2100), st.integers(1, 12), st.integers(1, 28))


FORMATS = {
    "line": words,
    "prose": st.lists(words, min_size=1, max_size=5).map("\n".join),
    "date": dates(2000),
    "past-date": dates(1930),
    "date-time": st.builds("{}T{:02}:{:02}:00Z".format, dates(2000), st.integers(0, 23), st.integers(0, 59)),
    "time-of-day": st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)),
    "time-zone": st.sampled_from(["UTC", "Europe/London", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia"]),
    "country": st.sampled_from(["DE", "BR", "IN", "PL", "US"]),
    "currency": st.sampled_from(["USD", "EUR", "GBP", "JPY"]),
    "language": st.sampled_from(["en", "de", "pt-BR", "zh-Hant-TW"]),
    "web-link": st.sampled_from(["https://example.com/", "http://example.org/a?b=c#d"]),
    "email": st.from_regex(r"[a-z]{1,20}@[a-z]{1,20}\.example", fullmatch=True),
}
for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


# Ids of the people as whom the run signs in, who are not suspended: their sessions would be over, and with them the run.
SPARED = set(os.environ.get("SPARED", "").split())


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.path == "/v1/admin/users/{id}/suspend" and case.path_parameters.get("id") in SPARED:
        case.path_parameters["id"] = "usr_01h455vb4pex5vsknk084sn02q"


# A schema says what a request looks like, not what is known, taken, current or still to come. Of rejected requests that keep to the schema,
# these are right, and everything else is a finding: above all any sentence with which the server's own schema check answers.
RIGHT = {
    400: [
        r"^`cursor` must be the `next_cursor` of the previous page",  # opaque: only the server can make one
        r"control characters",  # refused in every text (reliability R41), which the document says once, in words
    ],
    412: [r"^This has changed since you read it"],  # a made-up If-Match
    422: [r"^This Idempotency-Key was used for another body"],  # the same key is tried with other bodies
}
# How `src/kernel/schema.rs` begins its sentences. A rule beyond the schema must not sound the same.
FROM_THE_SCHEMA = re.compile(
    r"^(is required|is not a field|is none of the accepted|is not acceptable here|must be (an? (integer|number|string|object|array|boolean)|one of |at (least|most) [0-9.]+$|a multiple)"
    r"|must have at (least|most) \d|must not have the same entry|must look like|must not be blank|must be one line)"
)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    problem = response.json()
    if any(re.search(reason, problem["detail"]) for reason in RIGHT.get(response.status_code, [])):
        return False
    faults = [fault["detail"] for fault in problem.get("errors", [])]
    return response.status_code != 422 or not faults or any(FROM_THE_SCHEMA.search(fault) for fault in faults)
