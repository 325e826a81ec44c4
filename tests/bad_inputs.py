"""What people and programs send by mistake or on purpose, by id, and what they get.

Nothing of it ever ends in a 500, and what is refused changes nothing. `test_bad_inputs.py` holds that a test
carries each id, in its name (`test_bi_05_…`) or its docstring (`BI-05: …`).
"""

from typing import Final

BAD_INPUTS: Final[dict[str, str]] = {
    "BI-01": "a file without any worker ID: “No worker IDs found”",
    "BI-02": "more bytes than allowed, a length that lies, a body without one: 413; reading stops at the limit",
    "BI-03": "more rows than allowed: refused, with the count",
    "BI-04": "a workbook, archive, PDF or picture called .csv: refused by its content",
    # UTF-16 with its mark is what spreadsheets call “Unicode text”: it says what it is, so it is read.
    "BI-05": "UTF-8 and UTF-16 with their mark: accepted; bytes of no known encoding: refused with the line",
    "BI-06": "control characters: refused",
    "BI-07": "a line of 200,000 characters: refused",
    "BI-08": "any line ends, quotes, blanks and separators that have one meaning: accepted and shown",
    "BI-09": "a quote that never ends: refused with the line where it began",
    "BI-10": "the same worker twice, or who holds it already: merged, each count shown before anything is sent",
    "BI-11": "small letters, blanks within, invisible characters: a correction is proposed, never made in silence",
    "BI-12": "letters of other alphabets: refused, the character is named",
    "BI-13": "anything that is no worker ID: refused with the reason",
    # Not any 50 in a row: a job of which something worked is no wrong list, and its failures are shown one by one.
    "BI-14": "a list of unknown workers: after 50 refusals and no success the job pauses and asks a person",
    "BI-15": "a type of another account, inactive, or one of Amazon's own: refused at the form and at the action",
    "BI-16": "a score that is no whole number in the type's range: refused",
    # No least length: “pilot” is a reason, and ten forced characters teach people to type ten x's.
    "BI-18": "a reason above 2,000 characters, or only blanks where one is asked for: refused; emoji are letters",
    # Who granted for “the worker who wrote to us” has to say so. It stays where erasing a worker finds it.
    "BI-19": "a worker ID, e-mail or phone number in a reason: beside the entry only, where it can be erased",
    "BI-20": "markup, templates and header lines in any text field: shown as text everywhere",
    "BI-21": "wildcards and quotes in a search: meant literally",
    "BI-22": "a file name with paths, quotes or 300 characters: only shown; downloads have our names",
    "BI-23": "line breaks and terminal codes in names: refused, and escaped in logs",
    "BI-24": "=1+1 in an export: text", "BI-25": "+1, -1 in an export: text", "BI-26": "@SUM, a tab: text",
    "BI-27": "a full-width =, a formula after a line break: text", "BI-28": "a command: text",
    "BI-29": "an export of very many entries: streamed, the newest 250,000, and it says so",
    "BI-30": "a place in a list that is none: the first page, or 400",
    "BI-31": "unknown filters: 400 by name; an address above 8 KB: 414",
    "BI-32": "a day that is none: 400 by name; days are the reader's own",
    "BI-33": "another lab's key anywhere: 404 and an entry",
    "BI-34": "a malformed key: 404 without a query",
    "BI-35": "extra fields: ignored",
    "BI-36": "steps out of order: 409 or 403, nothing changes",
    "BI-37": "a form that is out of date: 409, and how things stand now",
    "BI-38": "a field given twice: 400",
    "BI-39": "addresses, foreign partitions and blanks in an account's access: refused",
    "BI-40": "a credential in any text field: refused, not kept, not logged",
    "BI-41": "a form from elsewhere: 403 and an entry",
    "BI-42": "another method: 405, nothing changes",
    "BI-43": "a foreign host: 400 and an entry",
    "BI-44": "forged addresses of proxies: not believed",
    "BI-45": "a session that ended, of somebody closed out, or made up: nobody; signing in makes a new key",
    "BI-46": "`next` that leads elsewhere: the own start page",
    # 2,000 fields rather than 1,000: a check page has one tick for each proposed correction.
    "BI-51": "more than 5 files or 2,000 fields, or fields within fields: 400",
    "BI-55": "a list of Amazon's that goes round in a circle or never ends: left at the cap, with an error",
    "BI-56": "names of types that are too long, taken, or taken but for capitals: told before the call",
    "BI-57": "line ends and header lines in a name: refused",
}  # fmt: skip
