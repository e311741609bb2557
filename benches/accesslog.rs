//! Access logs: a gigabyte of lines to readers a day, on one core, and the memory that takes.
//!
//! Peers in the same run: `wc -l`, which only looks for the ends of lines, and GoAccess where it is
//! installed (`benches/run` tries), which counts unique visitors of each path and a day, too.
//! The log lies in memory (`/dev/shm`) where there is room, so that the disk is not what is measured.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use postrider::{
    feedback::{
        accesslog::{Counter, Fate, Paths, Rules},
        pass::{self, HELD, Plan},
    },
    time::{Timestamp, Zone, day_text},
};

use super::{ROUNDS, line, median, megabytes, peak, rate, seconds, site};

const GIGABYTE: u64 = 1_000_000_000;
const POSTS: usize = 500;
const DAYS: u64 = 30;

/// The first day of the log.
const FIRST: i32 = 20_700;

#[derive(Clone, Copy)]
enum Format {
    Combined,
    Caddy,
}

pub(super) fn accesslog() {
    let folder = folder();
    let log = folder.path().join("access.log");
    let size = write(&log, GIGABYTE, Format::Combined);
    let ours = median((0..ROUNDS).map(|_| count(&log)));
    let ends = median((0..ROUNDS).map(|_| timed(Command::new("wc").arg("-l").arg(&log))));
    let speed = |time: Duration| size as f64 / 1e6 / seconds(time);
    rate("accesslog: combined, 1 GB", speed(ours), 300.0, 1.0, "MB/s");
    rate("accesslog: beside wc -l", speed(ours), speed(ends), 0.05, "MB/s");
    match goaccess(&log) {
        Some(theirs) => rate("accesslog: beside GoAccess", speed(ours), speed(theirs), 1.0, "MB/s"),
        None => println!("accesslog: GoAccess is left out; it is not installed"),
    }
    let once = memory(&log);
    write(&log, 2 * GIGABYTE, Format::Combined);
    let twice = memory(&log);
    line("accesslog: memory, 2 GB / 1 GB", megabytes(twice), megabytes(once), 1.1, "MB");
    let size = write(&log, GIGABYTE, Format::Caddy);
    let ours = median((0..ROUNDS).map(|_| count(&log)));
    rate("accesslog: Caddy, 1 GB", size as f64 / 1e6 / seconds(ours), 300.0, 1.0, "MB/s");
}

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

/// A log of about that size over thirty days: people who read posts with all that belongs to them,
/// feed readers, crawlers. From a seed alone.
fn write(path: &Path, size: u64, format: Format) -> u64 {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).expect("a file"));
    let mut state = 7_u64;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut written = 0;
    while written < size {
        let second = (u128::from(written) * u128::from(DAYS * 86_400) / u128::from(size)) as u64;
        let kind = draw(100);
        let agent = match kind {
            0..=59 => BROWSERS[draw(BROWSERS.len() as u64) as usize],
            _ => ROBOTS[draw(ROBOTS.len() as u64) as usize],
        };
        let post = draw(POSTS as u64).min(draw(POSTS as u64));
        let target = match draw(10) {
            0..=3 => format!("/post-{post}/"),
            4 => "/".to_owned(),
            5 => "/feed.xml".to_owned(),
            6 => format!("/images/picture-{post}.jpg"),
            7 => "/style.css".to_owned(),
            8 => format!("/tags/{}/", draw(60)),
            _ => format!("/wp-login.php?x={}", draw(1_000_000)),
        };
        let status = [200, 200, 200, 200, 304, 304, 301, 404][draw(8) as usize];
        let address = format!("{}.{}.{}.{}", 1 + draw(220), draw(250), draw(4), draw(250));
        let line = told(format, (second, &address, &target, status, agent));
        out.write_all(line.as_bytes()).expect("written");
        written += line.len() as u64;
    }
    out.flush().expect("written");
    written
}

fn told(
    format: Format,
    (second, address, target, status, agent): (u64, &str, &str, u16, &str),
) -> String {
    let day = FIRST + (second / 86_400) as i32;
    let clock = second % 86_400;
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    match format {
        Format::Combined => {
            let date = day_text(day);
            let month = [
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
            ][date[5..7].parse::<usize>().expect("a month") - 1];
            format!(
                "{address} - - [{}/{month}/{}:{hour:02}:{minute:02}:{second:02} +0000] \"GET {target} HTTP/2.0\" \
                 {status} 15324 \"https://search.example/\" \"{agent}\"\n",
                &date[8..],
                &date[..4],
            )
        }
        Format::Caddy => format!(
            "{{\"level\":\"info\",\"ts\":{}.4821,\"logger\":\"http.log.access.log0\",\"msg\":\"handled request\",\
             \"request\":{{\"remote_ip\":\"{address}\",\"remote_port\":\"52114\",\"client_ip\":\"{address}\",\
             \"proto\":\"HTTP/2.0\",\"method\":\"GET\",\"host\":\"blog.example\",\"uri\":\"{target}\",\"headers\":{{\
             \"Accept\":[\"text/html,application/xhtml+xml\"],\"Accept-Language\":[\"en\"],\"User-Agent\":[\"{agent}\"],\
             \"Accept-Encoding\":[\"gzip, br\"]}},\"tls\":{{\"resumed\":false,\"version\":772,\"cipher_suite\":4865,\
             \"proto\":\"h2\",\"server_name\":\"blog.example\"}}}},\"bytes_read\":0,\"user_id\":\"\",\"duration\":0.000412,\
             \"size\":15324,\"status\":{status},\"resp_headers\":{{\"Server\":[\"Caddy\"],\"Etag\":[\"\\\"rk2q\\\"\"],\
             \"Content-Type\":[\"text/html; charset=utf-8\"]}}}}\n",
            i64::from(day) * 86_400 + clock as i64,
        ),
    }
}

/// Counts the days of a log on this thread.
fn count(log: &Path) -> Duration {
    let addresses: Vec<String> = (0..POSTS).map(|post| format!("/post-{post}/")).collect();
    let rules = Rules {
        paths: Paths::new(addresses.iter().map(String::as_str), "/", "from=letter"),
        zone: Zone::utc(),
        robots: Vec::new(),
        needs_dress: false,
        now: Timestamp::from_micros(i64::from(FIRST + 100) * 86_400_000_000),
    };
    let started = Instant::now();
    let counter = Counter::new(rules, [7; 16], BTreeSet::new());
    let logs = pass::open(|| vec![PathBuf::from(log)]).expect("a log");
    let over = FIRST + 99;
    let plan = Plan { places: &[], over, held: HELD, is_complete: false, stop: &|| false };
    let report = pass::read(logs, counter, plan, |_| Ok::<_, String>(())).expect("a pass");
    let took = started.elapsed();
    assert!(report.lines.of(Fate::Counted) > 0 && report.lines.of(Fate::Unreadable) == 0);
    took
}

/// The peak of the program while it takes in a log, in kB.
fn memory(log: &Path) -> u64 {
    let site = site(0..50, 0, "");
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
        command.arg("--root").arg(site.path()).stdout(Stdio::null());
        command
    };
    assert!(program().args(["run", "--quiet"]).status().expect("a run").success());
    let import = program().args(["popularity", "import"]).arg(log).spawn();
    let mut child = import.expect("the binary runs");
    let mut most = 0;
    while child.try_wait().expect("the binary ends").is_none() {
        most = peak(child.id()).max(most);
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

fn goaccess(log: &Path) -> Option<Duration> {
    Command::new("goaccess").arg("--version").stdout(Stdio::null()).status().ok()?;
    let out = log.with_extension("json");
    let took = timed(
        Command::new("goaccess")
            .arg(log)
            .args(["--log-format=COMBINED", "--no-progress", "--no-global-config", "-o"])
            .arg(&out),
    );
    let _ = fs::remove_file(out);
    Some(took)
}

fn timed(command: &mut Command) -> Duration {
    let started = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("a peer runs").success(), "{command:?}");
    started.elapsed()
}

const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
];

const ROBOTS: [&str; 4] = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 3 subscribers)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "FreshRSS/1.24.1 (Linux; https://freshrss.org)",
];
