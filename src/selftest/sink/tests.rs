//! What a sink promises, spoken to octet by octet.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::*;

fn keeping(script: Option<Arc<Script>>) -> Sink {
    Sink::start(Options { keeps: true, script, ..Options::default() }).unwrap()
}

/// What a sink answers to `octets`, sent in pieces of that size, until it hangs up.
fn talk(sink: &Sink, octets: &[u8], piece: usize) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", sink.port)).unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in octets.chunks(piece) {
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The codes of the last lines of replies.
fn codes(answer: &str) -> Vec<&str> {
    answer.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect()
}

const ENVELOPE: &str = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example> NOTIFY=NEVER\r\n";

#[test]
fn letters_are_taken_whole_however_they_arrive() {
    for (body, raw) in
        [("Hi\r\n.\r\n", "Hi\r\n"), (".\r\n", ""), ("..\r\n.x\r\n.\r\n", "..\r\n.x\r\n")]
    {
        let both = format!("EHLO x\r\n{ENVELOPE}DATA\r\n{body}{ENVELOPE}DATA\r\n{body}QUIT\r\n");
        for piece in [1, 7, 4096] {
            let sink = keeping(None);
            let answer = talk(&sink, both.as_bytes(), piece);
            let expected =
                ["220", "250", "250", "250", "354", "250", "250", "250", "354", "250", "221"];
            assert_eq!(codes(&answer), expected, "{answer}");
            let letter = Letter { to: "c@d.example".to_owned(), raw: raw.into() };
            assert_eq!(sink.seen().letters, [letter.clone(), letter], "{body:?}");
            assert_eq!(sink.taken(), 2);
        }
    }
}

#[test]
fn chunks_are_counted_and_an_empty_last_one_completes() {
    let chunks = "BDAT 7\r\nHi\r\n.\r\nBDAT 0 LAST\r\n";
    let both = format!("EHLO x\r\n{ENVELOPE}{chunks}{ENVELOPE}BDAT 2 LAST\r\n.\nQUIT\r\n");
    for piece in [1, 4096] {
        let sink = keeping(None);
        let answer = talk(&sink, both.as_bytes(), piece);
        assert_eq!(codes(&answer)[2..], ["250", "250", "250", "250", "250", "250", "250", "221"]);
        let raws: Vec<_> = sink.seen().letters.into_iter().map(|letter| letter.raw).collect();
        assert_eq!(raws, [&b"Hi\r\n.\r\n"[..], b".\n"]);
    }
}

#[test]
fn without_a_recipient_nothing_is_taken() {
    let sink = keeping(None);
    let all = "EHLO x\r\nDATA\r\nBDAT 3 LAST\r\nabcRSET\r\nWHAT\r\nQUIT\r\n";
    assert_eq!(codes(&talk(&sink, all.as_bytes(), 4096))[2..], ["554", "503", "250", "500", "221"]);
    assert!(sink.seen().letters.is_empty());
}

#[test]
fn a_letter_is_on_disk_before_it_is_acknowledged() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let options = Options { log: Some(log.path().to_owned()), ..Options::default() };
    let sink = Sink::start(options).unwrap();
    let letter = "Subject: x\r\nMessage-Id: <1@b.example>\r\n\r\nMessage-ID: <2>\r\n.\r\n";
    let all = format!("EHLO x\r\n{ENVELOPE}DATA\r\n{letter}");
    let mut stream = TcpStream::connect(("127.0.0.1", sink.port)).unwrap();
    stream.write_all(all.as_bytes()).unwrap();
    let mut answer = String::new();
    while !answer.contains("taken") {
        let mut some = [0; 512];
        let read = stream.read(&mut some).unwrap();
        answer.push_str(std::str::from_utf8(&some[..read]).unwrap());
    }
    let logged = std::fs::read_to_string(log.path()).unwrap();
    assert!(logged.ends_with("\t<1@b.example>\tc@d.example\n"), "{logged:?}");
}

#[test]
fn a_script_does_what_it_says() {
    let all = format!("EHLO x\r\n{ENVELOPE}DATA\r\nHi\r\n.\r\nQUIT\r\n");
    for (event, act, expected, taken) in [
        ("connect", Act::say_and_hang("421 no"), "421 no\r\n", 0),
        ("RCPT", Act::say("450 later"), "450 later\r\n554", 0),
        ("dot", Act::say("451 later"), "451 later\r\n221", 0),
        ("dot", Act::Hang, "354 go on\r\n", 0),
        ("dot", Act::TakeAndHang, "354 go on\r\n", 1),
        ("dot", Act::Late(Duration::from_millis(20)), "250 2.0.0 Ok: taken\r\n221", 1),
        ("dot", Act::Drip("250 slow".into(), Duration::from_millis(1)), "250 slow\r\n221", 0),
        ("dot", Act::Raw(b"25".to_vec()), "25221", 0),
    ] {
        let acted = act.clone();
        let script: Arc<Script> =
            Arc::new(move |now, _| now.starts_with(event).then(|| acted.clone()));
        let sink = keeping(Some(script));
        let answer = talk(&sink, all.as_bytes(), 4096);
        assert!(answer.contains(expected), "{act:?}: {answer}");
        assert_eq!(sink.taken(), taken, "{act:?}");
    }
}

#[test]
fn memory_is_bounded_and_a_line_without_end_is_refused() {
    let sink = Sink::start(Options::default()).unwrap();
    let answer = talk(&sink, &b"x".repeat(300_000), 65_536);
    assert!(answer.is_empty() || answer.ends_with("500 5.5.2 line too long\r\n"), "{answer}");
    assert_eq!((sink.taken(), sink.connections()), (0, 1));
}

#[test]
fn a_moody_script_is_a_function_of_its_seed() {
    let acts = |seed| {
        let script = moody(seed, Arc::default());
        let act = |_| format!("{:?}", script("dot", 1));
        (0..400).map(act).collect::<Vec<_>>()
    };
    assert_eq!(acts(1), acts(1));
    assert_ne!(acts(1), acts(2));
    assert!(acts(1).iter().any(|act| act.contains("TakeAndHang")));
}

#[test]
fn replies_of_a_far_server_are_on_their_way_together() {
    let delay = Duration::from_millis(100);
    let sink = Sink::start(Options { delay, ..Options::default() }).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", sink.port)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = [0; 24];
    stream.read_exact(&mut answer).unwrap();
    let started = std::time::Instant::now();
    for _ in 0..20 {
        stream.write_all(b"NOOP\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    stream.write_all(b"QUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer.matches("250").count(), 20, "{answer}");
    let took = started.elapsed();
    assert!(took >= delay, "{took:?}");
    assert!(took < delay * 10, "one waited for the other: {took:?}");
}
