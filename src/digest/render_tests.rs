//! Tests of rendering: above all that a letter joined from its pieces is, octet for octet, the
//! letter that its templates would have made for that very reader.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    digest::{
        message::{Part, Recipient},
        tree,
    },
    domain::{
        post::{Comments, Direction, FeedChoice, Post, PostId, RelatedChoice},
        token::Purpose,
    },
};

#[test]
fn a_part_is_cut_at_its_placeholders_and_nowhere_else() {
    let words = ["GREET", "LEAVE", "CHANGE"].map(str::to_owned);
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
fn own_values(to: &Recipient, fence: &str) -> [String; 3] {
    let name = to.name.replace(char::is_control, " ");
    let greeting = if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") };
    let token = key().token(Purpose::Unsubscribe, to.subscription);
    let link = format!("https://blog.example/a&b/unsubscribe/{token}");
    let ask = format!("mailto:letters@blog.example?subject=preferences%20{token}");
    [greeting, link, ask].map(|value| format!("{fence}{value}{fence}"))
}

/// `template` filled with these values by Tera, as text or as HTML.
fn filled(template: &str, kind: &str, [greeting, link, ask]: &[String; 3]) -> String {
    let name = format!("own/part.{kind}");
    let templates = Templates::new(&[(name.clone(), template.to_owned())]).unwrap();
    let reader = json!({
        "greeting": greeting, "unsubscribe_url": link, "preferences_url": ask,
    });
    let context: Value = json!({ "reader": reader });
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
                Just("<a href=\"{{ reader.preferences_url }}\">".to_owned()),
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
        let words = ["prGREETINGq", "prLINKq", "prASKq"].map(str::to_owned);
        let cut = |kind: &str| super::pieces(&filled(&template, kind, &words), &words);
        let letter = Letter {
            head: String::new(),
            boundary: "=_boundary_".into(),
            seed: "s".into(),
            text: cut("txt"),
            html: cut("html"),
            ..Letter::default()
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

fn head<'a>(
    cadence: Cadence,
    (zone, theme, pictures): (&'a Zone, &'a Theme, &'a Pictures),
) -> Letterhead<'a> {
    Letterhead {
        site: "Site",
        url: "https://blog.example/",
        language: "en",
        author: "Ann",
        postal_address: "1 Street",
        newsletter: "Letters",
        description: "",
        issue: "instant/one",
        cadence,
        online: "https://blog.example/letters/letters/instant-one/".into(),
        date: Timestamp::from_micros(0),
        zone,
        theme,
        pictures,
        mark: "",
    }
}

/// The letter of `articles`.
fn letter_of(articles: Vec<&Post>, cadence: Cadence, theme: &Theme) -> Letter {
    let templates = Templates::new(&[]).unwrap();
    let (zone, pictures) = (Zone::utc(), Pictures::unknown());
    let digest = Digest { articles, related: Vec::new(), popular: Vec::new() };
    let head = head(cadence, (&zone, theme, &pictures));
    render(&templates, &head, &digest, &sender(), &key()).unwrap()
}

/// The built-in templates, styles inlined. The inliner writes `'` for `&#39;`, so both ways are
/// brought into its spelling before they are compared.
#[test]
fn the_built_in_letters_are_their_full_render_too() {
    let post = post();
    let digest = Digest { articles: vec![&post], related: vec![&post], popular: vec![&post] };
    let templates = Templates::new(&[]).unwrap();
    let (zone, theme, pictures) = (Zone::utc(), Theme::default(), Pictures::unknown());
    let head = head(Cadence::Instant, (&zone, &theme, &pictures));
    for name in ["", "Ada", "A <b> & \"c\" 'd'", "Zoë = 漢 ".repeat(20).as_str()] {
        let to = recipient(name);
        let letter = render(&templates, &head, &digest, &sender(), &key()).unwrap();
        let values = own_values(&to, "");
        let desk = Desk::new(templates.words(), &head, &digest, &values);
        let parts = super::parts(&templates, &desk, desk.whole()).unwrap();
        let read = |part| sender().readable(&letter, part, &to, &key());
        assert_eq!(read(Part::Text), tidy(&parts.text));
        let spelled = |html: &str| tidy(&inline(html, String::new()).unwrap());
        assert_eq!(spelled(&read(Part::Html)), spelled(&parts.html));
    }
}

fn html_of(letter: &Letter) -> String {
    sender().readable(letter, Part::Html, &recipient("Ada"), &key())
}

fn text_of(letter: &Letter) -> String {
    sender().readable(letter, Part::Text, &recipient("Ada"), &key())
}

#[test]
fn a_letter_is_never_longer_than_mailboxes_take() {
    let paragraph = "<p>Some words about boats, cables and weather, again and again.</p>\n";
    let bodies = [
        paragraph.repeat(5_000),
        format!("<div>{}</div>", paragraph.repeat(5_000)),
        format!("<pre><code>{}</code></pre>", "a line of code that goes on\n".repeat(12_000)),
        format!("<p>{}</p>", "words ".repeat(50_000)),
        format!("<ul>{}</ul>", "<li><a href=\"https://x.example/\">An item</a></li>".repeat(7_000)),
        format!("<table>{}</table>", "<tr><td>a</td><td>b</td></tr>".repeat(10_000)),
        format!("<p>{}</p>", "漢".repeat(100_000)),
    ];
    for body in bodies {
        assert!(body.len() >= 280_000);
        let post = Post { html: body, ..post() };
        for cadence in [Cadence::Instant, Cadence::Weekly] {
            let letter = letter_of(vec![&post], cadence, &Theme::default());
            let (html, text) = (html_of(&letter), text_of(&letter));
            assert!(html.len() <= LONGEST, "{} octets", html.len());
            assert!(html.len() > LONGEST * 3 / 4, "cut too short: {} octets", html.len());
            for part in [&html, &text] {
                assert!(part.contains("Read on") && part.contains("mailboxes cut off longer ones"));
                assert!(part.contains("1 Street") && part.contains("/unsubscribe/"));
            }
        }
    }
}

#[test]
fn a_digest_of_very_many_posts_goes_on_as_titles() {
    let summary = "A summary of some length, as people write them. ".repeat(6);
    let posts: Vec<Post> = (0..2_000)
        .map(|number| Post {
            title: format!("Post number {number}"),
            summary: summary.clone(),
            ..post()
        })
        .collect();
    for count in [30, 200, 2_000] {
        let articles = posts.iter().take(count).collect();
        let letter = letter_of(articles, Cadence::Weekly, &Theme::default());
        let html = html_of(&letter);
        assert!(html.len() <= LONGEST, "{count}: {} octets", html.len());
        assert!(html.contains("Post number 0<") && html.contains("1 Street"));
        assert!(html.contains(&format!("{count} new posts")));
        assert_eq!(html.contains("And "), count == 2_000, "{count}");
        assert_eq!(letter.subject, format!("Post number 0 – and {} more", count - 1));
    }
}

#[test]
fn every_link_of_the_html_stands_in_the_text() {
    let html = "<p><a href=\"https://x.example/?a=1&amp;b=2\">x</a> <a \
                href=\"mailto:a@b.example\">write</a></p><video src=\"https://x.example/f.mp4\">\
                </video><img src=\"https://x.example/d.svg\" alt=\"Plan\">";
    let post = Post {
        html: html.into(),
        comments: Some(Comments { url: "https://x.example/talk".into(), count: Some(2) }),
        ..post()
    };
    for (articles, cadence) in [
        (vec![&post], Cadence::Instant),
        (vec![&post], Cadence::Weekly),
        (vec![&post, &post], Cadence::Weekly),
    ] {
        let letter = letter_of(articles, cadence, &Theme::default());
        let (html, text) = (html_of(&letter), text_of(&letter));
        for link in html.split("<a ").skip(1).filter_map(|tag| tag.split("href=\"").nth(1)) {
            let link = tree::decoded(link.split('"').next().unwrap());
            assert!(text.contains(&link), "{link}\n{text}");
        }
    }
}

#[test]
fn each_language_has_its_letter() {
    let post = post();
    let templates = Templates::new(&[]).unwrap();
    let (zone, theme, pictures) = (Zone::utc(), Theme::default(), Pictures::unknown());
    let languages: Vec<&str> = templates.words().languages().collect();
    assert_eq!(languages.len(), 9);
    for language in languages {
        let digest = Digest { articles: vec![&post], related: vec![&post], popular: vec![&post] };
        let head = Letterhead { language, ..head(Cadence::Weekly, (&zone, &theme, &pictures)) };
        let letter = render(&templates, &head, &digest, &sender(), &key()).unwrap();
        let (html, text) = (html_of(&letter), text_of(&letter));
        let words = templates.words();
        for key in ["unsubscribe", "view-online", "preferences", "read-on-web", "related"] {
            let said = words.word(language, key).replace('\'', "&#39;");
            assert!(html.contains(&said), "{language}: {key}: {said}");
        }
        for key in ["unsubscribe-how", "preferences-how", "related"] {
            assert!(text.contains(&words.word(language, key)), "{language}: {key}");
        }
        let direction = if matches!(language, "he" | "ar") { "rtl" } else { "ltr" };
        assert!(html.contains(&format!("lang=\"{language}\" dir=\"{direction}\"")), "{html}");
        assert!(html.contains(&words.date(language, post.published, &zone)));
        assert!(text.starts_with(&letter.greeting.to("Ada")) && text.contains("Ada"));
    }
}

#[test]
fn a_title_of_spaces_still_makes_a_letter() {
    let post = Post { title: "  \u{a0} ".into(), ..post() };
    let letter = letter_of(vec![&post], Cadence::Instant, &Theme::default());
    assert_eq!(letter.subject, "Letters");
    assert!(html_of(&letter).contains(">Letters</a></h1>"));
}

#[test]
fn the_theme_is_in_the_letter() {
    let accent = crate::domain::colour::Colour::rgb(136, 17, 34);
    let ours = Theme::default();
    let theme = Theme {
        accent: crate::digest::theme::Pair::new(accent, ours.accent.dark),
        font: "Verdana, sans-serif".into(),
        width: 680,
        logo: Some("https://blog.example/logo.png".into()),
        ..ours
    };
    let post = post();
    let html = html_of(&letter_of(vec![&post], Cadence::Instant, &theme));
    for part in [
        "#881122",
        "Verdana, sans-serif",
        "max-width: 680px",
        "width=\"680\"",
        "logo.png\" alt=\"Letters\"",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn sheets_that_stay_are_left_alone() {
    let html = "<html><head><style>p{color:red}</style><style data-kept>[data-x] p{color:blue}\
                </style></head><body><p>x</p></body></html>";
    let inlined = inline(html, String::new()).unwrap();
    assert!(inlined.contains("<p style=\"color: red;\">x</p>"), "{inlined}");
    assert!(inlined.contains("<style>[data-x] p{color:blue}</style>\n</head>"), "{inlined}");
    assert_eq!(inlined.matches("<style>").count(), 1, "{inlined}");
}

#[test]
fn the_mark_of_letters_is_one_more_part_of_an_address() {
    for (url, mark, wanted) in [
        ("https://b.example/a/", "", "https://b.example/a/"),
        ("https://b.example/a/", "from=letter", "https://b.example/a/?from=letter"),
        ("https://b.example/a/?x=1", "from=letter", "https://b.example/a/?x=1&from=letter"),
        ("https://b.example/a/#top", "from=letter", "https://b.example/a/?from=letter#top"),
    ] {
        assert_eq!(context::marked(url, mark), wanted);
    }
}
