//! Tests of rendering: above all that a letter joined from its pieces is, octet for octet, the
//! letter that its templates would have made for that very reader.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    digest::message::Recipient,
    domain::{
        post::{FeedChoice, PostId, RelatedChoice},
        token::Purpose,
    },
};

#[test]
fn a_part_is_cut_at_its_placeholders_and_nowhere_else() {
    let words = ["GREET".to_owned(), "LEAVE".to_owned()];
    let cut = pieces("GREET\n\nSee LEAVE and LEAVE.\n", &words);
    let fixed = |text: &str| Piece::Fixed(text.to_owned());
    assert_eq!(
        cut,
        [
            fixed(""),
            Piece::Slot(Slot::Greeting),
            fixed("\r\n\r\nSee "),
            Piece::Slot(Slot::Unsubscribe),
            fixed(" and "),
            Piece::Slot(Slot::Unsubscribe),
            fixed(".\r\n"),
        ]
    );
}

#[test]
fn subjects_are_one_line_whatever_a_title_holds() {
    assert_eq!(one_line(" A\r\nBcc: x@y.example\t title \n"), "A Bcc: x@y.example title");
}

#[test]
fn the_text_part_has_no_runs_of_empty_lines() {
    assert_eq!(tidy("\n\na  \r\n\n\n\nb"), "a\n\nb\n");
}

fn sender() -> Sender {
    let from: crate::domain::address::Address = "letters@blog.example".parse().unwrap();
    Sender {
        from: (String::new(), from.clone()),
        reply_to: (String::new(), from),
        newsletter: "letters".into(),
        name: "Letters".into(),
        url: "https://blog.example/a&b/".into(),
        signer: None,
    }
}

fn key() -> Key {
    Key::new(vec![3; 32])
}

fn recipient(name: &str) -> Recipient {
    let address = "ada@example.net".parse().unwrap();
    Recipient { address, name: name.into(), subscription: 7 }
}

/// What templates would be given for this reader, each value between two `fence`s.
fn own_values(to: &Recipient, fence: &str) -> [String; 2] {
    let name = to.name.replace(char::is_control, " ");
    let greeting = if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") };
    let token = key().token(Purpose::Unsubscribe, to.subscription);
    let link = format!("https://blog.example/a&b/unsubscribe/{token}");
    [greeting, link].map(|value| format!("{fence}{value}{fence}"))
}

/// `template` filled with these values by Tera, as text or as HTML.
fn filled(template: &str, kind: &str, [greeting, link]: &[String; 2]) -> String {
    let name = format!("own/part.{kind}");
    let templates = Templates::new(&[(name.clone(), template.to_owned())]).unwrap();
    let context: Value = json!({ "reader": { "greeting": greeting, "unsubscribe_url": link } });
    tidy(&templates.render(&name, &context).unwrap())
}

/// The encoded text and HTML of a message.
fn parts(message: &str, boundary: &str) -> [String; 2] {
    let marker = format!("--{boundary}\r\n");
    let part = |index| {
        let (_, body) = message.split(&marker).nth(index).unwrap().split_once("\r\n\r\n").unwrap();
        let body = body.split(&format!("--{boundary}--")).next().unwrap();
        body.strip_suffix("\r\n").unwrap().to_owned()
    };
    [part(1), part(2)]
}

proptest! {
    #[test]
    fn a_letter_in_pieces_is_the_full_render_for_each_reader(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("{{ reader.greeting }}".to_owned()),
                Just("<a href=\"{{ reader.unsubscribe_url }}\">".to_owned()),
                Just("{{ reader.unsubscribe_url }}".to_owned()),
                "[ -z\\t\n=.é漢🙂]{0,90}",
                Just("\r\n \n\n".to_owned()),
            ],
            0..12,
        ),
        name in prop_oneof![Just(String::new()), "[ -~é漢🙂\\t\n]{0,80}"],
    ) {
        // Private use, so that no value holds it.
        const FENCE: &str = "\u{f8ff}";
        let template = pieces.concat();
        let words = ["prGREETINGq", "prLINKq"].map(str::to_owned);
        let cut = |kind: &str| super::pieces(&filled(&template, kind, &words), &words);
        let letter = Letter {
            head: String::new(),
            boundary: "=_boundary_".into(),
            seed: "s".into(),
            text: cut("txt"),
            html: cut("html"),
        };
        let to = recipient(&name);
        let message = String::from_utf8(sender().message(&letter, &to, &key()).unwrap()).unwrap();
        let encoded = parts(&message, &letter.boundary);
        for (kind, encoded) in ["txt", "html"].into_iter().zip(encoded) {
            let fenced = filled(&template, kind, &own_values(&to, FENCE));
            let whole: Vec<String> = fenced.split(FENCE).map(quoted::encode).collect();
            prop_assert_eq!(&encoded, &whole.join(quoted::SOFT_BREAK));
            let full = filled(&template, kind, &own_values(&to, ""));
            prop_assert_eq!(quoted::decode(&encoded), full);
        }
    }
}

fn post() -> Post {
    Post {
        id: PostId::new("tag:blog.example,2026:one"),
        key: "one".into(),
        path: "one.md".into(),
        url: "https://blog.example/one/?a=1&b=2".into(),
        place: "one".into(),
        title: "One <b> & \"two\"".into(),
        summary: "A summary.".into(),
        html: "<p>Text &amp; <em>more</em>.</p><pre>  a  = \"b\"\n</pre>".into(),
        published: Timestamp::from_micros(0),
        updated: Timestamp::from_micros(0),
        authors: vec!["Ann".into()],
        tags: Vec::new(),
        language: "en".into(),
        direction: Direction::Ltr,
        image: None,
        comments: None,
        related: RelatedChoice::default(),
        feed: FeedChoice::default(),
    }
}

/// The built-in templates, styles inlined. The inliner writes `'` for `&#39;`, so both ways are
/// brought into its spelling before they are compared.
#[test]
fn the_built_in_letters_are_their_full_render_too() {
    let post = post();
    let digest = Digest { articles: vec![&post], related: vec![&post], popular: vec![&post] };
    let templates = Templates::new(&[]).unwrap();
    let zone = Zone::utc();
    let head = Letterhead {
        site: "Site",
        url: "https://blog.example/",
        language: "en",
        author: "Ann",
        postal_address: "1 Street",
        newsletter: "Letters",
        description: "",
        issue: "instant/one",
        cadence: Cadence::Instant,
        date: Timestamp::from_micros(0),
        zone: &zone,
        mark: "",
    };
    for name in ["", "Ada", "A <b> & \"c\" 'd'", "Zoë = 漢 ".repeat(20).as_str()] {
        let to = recipient(name);
        let letter = render(&templates, &head, &digest, &sender(), &key()).unwrap();
        let mut context = context(&head, &digest, &own_values(&to, ""));
        context.subject = post.title.clone();
        context.preheader =
            one_line(&templates.render("email/issue/preheader.txt", &context).unwrap());
        let text = templates.render("email/issue/article.txt", &context).unwrap();
        assert_eq!(sender().readable(&letter.text, false, &to, &key()), tidy(&text));
        let name = || "email/issue/article.html".to_owned();
        let html = inline(&templates.render(&name(), &context).unwrap(), name()).unwrap();
        let joined = sender().readable(&letter.html, true, &to, &key());
        let spelled = |html: &str| tidy(&inline(html, name()).unwrap());
        assert_eq!(spelled(&joined), spelled(&html));
    }
}

#[test]
fn the_mark_of_letters_is_one_more_part_of_an_address() {
    for (url, mark, wanted) in [
        ("https://b.example/a/", "", "https://b.example/a/"),
        ("https://b.example/a/", "from=letter", "https://b.example/a/?from=letter"),
        ("https://b.example/a/?x=1", "from=letter", "https://b.example/a/?x=1&from=letter"),
        ("https://b.example/a/#top", "from=letter", "https://b.example/a/?from=letter#top"),
    ] {
        assert_eq!(marked(url, mark), wanted);
    }
}
