"""Verifies every .eml below a folder with dkimpy, and that what must not pass does not.

Usage: check_signatures.py FOLDER RECORDS: RECORDS holds lines of name, tab, text of a TXT record;
each message must have one valid signature for each of them. Letters (with List-Unsubscribe) are
then changed on the way, harmlessly and otherwise; but not those that have been delivered (they
begin with Return-Path, and their lines end as files' do)."""
import pathlib, re, sys
import dkim

lines = pathlib.Path(sys.argv[2]).read_text().splitlines()
records = dict(line.split("\t") for line in lines)
asked = set()


def lookup(name, timeout=5):
    name = (name.decode() if isinstance(name, bytes) else name).rstrip(".")
    asked.add(name)
    return records[name].encode()


def verdicts(octets):
    """One verdict for each signature, from top to bottom."""
    found = []
    for index in range(octets.count(b"DKIM-Signature:")):
        try:
            found.append(dkim.DKIM(octets).verify(idx=index, dnsfunc=lookup))
        except dkim.DKIMException:
            found.append(False)
    return found


def replaced(octets, old, new):
    changed = re.sub(old, new, octets, count=1, flags=re.M | re.S)
    assert changed != octets, old
    return changed


def split(octets):
    """Signatures, other fields, body."""
    head, _, body = octets.partition(b"\r\n\r\n")
    start = head.index(b"\r\nFrom:") + 2
    return head[:start], head[start:] + b"\r\n", body


def harmless(octets):
    signatures, fields, body = split(octets)
    unfolded = re.sub(rb"\r\n[ \t]+", b" ", fields)
    yield "unfolded", signatures + unfolded + b"\r\n" + body
    spaced = fields.replace(b": ", b":  \t").replace(b"From:", b"FROM:")
    yield "spaced", signatures + spaced + b"\r\n" + body
    yield "lengthened", octets + b"\r\n \r\n"
    yield "a trace on top", b"Received: from a by b; Tue, 1 Dec 2026 00:00:00 +0000\r\n" + octets
    yield "a foreign field", replaced(octets, rb"^Subject:", b"X-Spam-Score: 0\r\nSubject:")


def harmful(octets):
    signatures, fields, body = split(octets)
    for name in [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Reply-To", b"MIME-Version",
                 b"Content-Type", b"List-Id", b"List-Unsubscribe", b"List-Unsubscribe-Post",
                 b"List-Archive"]:
        line = name + b": <x@evil.example>\r\n"
        yield f"another {name.decode()} below", signatures + fields + line + b"\r\n" + body
        yield f"another {name.decode()} on top", line + octets
        changed = replaced(fields, rb"^" + name + rb": ", name + b": x")
        yield f"a changed {name.decode()}", signatures + changed + b"\r\n" + body
        gone = replaced(fields, rb"^" + name + rb":.*?\r\n(?![ \t])", b"")
        yield f"no {name.decode()}", signatures + gone + b"\r\n" + body
    yield "a changed body", octets.replace(b"Hello", b"Hallo")
    yield "a longer body", octets + b"P. S.\r\n"


files = sorted(pathlib.Path(sys.argv[1]).rglob("*.eml"))
assert files, "there are no messages"
letters = 0
for path in files:
    octets = path.read_bytes()
    delivered = octets.startswith(b"Return-Path:")
    if delivered:
        octets = octets.replace(b"\n", b"\r\n")
    assert verdicts(octets) == [True] * len(records), f"{path}: {verdicts(octets)}"
    if delivered or b"\r\nList-Unsubscribe:" not in octets:
        continue
    letters += 1
    for change, changed in harmless(octets):
        assert verdicts(changed) == [True] * len(records), f"{path}: {change} is refused"
    for change, changed in harmful(octets):
        assert verdicts(changed) == [False] * len(records), f"{path}: {change} passes"
assert asked == set(records), f"not asked for: {set(records) - asked}"
print(f"{len(files)} messages verified, {letters} of them changed")
