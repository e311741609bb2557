//! Tests of messages: their header section, and what readers' values may not do.

use proptest::prelude::*;

use super::*;
use crate::digest::quoted::decode;

fn sender() -> Sender {
    let from: Address = "letters@blog.example".parse().unwrap();
    Sender {
        from: ("Mara Löf".into(), from.clone()),
        reply_to: (String::new(), from),
        newsletter: "letters".into(),
        name: "Salt & Solder letters".into(),
        url: "https://blog.example/".into(),
        signer: None,
    }
}

fn letter(subject: &str) -> Letter {
    let fixed = |text: &str| Piece::Fixed(quoted::encode(text));
    Letter {
        head: sender().head(subject, Timestamp::from_micros(0), "=_b").unwrap(),
        boundary: "=_b".into(),
        seed: "s".into(),
        text: vec![fixed(""), Piece::Slot(Slot::Greeting), fixed("\n\nBody = é\n")],
        html: vec![fixed("<p>"), Piece::Slot(Slot::Greeting), fixed("</p>\n")],
        ..Letter::default()
    }
}

fn message(subject: &str, name: &str) -> String {
    let to = Recipient {
        address: "ada@example.net".parse().unwrap(),
        name: name.into(),
        subscription: 7,
    };
    let key = Key::new(vec![1; 32]);
    String::from_utf8(sender().message(&letter(subject), &to, &key).unwrap()).unwrap()
}

#[test]
fn each_header_field_stands_once_and_lines_end_in_crlf() {
    let message = message("Hello", "Ada");
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    for field in [
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Archive",
        "MIME-Version",
        "Content-Type",
    ] {
        let count = head.lines().filter(|l| l.starts_with(&format!("{field}:"))).count();
        assert_eq!(count, 1, "{field}\n{head}");
    }
    assert!(!message.replace("\r\n", "").contains(['\r', '\n']));
    assert!(message.lines().all(|line| line.len() < 998));
    assert!(head.contains("Salt & Solder letters <letters.blog.example>"), "{head}");
}

#[test]
fn the_same_delivery_gives_the_same_octets() {
    assert_eq!(message("Hello", "Ada"), message("Hello", "Ada"));
}

#[test]
fn values_of_a_reader_are_escaped_where_they_stand() {
    let message = message("Hello", "A <b> & \"c\"");
    let parts: Vec<&str> = message.split("--=_b").collect();
    assert!(decode(parts[1]).contains("Hello A <b> & \"c\","), "{}", parts[1]);
    assert!(decode(parts[2]).contains("Hello A &lt;b&gt; &amp; &quot;c&quot;,"));
}

#[test]
fn no_value_begins_a_header_field() {
    for hostile in ["x\r\nBcc: evil@example.net", "x\nBcc: evil@example.net", "x\0Bcc: y"] {
        let message = message(hostile, hostile);
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    }
}

#[test]
fn long_and_foreign_subjects_are_folded_into_encoded_words() {
    for subject in
        ["=?x".repeat(99), "🙂".repeat(150), "שלום ".repeat(60), "plain words ".repeat(30)]
    {
        let head = letter(&subject).head;
        assert!(head.lines().all(|line| line.len() <= 78), "{head}");
    }
}

proptest! {
    #[test]
    fn to_is_written_as_lettre_writes_it(
        name in prop_oneof![
            "[ A-Za-z0-9._-]{0,80}", "[ -~]{0,30}", "[a-z é漢\t\u{1}\"]{0,30}",
        ],
        local in prop_oneof!["[a-z0-9+_-]{1,60}", "[a-zé]{1,9}", Just("\"a b\"".to_owned())],
    ) {
        let address: Address = format!("{local}@mail.example.net").parse().unwrap();
        let mut headers = Headers::new();
        let to: header::To = mailboxes("To", &(name.clone(), address.clone())).unwrap().into();
        headers.set(to);
        let mut written = String::new();
        push_to(&mut written, &Recipient { address, name, subscription: 1 }).unwrap();
        prop_assert_eq!(written, headers.to_string());
    }
}
