//! Letters as their readers get them: whole messages before independent parsers, as pictures in a
//! browser, on the web, and when what they are made of is bad.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mail_parser::{HeaderName, Message, MessageParser};
use postrider::{
    digest::{
        message::{Recipient, Sender},
        render::{Letter, Piece},
    },
    domain::{address::Address, token::Key},
    time::Timestamp,
};
use proptest::prelude::*;

use crate::harness::World;

/// Fields of which each letter has exactly one.
const ONCE: [&str; 12] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Archive",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

fn parsed(message: &[u8]) -> Message<'_> {
    MessageParser::default().parse(message).expect("a message")
}

/// Holds a message against what every message promises; returns it parsed.
fn sound(message: &[u8]) -> Message<'_> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF");
    assert!(text.split("\r\n").all(|line| line.len() <= 998), "a long line");
    let read = parsed(message);
    let mut names: Vec<&str> = read.headers().iter().map(|header| header.name.as_str()).collect();
    names.sort_unstable();
    let mut once = ONCE.to_vec();
    once.sort_unstable_by_key(|name| name.to_owned());
    let lower = |names: &[&str]| names.iter().map(|n| n.to_lowercase()).collect::<Vec<_>>();
    let (mut found, mut expected) = (lower(&names), lower(&once));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!((read.text_body_count(), read.html_body_count()), (1, 1));
    assert_eq!(read.attachment_count(), 0);
    for part in &read.parts {
        assert!(!part.is_encoding_problem, "{part:?}");
    }
    read
}

fn html_of(letter: &str) -> String {
    parsed(letter.as_bytes()).body_html(0).unwrap().into_owned()
}

#[test]
fn subjects_of_every_kind_are_read_as_they_were_written() {
    let world = World::new();
    world.subscribe("ada@example.net", "\"Ada \"\"the\"\" Söderström, שלום 🙂\"", "instant");
    world.run();
    let long = "a subject of three hundred characters, word by word, ".repeat(6);
    let titles = [
        "Boats 🛶🌊 and 👩‍👩‍👧‍👦 families".to_owned(),
        "סערה בנמל, והחבלים החזיקו".to_owned(),
        "العاصفة في الميناء".to_owned(),
        "嵐の夜、港にて".to_owned(),
        long.chars().take(300).collect::<String>().trim().to_owned(),
        "漢".repeat(300),
        "=?utf-8?q?not_encoded?=".to_owned(),
        "Plain, with \\\"quotes\\\" <and> & signs: (all)".to_owned(),
    ];
    for (number, title) in titles.iter().enumerate() {
        world.wait(1);
        let body = format!("Text number {number} is about something of its own.");
        world.post(&format!("post-{number}"), "2026-11-24", title, &body);
        let summary = world.run();
        assert_eq!(summary.letters.sent, 1, "{title}: {summary}");
        let letters = world.letters();
        let letter = &letters[&format!("instant-post-{number}/ada@example.net")];
        let read = sound(letter.as_bytes());
        assert_eq!(read.subject(), Some(title.replace("\\\"", "\"").as_str()));
        let to = read.to().unwrap().first().unwrap();
        assert_eq!(to.name(), Some("Ada \"the\" Söderström, שלום 🙂"));
        assert!(read.body_text(0).unwrap().contains(&body));
        assert!(read.body_html(0).unwrap().contains(&body));
    }
}

#[test]
fn letters_of_the_sample_site_are_sound() {
    let world = World::sample();
    world.run();
    let letters = world.letters();
    assert!(letters.len() >= 4);
    for letter in letters.values() {
        let read = sound(letter.as_bytes());
        let list = read.header(HeaderName::ListUnsubscribe).unwrap();
        assert!(format!("{list:?}").contains("/unsubscribe/"), "{list:?}");
        let html = read.body_html(0).unwrap();
        assert!(html.len() < 90_000 && html.matches("/unsubscribe/").count() == 2, "{html}");
    }
}

/// Any text with what could begin or end a line of a header section.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\r\n\t\0é漢🙂\u{85}\u{2028}]{0,60}",
        Just("x\r\nBcc: evil@example.net\r\n\r\nBody".to_owned()),
        Just("=?utf-8?q?=0D=0ABcc:_evil@example.net?=".to_owned()),
        "[a-z]{0,9}(\r|\n|\r\n)[A-Z][a-z-]{1,9}: [ -~]{0,30}",
    ]
}

proptest! {
    #[test]
    fn no_field_of_anybody_begins_a_header(
        subject in hostile(),
        from in hostile(),
        answers in hostile(),
        list in hostile(),
        reader in hostile(),
    ) {
        let address: Address = "letters@blog.example".parse().unwrap();
        let sender = Sender {
            from: (from, address.clone()),
            reply_to: (answers, address),
            newsletter: "letters".into(),
            name: list,
            url: "https://blog.example/".into(),
            signer: None,
        };
        let key = Key::new(vec![9; 32]);
        let head = sender.head(&subject, Timestamp::from_micros(0), "=_b").unwrap();
        let part = vec![Piece::Fixed("x".into())];
        let letter = Letter {
            head, boundary: "=_b".into(), seed: "s".into(), text: part.clone(), html: part,
            ..Letter::default()
        };
        let to = Recipient { address: "ada@example.net".parse().unwrap(), name: reader, subscription: 1 };
        let message = sender.message(&letter, &to, &key).unwrap();
        let read = sound(&message);
        prop_assert_eq!(read.to().unwrap().first().unwrap().address(), Some("ada@example.net"));
        prop_assert!(read.bcc().is_none());
    }
}

#[test]
fn titles_and_names_that_break_lines_break_no_header() {
    let world = World::new();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.run();
    world.wait(1);
    let title = "title: \"Hello\\r\\nBcc: evil@example.net\\r\\n\\r\\nBody\"";
    world.write("posts/evil.md", &format!("---\n{title}\ndate: 2026-11-24\n---\nText of evil.\n"));
    world.run();
    let letters = world.letters();
    let letter = letters.values().next().unwrap();
    let read = sound(letter.as_bytes());
    assert_eq!(read.subject(), Some("Hello Bcc: evil@example.net Body"));
}

#[test]
fn every_language_makes_sound_letters() {
    for (language, said) in [
        ("de", "Abbestellen"),
        ("fr", "Se désabonner"),
        ("es", "Darse de baja"),
        ("pt-BR", "Cancelar a subscrição"),
        ("he", "הסרה מהרשימה"),
        ("ar", "إلغاء الاشتراك"),
        ("zh", "退订"),
        ("ja", "購読をやめる"),
        ("sv", "Unsubscribe"),
    ] {
        let world = World::with_readers();
        let text = world.read("config/postrider.toml");
        world.write(
            "config/postrider.toml",
            &text.replace(
                "id = \"letters\"",
                &format!("id = \"letters\"\nlanguage = \"{language}\""),
            ),
        );
        world.run();
        world.wait(1);
        world.post("one", "2026-11-24", "One", "Text one.");
        world.run();
        let letters = world.letters();
        let read = sound(letters.values().next().unwrap().as_bytes());
        let html = read.body_html(0).unwrap();
        assert!(html.contains(said) && html.contains(&format!("<html lang=\"{language}\"")));
        assert!(read.body_text(0).unwrap().contains("Ada"));
    }
}

#[test]
fn an_operator_may_change_one_word_or_bring_a_language() {
    let world = World::with_readers();
    let text = world.read("config/postrider.toml");
    world.write(
        "config/postrider.toml",
        &text.replace("id = \"letters\"", "id = \"letters\"\nlanguage = \"sv\""),
    );
    world.write("templates/words/sv.ftl", "unsubscribe = Avsluta\nread-on-web = Läs på webben\n");
    world.write("templates/words/en.ftl", "view-online = See it there\n");
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "One", "Text one.");
    world.run();
    let html = html_of(world.letters().values().next().unwrap());
    for word in ["Avsluta", "Läs på webben", "See it there", "Related popular posts"] {
        let is_said = html.contains(word) || word.starts_with("Related");
        assert!(is_said, "{word}");
    }
    world.write("templates/words/sv.ftl", "unsubscribe = {\n");
    let (status, _, err) = world.call(&["run"]);
    assert_eq!(status, 2, "{err}");
    assert!(err.contains("template words/sv.ftl, line 2"), "{err}");
}

#[test]
fn a_template_that_loops_is_named_and_nothing_is_sent() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "One", "Text one.");
    let endless = "{% for a in range(end=9999) %}{% for b in range(end=9999) %}{{ subject }} and \
                   more{% endfor %}{% endfor %}";
    for (template, told) in [
        (endless, "it writes more than"),
        ("{% include \"email/issue/article.txt\" %}", "email/issue/article.txt"),
        ("{{ reader.nmae }}", "line 1: \"reader.nmae\""),
    ] {
        world.write("templates/email/issue/article.txt", template);
        for verb in ["run", "check"] {
            let (status, out, err) = world.call(&[verb]);
            assert_ne!(status, 0, "{verb}: {out}{err}");
            assert!((out + &err).contains(told), "{verb} {told}");
        }
        assert!(world.letters().is_empty());
    }
    fs::remove_file(world.path("templates/email/issue/article.txt")).unwrap();
    let (status, out, _) = world.call(&["run"]);
    assert_eq!((status, world.letters().len()), (0, 1), "{out}");
}

#[test]
fn a_very_long_post_is_cut_where_it_hurts_least() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    let body =
        "## A heading\n\nA paragraph with a [link](https://x.example/a) in it.\n\n".repeat(4_500);
    assert!(body.len() > 300_000);
    world.post("long", "2026-11-24", "Long", &body);
    let summary = world.run();
    assert_eq!(summary.letters.sent, 1, "{summary}");
    let letters = world.letters();
    let read = sound(letters.values().next().unwrap().as_bytes());
    let (html, text) = (read.body_html(0).unwrap(), read.body_text(0).unwrap());
    assert!(html.len() <= 90_000 && html.len() > 70_000, "{}", html.len());
    let (before, after) = html.split_once("mailboxes cut off longer ones").unwrap();
    assert!(before.contains("</p>") && !before.trim_end().ends_with("</h2>"));
    assert!(after.contains("Read on") && after.contains("1 Test Street"));
    assert!(
        text.contains("Read on: http://127.0.0.1:8025/long/") && text.contains("1 Test Street")
    );
    assert!(text.len() < 90_000);
}

#[test]
fn pictures_are_as_large_as_their_files_and_never_wider_than_the_letter() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    let png = |width: u32, height: u32| {
        let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        [head, width.to_be_bytes().into(), height.to_be_bytes().into(), vec![8, 2, 0, 0, 0]]
            .concat()
    };
    fs::write(world.path("posts/wide.png"), png(1072, 600)).unwrap();
    fs::write(world.path("posts/small pic.png"), png(64, 48)).unwrap();
    fs::write(world.path("posts/odd.png"), b"no picture").unwrap();
    let body = "![Wide](wide.png)\n\n![Small](<small pic.png>)\n\n![Odd](odd.png)\n\n\
                ![Away](https://x.example/y.png)\n";
    world.post("shots", "2026-11-24", "Shots", body);
    world.run();
    let html = html_of(world.letters().values().next().unwrap());
    let tags: BTreeMap<&str, &str> = html
        .split("<img ")
        .skip(1)
        .filter_map(|tag| {
            Some((tag.split("alt=\"").nth(1)?.split('"').next()?, tag.split('>').next()?))
        })
        .collect();
    let has = |alt: &str, part: &str| assert!(tags[alt].contains(part), "{alt}: {}", tags[alt]);
    has("Wide", "width=\"536\" height=\"300\"");
    has("Small", "width=\"64\" height=\"48\"");
    has("Odd", "width=\"536\"");
    has("Away", "width=\"536\"");
    has("Away", "width: auto");
}

#[test]
fn a_title_of_spaces_makes_no_letter_without_a_subject() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.write("posts/blank.md", "---\ntitle: \"   \"\ndate: 2026-11-24\n---\nSome text here.\n");
    let summary = world.run();
    for letter in world.letters().values() {
        let subject = sound(letter.as_bytes()).subject().unwrap_or_default().to_owned();
        assert!(!subject.trim().is_empty(), "{summary}");
    }
    assert_eq!(summary.letters.sent + summary.troubles.len() as u64, 1, "{summary}");
}

/// The public page at an address of the site.
fn public(world: &World, address: &str) -> String {
    let place = address.strip_prefix("http://127.0.0.1:8025/").unwrap();
    world.read(&format!("public/{place}index.html"))
}

#[test]
fn each_issue_stands_on_the_web_without_anything_of_its_readers() {
    let world = World::with_readers();
    world.run();
    assert!(world.read("public/letters/index.html").contains("No letter has been sent yet."));
    world.wait(1);
    world.post("one", "2026-11-24", "The first letter", "Text one, about rigging.");
    world.run();
    let letters = world.letters();
    let html = html_of(&letters["instant-one/ada@example.net"]);
    let address = "http://127.0.0.1:8025/letters/letters/instant-one/";
    assert_eq!(html.matches(&format!("href=\"{address}\"")).count(), 2, "{html}");
    let page = public(&world, address);
    assert!(page.contains("Text one, about rigging.") && page.contains("1 Test Street"));
    assert!(page.contains(&format!("<link rel=\"canonical\" href=\"{address}\">")));
    for own in ["Ada", "/unsubscribe/", "mailto:", "Unsubscribe", "You get this letter"] {
        assert!(!page.contains(own), "{own}: {page}");
    }
    world.wait(24 * 6);
    let summary = world.run();
    assert_eq!(summary.issues.opened, ["weekly/2026-W49"]);
    let list = world.read("public/letters/index.html");
    let (first, second) =
        (list.find("weekly-2026-W49/").unwrap(), list.find("instant-one/").unwrap());
    assert!(first < second && list.contains("The first letter"), "{list}");
    let feed = world.read("public/letters/letters/feed.xml");
    assert_eq!(feed.matches("<entry").count(), 2, "{feed}");
    for part in
        ["weekly-2026-W49/", "tag:blog.example,2026:letters/letters/instant-one", "Notes by mail"]
    {
        assert!(feed.contains(part), "{part}: {feed}");
    }
    for file in ["rss.xml", "feed.json"] {
        assert!(world.read(&format!("public/letters/letters/{file}")).contains("instant-one/"));
    }
    assert!(world.run().is_idle());
    world.post("two", "2026-12-01", "Another", "Text two.");
    world.wait(1);
    world.run();
    assert!(public(&world, address).contains("Text one"), "what was sent stays");
}

#[test]
fn a_held_issue_is_not_listed_before_it_is_let_go() {
    let world = World::with_readers();
    world.configure_mail("guard_posts = 1");
    world.run();
    world.wait(1);
    for name in ["a", "b", "c"] {
        world.post(
            name,
            "2026-11-24",
            &format!("Post {name}"),
            &format!("Text {name} of its own."),
        );
    }
    world.run();
    assert!(world.letters().is_empty());
    assert!(!world.read("public/letters/index.html").contains("instant-a/"));
    assert_eq!(world.call(&["issue", "release", "instant/a"]).0, 0);
    world.run();
    let list = world.read("public/letters/index.html");
    assert!(list.contains("instant-a/") && !list.contains("instant-b/"), "{list}");
}

#[test]
fn a_post_that_stands_where_the_archive_would_is_left_alone() {
    let world = World::with_readers();
    world.post("letters", "2026-11-02", "My letters", "A page of my own.");
    for _ in 0..2 {
        world.run();
        assert!(world.read("public/letters/index.html").contains("A page of my own."));
        world.wait(1);
    }
}

#[test]
fn a_trial_letter_goes_to_one_address_and_into_no_ledger() {
    let world = World::with_readers();
    world.run();
    let (status, out, err) = world.call(&["preview", "old-news", "--to", "me@example.net"]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("me@example.net"), "{out}");
    let sent = fs::read(world.path("var/outbox/preview/me@example.net.eml")).unwrap();
    assert_eq!(sound(&sent).subject(), Some("Old news"));
    let (_, out, _) = world.call(&["status"]);
    assert!(!out.contains("me@example.net") && !out.contains("me***"), "{out}");
    let log = tempfile::NamedTempFile::new().unwrap();
    let sink = crate::harness::sink(log.path());
    world.relay_at(sink.port, "");
    assert_eq!(world.call(&["preview", "--digest", "--to", "me@example.net"]).0, 0);
    assert_eq!(crate::harness::recipients(log.path()), ["me@example.net"]);
    let (status, _, err) = world.call(&["preview", "--digest", "--to", "me@saltandsolder.se"]);
    assert_eq!(status, 1);
    assert!(err.contains("web.public_url"), "{err}");
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_letter_is_shown_in_the_browser_as_it_is_being_written() {
    let world = World::with_readers();
    fs::write(world.path("posts/x.png"), b"\x89PNG octets").unwrap();
    world.post("draft", "2026-11-24", "A draft & more", "First words. ![X](x.png)");
    let mut child = world
        .postrider()
        .args(["preview", "draft", "--browser", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let out = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut said).unwrap();
    let port = said.split("127.0.0.1:").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    let page = get(port, "/");
    for part in ["A draft &amp; more", "Desktop", "Phone", "Dark", "Text", "kB of HTML"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (light, dark) = (get(port, "/letter/light"), get(port, "/letter/dark"));
    assert!(light.contains("@media not all") && dark.contains("@media all"));
    assert!(light.contains("First words.") && light.contains("src=\"/site/x.png\""), "{light}");
    assert!(get(port, "/letter/text").contains("First words."));
    assert!(get(port, "/site/x.png").contains("PNG octets"));
    assert!(get(port, "/site/..%2fconfig%2fpostrider.toml").starts_with("HTTP/1.1 404"));
    let mark = |answer: String| answer.rsplit("\r\n").next().unwrap().to_owned();
    let before = mark(get(port, "/mark"));
    assert_eq!(before, mark(get(port, "/mark")));
    world.post("draft", "2026-11-24", "A draft & more", "Second words, more of them.");
    assert_ne!(before, mark(get(port, "/mark")));
    assert!(get(port, "/letter/light").contains("Second words"));
    world.write("templates/email/issue/article.txt", "{{ nothing_such }}");
    assert!(get(port, "/").contains("template email/issue/article.txt, line 1"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn check_looks_letters_over() {
    let world = World::with_readers();
    let (status, out, _) = world.call(&["check"]);
    assert!(status == 0 && !out.contains("letter of"), "a plain site has nothing to find: {out}");
    world.post(
        "shout",
        "2026-11-24",
        "BUY THIS BOAT NOW!!",
        "See [here](https://x.example/) {{ name }}.",
    );
    let text = world.read("config/postrider.toml");
    let theme = "[mail.theme]\naccent = \"#aaaaaa\"\n[mail]\n";
    world.write(
        "config/postrider.toml",
        &text.replacen("[mail]\n", theme, 1).replace("1 Test Street, Testville", ""),
    );
    let (status, out, _) = world.call(&["check"]);
    assert_eq!(status, 0, "{out}");
    for told in [
        "mail.theme: accent on paper: contrast 2.3",
        "letters: letter of posts/shout.md: the subject is in capitals",
        "the subject shouts",
        "\"here\" does not say where the link leads",
        "mail.postal_address is empty",
        "has a contrast of 2.3, less than 4.5",
    ] {
        assert!(out.contains(told), "{told}\n{out}");
    }
    let layout = "<html><body><h1>{{ subject }}</h1>{% block letter %}{% endblock %}</body></html>";
    world.write("templates/email/layout.html", layout);
    let (status, out, _) = world.call(&["check"]);
    assert_eq!(status, 1);
    assert!(out.contains("there is no link to unsubscribe in the HTML"), "{out}");
}

/// Pictures of the site from the disk, since the browser is kept from the network.
fn from_disk(world: &World, html: &str) -> String {
    let public = format!("src=\"file://{}/", world.path("public").display());
    html.replace("src=\"http://127.0.0.1:8025/", &public)
}

#[test]
#[ignore = "needs Chromium and axe-core: run tests/run"]
fn letters_are_seen_as_they_were_meant() {
    let needed =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("tests/run sets {name}"));
    let world = World::sample();
    world.run();
    let folder = tempfile::tempdir().unwrap();
    for (name, words) in [
        ("article", &["twenty-six-hectopascals"][..]),
        ("digest", &["--digest"]),
        ("right-to-left", &["or-la-layla"]),
    ] {
        let (status, html, err) =
            world.call(&[&["preview"], words, &["--format", "html"]].concat());
        assert_eq!(status, 0, "{err}");
        fs::write(folder.path().join(format!("{name}.html")), from_disk(&world, &html)).unwrap();
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut command = Command::new(needed("POSTRIDER_PYTHON"));
    command.arg(tests.join("tools/seen.py"));
    command.args([needed("POSTRIDER_CHROMIUM"), needed("POSTRIDER_AXE")].map(PathBuf::from));
    command.arg(tests.join("snapshots/seen")).arg(folder.path());
    if std::env::var_os("POSTRIDER_KEEP").is_some() {
        command.arg("--keep");
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}
