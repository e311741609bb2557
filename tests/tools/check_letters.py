"""Reads every .eml below a folder with Python's own parser and finds fault."""
import email, email.policy, pathlib, sys

files = sorted(pathlib.Path(sys.argv[1]).rglob("*.eml"))
assert files, "there are no letters"
once = ["From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe",
        "List-Unsubscribe-Post", "List-Archive", "MIME-Version", "Content-Type"]
for path in files:
    octets = path.read_bytes()
    assert b"\n" not in octets.replace(b"\r\n", b""), f"{path}: a bare line feed"
    assert all(len(line) <= 998 for line in octets.split(b"\r\n")), f"{path}: a long line"
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    for part in message.walk():
        assert not part.defects, f"{path}: {part.defects}"
        for name, value in part.items():
            assert not value.defects, f"{path}: {name}: {value.defects}"
    for name in once:
        assert len(message.get_all(name, [])) == 1, f"{path}: {name}"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"], f"{path}: {kinds}"
    text, html = (part.get_content() for part in message.iter_parts())
    link = message["List-Unsubscribe"].split(">")[0].lstrip("<")
    assert link in text and link in html, f"{path}: no unsubscribe link in sight"
    assert "mailto:" in message["List-Unsubscribe"]
print(f"{len(files)} letters without a defect")
