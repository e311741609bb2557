//! Delivery: letters a second into one sink, ours beside Postfix's `smtp-source`, lettre's pool
//! as released, and lettre on sockets without Nagle's delay.
//!
//! The sink is the project's own, in a process of its own, so that its CPU can be told from the
//! sender's. It is measured first: alone, with every core to itself, it must take at least three
//! times what `smtp-source` gives, or the figures would measure the sink. That is reckoned from its
//! CPU, since whoever sends takes a share of the same cores. Each figure is the median of
//! interleaved rounds.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use postrider::{
    outbox::smtp::{Deadlines, Envelope, Relay, Session, Tls},
    selftest::sink::{Options, Sink},
};

use super::{ROUNDS, rate, site};

/// Octets of a letter.
const SIZE: usize = 20_000;
/// Letters of a round of injection, and readers of a round of the whole pipeline.
const LETTERS: usize = 20_000;
const SINK: &str = "--sink";

/// Whether this process was started as a sink; it returns when the bench has ended.
pub(super) fn is_sink() -> bool {
    let mut arguments = std::env::args().skip_while(|argument| argument != SINK);
    let Some(_) = arguments.next() else { return false };
    let delay = arguments.next().and_then(|delay| delay.parse().ok()).unwrap_or(0);
    let options = Options { delay: Duration::from_millis(delay), ..Options::default() };
    let sink = Sink::start(options).expect("a sink");
    println!("{}", sink.port);
    for line in std::io::stdin().lines() {
        if line.is_ok() {
            println!("{}", sink.taken());
        }
    }
    true
}

/// A sink in a process of its own.
pub(super) struct Far {
    child: Child,
    ask: ChildStdin,
    told: BufReader<std::process::ChildStdout>,
    pub(super) port: u16,
}

impl Far {
    pub(super) fn start(delay: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([SINK, &delay.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a sink");
        let ask = child.stdin.take().expect("its input");
        let mut told = BufReader::new(child.stdout.take().expect("its output"));
        let mut port = String::new();
        told.read_line(&mut port).expect("its port");
        Self { child, ask, told, port: port.trim().parse().expect("a port") }
    }

    pub(super) fn taken(&mut self) -> usize {
        self.ask.write_all(b"\n").and_then(|()| self.ask.flush()).expect("it listens");
        let mut line = String::new();
        self.told.read_line(&mut line).expect("it answers");
        line.trim().parse().expect("a number")
    }

    /// CPU seconds that it has used.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("stat");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One way to send, by how many sessions, to a port: letters a second.
type Way = fn(&mut Far, usize) -> f64;

pub(super) fn delivery() {
    let mut sink = Far::start(0);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for sessions in [1, 16, 64] {
        let [source, injected] = interleaved(&mut sink, sessions, [smtp_source, injection]);
        if sessions == 16 {
            let alone = alone(&mut sink);
            rate("sink alone, by its CPU / smtp-source", alone, source, 3.0, "/s");
        }
        let target = if sessions == 1 { 1.0 } else { 2.5 };
        let name = format!("injection / smtp-source, {sessions}");
        rate(&name, injected, source, target, "/s");
    }
    let [nodelay, injected] = interleaved(&mut sink, 16, [lettre_without_delay, injection]);
    rate("injection / lettre with NODELAY, 16", injected, nodelay, 3.5, "/s");
    let released = lettre_as_released(&mut sink, 16);
    rate("injection / lettre as released, 16", injected, released, 100.0, "/s");
    for (sessions, target) in [(16, 1.0), (64, 1.2)] {
        let [source, whole] = interleaved(&mut sink, sessions, [smtp_source, pipeline]);
        rate(&format!("whole pipeline / smtp-source, {sessions}"), whole, source, target, "/s");
    }
    signed(&mut sink);
    let mut slow = Far::start(20);
    let injected = runtime.block_on(inject(slow.port, 4, 400));
    let trips = round_trips(slow.port, 4, 100);
    rate("20 ms a reply: letters / round trips", injected, trips, 0.9, "/s");
    assert_eq!(slow.taken(), 400, "every letter was taken");
}

/// What the sink could take with every core to itself.
fn alone(sink: &mut Far) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let before = sink.cpu();
    injection(sink, 16);
    LETTERS as f64 / (sink.cpu() - before) * cores as f64
}

/// Bare round trips a second over so many connections: NOOP and its reply.
fn round_trips(port: u16, connections: usize, each: usize) -> f64 {
    let trip = |line: &mut BufReader<TcpStream>, command: &[u8]| {
        line.get_mut().write_all(command).expect("it listens");
        let mut reply = String::new();
        line.read_line(&mut reply).expect("it answers");
        assert!(reply.starts_with("250"), "{reply}");
    };
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
                stream.set_nodelay(true).expect("no delay");
                let mut line = BufReader::new(stream);
                line.read_line(&mut String::new()).expect("a greeting");
                trip(&mut line, b"HELO blog.example\r\n");
                (1..each).for_each(|_| trip(&mut line, b"NOOP\r\n"));
            });
        }
    });
    (connections * each) as f64 / started.elapsed().as_secs_f64()
}

fn interleaved<const N: usize>(sink: &mut Far, sessions: usize, ways: [Way; N]) -> [f64; N] {
    let mut rates: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (way, rates) in ways.iter().zip(&mut rates) {
            rates.push(way(sink, sessions));
        }
    }
    rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied().unwrap_or_default()
    })
}

/// Postfix's own load generator, one connection a session (`-d`).
fn smtp_source(sink: &mut Far, sessions: usize) -> f64 {
    let program = ["/usr/sbin/smtp-source", "smtp-source"];
    let program =
        program.into_iter().find(|path| Path::new(path).exists()).unwrap_or("smtp-source");
    let before = sink.taken();
    let started = Instant::now();
    let status = Command::new(program)
        .args(["-d", "-l", &SIZE.to_string(), "-m", &LETTERS.to_string()])
        .args(["-s", &sessions.to_string(), "-f", "a@blog.example", "-t", "b@example.net"])
        .arg(format!("127.0.0.1:{}", sink.port))
        .status()
        .expect("smtp-source (Debian package postfix)");
    assert!(status.success() && sink.taken() - before == LETTERS, "smtp-source sent them all");
    LETTERS as f64 / started.elapsed().as_secs_f64()
}

/// Our sessions alone: a finished message, no ledger.
fn injection(sink: &mut Far, sessions: usize) -> f64 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let before = sink.taken();
    let rate = runtime.block_on(inject(sink.port, sessions, LETTERS));
    assert_eq!(sink.taken() - before, LETTERS, "every letter was taken");
    rate
}

async fn inject(port: u16, sessions: usize, letters: usize) -> f64 {
    let relay = Relay {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: None,
        hello: "blog.example".to_owned(),
        deadlines: Deadlines::default(),
    };
    let left = Arc::new(AtomicUsize::new(letters));
    let message: Arc<[u8]> = message().into();
    let started = Instant::now();
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..sessions {
        let (relay, left, message) = (relay.clone(), left.clone(), message.clone());
        lanes.spawn(async move {
            let envelope = Envelope {
                from: "a@blog.example".parse().expect("an address"),
                to: "b@example.net".parse().expect("an address"),
                id: String::new(),
            };
            let next =
                || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            let mut session = Session::connect(&relay).await.expect("connected");
            if next().is_err() {
                return session.quit().await;
            }
            session.offer(&envelope, &message).await.expect("offered");
            loop {
                let following = next().is_ok().then_some((&envelope, &*message));
                let riding = session.finish(following).await.map_err(|_| ()).expect("the dot");
                let (_, ride) = session.hear(riding).await;
                match (following, ride) {
                    (Some(_), Some(Ok(()))) => session.fill(&message).await.expect("filled"),
                    (None, None) => return session.quit().await,
                    (following, ride) => panic!("{}: {ride:?}", following.is_some()),
                }
            }
        });
    }
    lanes.join_all().await;
    letters as f64 / started.elapsed().as_secs_f64()
}

fn message() -> Vec<u8> {
    let mut message = b"Subject: bench\r\nTo: b@example.net\r\n\r\n".to_vec();
    while message.len() < SIZE {
        message.extend_from_slice(
            b"A line of seventy-odd octets, as quoted-printable text has them all.\r\n",
        );
    }
    message.truncate(SIZE - 2);
    message.extend_from_slice(b"\r\n");
    message
}

/// lettre's own connection on a socket without Nagle's delay.
fn lettre_without_delay(sink: &mut Far, sessions: usize) -> f64 {
    use lettre::transport::smtp::{client::AsyncSmtpConnection, extension::ClientId};
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (port, letters) = (sink.port, LETTERS / 2);
    let message: Arc<[u8]> = message().into();
    let started = Instant::now();
    runtime.block_on(async {
        let mut lanes = tokio::task::JoinSet::new();
        for lane in 0..sessions {
            let (message, count) =
                (message.clone(), letters / sessions + usize::from(lane < letters % sessions));
            lanes.spawn(async move {
                let stream =
                    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("connected");
                stream.set_nodelay(true).expect("no delay");
                let hello = ClientId::Domain("blog.example".to_owned());
                let mut connection =
                    AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
                        .await
                        .expect("greeted");
                for _ in 0..count {
                    connection.send(&lettre_envelope(), &message).await.expect("sent");
                }
                connection.quit().await.expect("goodbye");
            });
        }
        lanes.join_all().await;
    });
    letters as f64 / started.elapsed().as_secs_f64()
}

/// lettre's pool, as it is released.
fn lettre_as_released(sink: &mut Far, sessions: usize) -> f64 {
    use lettre::{
        AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor, transport::smtp::PoolConfig,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (port, letters) = (sink.port, 1_000);
    let message: Arc<[u8]> = message().into();
    runtime.block_on(async {
        let size = u32::try_from(sessions).unwrap_or(16);
        let pool = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(port)
            .pool_config(PoolConfig::new().max_size(size))
            .build();
        let started = Instant::now();
        let mut lanes = tokio::task::JoinSet::new();
        for _ in 0..sessions {
            let (pool, message) = (pool.clone(), message.clone());
            lanes.spawn(async move {
                for _ in 0..letters / sessions {
                    pool.send_raw(&lettre_envelope(), &message).await.expect("sent");
                }
            });
        }
        lanes.join_all().await;
        (letters / sessions * sessions) as f64 / started.elapsed().as_secs_f64()
    })
}

fn lettre_envelope() -> lettre::address::Envelope {
    let address = |text: &str| text.parse::<lettre::Address>().expect("an address");
    lettre::address::Envelope::new(Some(address("a@blog.example")), vec![address("b@example.net")])
        .expect("an envelope")
}

/// The released binary on a site with so many readers: leases, letters, ledger and all. Counted
/// by the sink, from the first letter to the last.
fn pipeline(sink: &mut Far, sessions: usize) -> f64 {
    let site = owing(&smtp(sink.port, sessions, ""));
    run(sink, site.path())
}

fn run(sink: &mut Far, root: &Path) -> f64 {
    let before = sink.taken();
    let mut child = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .arg("--root")
        .arg(root)
        .args(["run", "--quiet"])
        .spawn()
        .expect("the binary runs");
    let mut begun: Option<(Instant, usize)> = None;
    loop {
        let taken = sink.taken() - before;
        if begun.is_none() && taken > 0 {
            begun = Some((Instant::now(), taken));
        }
        if taken >= LETTERS {
            break;
        }
        assert!(child.try_wait().expect("its state").is_none_or(|s| s.success()), "it failed");
        std::thread::sleep(Duration::from_micros(500));
    }
    let (started, already) = begun.expect("letters came");
    let rate = (LETTERS - already) as f64 / started.elapsed().as_secs_f64();
    assert!(child.wait().expect("it ends").success(), "it failed");
    assert_eq!(sink.taken() - before, LETTERS, "every reader has one letter");
    rate
}

/// What a site needs to send into the sink; `more` stands behind it.
pub(super) fn smtp(port: u16, sessions: usize, more: &str) -> String {
    format!(
        "transport = \"smtp\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\n\
         tls = \"none\"\nconnections = {sessions}\n{more}"
    )
}

/// A site that owes one letter of about 20 KB to so many readers.
fn owing(mail: &str) -> tempfile::TempDir {
    site([3], LETTERS, mail)
}

/// With RSA-2048 signatures, beside what OpenSSL can sign on the cores that the sink leaves.
fn signed(sink: &mut Far) {
    let key = tempfile::NamedTempFile::new().expect("a file");
    let made = Command::new("openssl")
        .args(["genrsa", "-out"])
        .arg(key.path())
        .arg("2048")
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("signed: left out, since there is no openssl on this machine");
        return;
    }
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let more =
            format!("[mail.dkim]\nselector = \"s\"\nkey_file = \"{}\"\n", key.path().display());
        let site = owing(&smtp(sink.port, 16, &more));
        let (cpu, started) = (sink.cpu(), Instant::now());
        let ours = run(sink, site.path());
        let free = 2.0 - (sink.cpu() - cpu) / started.elapsed().as_secs_f64();
        ratios.push((ours, openssl_signs() * free));
    }
    ratios.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let (ours, limit) = ratios[ratios.len() / 2];
    rate("signed RSA-2048 / openssl, 16", ours, limit, 0.8, "/s");
}

/// RSA-2048 signatures a second on one core.
fn openssl_signs() -> f64 {
    let told = Command::new("openssl")
        .args(["speed", "-seconds", "2", "rsa2048"])
        .output()
        .expect("openssl speed");
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let line =
        text.lines().rfind(|line| line.starts_with("rsa 2048")).unwrap_or_default().to_owned();
    let fields: Vec<&str> = line.split_whitespace().collect();
    fields.get(5).and_then(|signs| signs.parse().ok()).expect("signs a second")
}
