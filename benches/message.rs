//! The octets of one letter, joined for a reader and signed. Beside them stand a bare copy of these
//! octets, and what `openssl speed` says a signature costs.

use std::{fs, hint::black_box, process::Command, time::Duration};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rsa,
    signature::RSA_PKCS1_SHA256,
};
use postrider::{
    digest::{
        dkim::{Algorithm, Key as Secret, Signer},
        message::{Recipient, Sender},
        quoted,
        render::{Letter, Piece, Slot},
    },
    domain::{address::Address, token::Key},
    time::Timestamp,
};

use super::{SYLLABLES, line, median};

/// How often a figure is taken; the median counts.
const ROUNDS: usize = 15;

pub(super) fn message() {
    let (sender, letter, reader, key) = (sender(), letter(), reader(), Key::new(vec![7; 32]));
    let make = || sender.message(&letter, &reader, &key).expect("a letter");
    let octets = make();
    println!("({} octets)", octets.len());
    let copied = micros(50_000, || black_box(&octets).clone());
    line("message: spliced", micros(50_000, make), copied, 8.0, "us");
    for (algorithm, limit) in [(Algorithm::Rsa, 1.25), (Algorithm::Ed25519, 1.3)] {
        let name = if algorithm == Algorithm::Rsa { "rsa2048" } else { "ed25519" };
        let signer = signer(algorithm);
        let make = || signer.sign(&make()).expect("a signed letter");
        line(&format!("message: {name}, whole"), micros(400, make), openssl(name), limit, "us");
    }
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
    let hash = digest(&SHA256, &octets);
    let mut signature = vec![0; 256];
    let raw = || pair.sign_digest(&RSA_PKCS1_SHA256, &hash, &mut signature);
    line("message: rsa2048, bare", micros(400, raw), openssl("rsa2048"), 1.11, "us");
}

/// A signer with a fresh key.
fn signer(algorithm: Algorithm) -> Signer {
    let command = algorithm.make("/dev/stdout");
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let made = Command::new(program).args(words).output().expect("openssl makes a key");
    let key = Secret::read(algorithm, "s", ("a fresh key", &made.stdout)).expect("a key");
    Signer::new("blog.example", vec![key])
}

/// What `openssl speed` says one signature takes, in microseconds.
fn openssl(name: &str) -> f64 {
    let output = Command::new("openssl").args(["speed", "-mr", "-seconds", "2", name]).output();
    let output = output.expect("openssl is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // `+F2:2:2048:4087.1:131920.0`: signatures a second, then verifications.
    let figures = text.lines().find(|line| line.starts_with("+F") && line.matches(':').count() > 3);
    let rate = figures.and_then(|line| line.rsplit(':').nth(1)?.parse::<f64>().ok());
    1e6 / rate.expect("a figure")
}

/// The median time of one call, in microseconds of this thread on a processor, as openssl counts.
fn micros<T>(calls: u32, mut work: impl FnMut() -> T) -> f64 {
    let mut round = || -> Duration {
        let started = on_processor();
        for _ in 0..calls {
            black_box(work());
        }
        (on_processor() - started) / calls
    };
    median((0..ROUNDS).map(|_| round())).as_nanos() as f64 / 1000.0
}

/// How long this thread has been on a processor, from the kernel's own record.
fn on_processor() -> Duration {
    let record = fs::read_to_string("/proc/thread-self/schedstat").expect("a record");
    let nanos = record.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("nanoseconds"))
}

fn sender() -> Sender {
    let from: Address = "letters@blog.example".parse().expect("an address");
    Sender {
        from: ("Ann Author".into(), from.clone()),
        reply_to: (String::new(), from),
        newsletter: "letters".into(),
        name: "Notes by mail".into(),
        url: "https://blog.example/".into(),
        signer: None,
    }
}

fn reader() -> Recipient {
    let address = "ada.lovelace@example.net".parse().expect("an address");
    Recipient { address, name: "Ada Lovelace".into(), subscription: 4711 }
}

/// 4 KB of text and 16 KB of HTML, each with the greeting on top and two ways out.
fn letter() -> Letter {
    let part = |octets: usize| {
        let words = SYLLABLES.iter().cycle().zip(SYLLABLES.iter().cycle().skip(7).step_by(5));
        let mut text = String::new();
        for (number, (a, b)) in words.enumerate() {
            text.push_str(&format!("{a}{b}{}", if number % 11 == 10 { "\n    " } else { " " }));
            if text.len() >= octets {
                break;
            }
        }
        let fixed = |text: &str| Piece::Fixed(quoted::encode(text));
        let (middle, end) = text.split_at(text.len() * 9 / 10);
        vec![
            fixed("<p>"),
            Piece::Slot(Slot::Greeting),
            fixed(middle),
            Piece::Slot(Slot::Unsubscribe),
            fixed(end),
            Piece::Slot(Slot::Unsubscribe),
            fixed("\n"),
        ]
    };
    let date = Timestamp::from_micros(1_790_000_000_000_000);
    Letter {
        head: sender().head("A letter of twenty kilobytes", date, "=_b").expect("a head"),
        boundary: "=_0123456789abcdef0123456789abcdef".into(),
        seed: "seed".into(),
        text: part(4000),
        html: part(16_000),
        ..Letter::default()
    }
}
