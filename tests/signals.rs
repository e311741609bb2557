//! Honest signals: readers of posts from access logs, analytics tools and comments.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    time::Duration,
};

use postrider::{
    selftest::sink::draw,
    time::{Clock, Timestamp, Zone, day_text, parse_day},
};

use crate::harness::World;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// A world with two posts, whose logs are `logs/access.log*`.
fn world(more: &str) -> World {
    let world = World::new();
    world.post("first", "2026-01-01", "First", "Of boats and engines.");
    world.post("second", "2026-01-02", "Second", "Of engines and boats.");
    let text = world.read("config/postrider.toml");
    let logs = format!("[popularity]\nlogs = [\"logs/access.log*\"]\n{more}\n");
    world.write("config/postrider.toml", &(logs + &text));
    world
}

/// A line of nginx: somebody at `address` reads `post`.
fn read(address: &str, day: &str, time: &str, post: &str) -> String {
    let months = ["Oct", "Nov", "Dec"];
    let month = months[day[5..7].parse::<usize>().unwrap() - 10];
    format!(
        "{address} - - [{}/{month}/{}:{time} +0000] \"GET /{post}/ HTTP/1.1\" 200 9 \"-\" \"{BROWSER}\"\n",
        &day[8..],
        &day[..4]
    )
}

/// Readers by day, post and source, as the ledger holds them.
fn reads(world: &World) -> Vec<(String, String, u32, String)> {
    world.with_store(async |store| {
        let posts = store.post_addresses().await.unwrap();
        let key = |id| posts.iter().find(|post| post.post == id).unwrap().key.clone();
        let reads = store.reads_since(i32::MIN).await.unwrap().into_iter();
        reads.map(|r| (day_text(r.day), key(r.post), r.readers, r.source)).collect()
    })
}

fn known(day: &str, post: &str, readers: u32, source: &str) -> (String, String, u32, String) {
    (day.to_owned(), post.to_owned(), readers, source.to_owned())
}

#[test]
fn a_day_is_counted_once_it_is_over_and_only_once() {
    let world = world("");
    let mut log: String =
        (1..4).map(|n| read(&format!("203.0.{n}.9"), "2026-11-23", "10:00:00", "first")).collect();
    log += &read("203.0.1.9", "2026-11-24", "09:00:00", "second");
    world.write("logs/access.log", &log);
    let summary = world.run();
    assert_eq!((summary.signals.days, summary.signals.readers), (1, 3), "{summary}");
    assert!(summary.to_string().contains("3 readers of posts on 1 days"), "{summary}");
    let monday = || known("2026-11-23", "first", 3, "log");
    assert_eq!(reads(&world), [monday()], "this day is not over");
    // The same log twice, once compressed as it was; more of this day.
    world.write("logs/access.log.1", &log);
    world.write("logs/access.log", &(log + &read("203.0.2.9", "2026-11-24", "22:59:59", "second")));
    assert!(world.run().is_idle());
    assert_eq!(reads(&world), [monday()]);
    world.wait(12);
    let summary = world.run();
    assert_eq!(summary.signals.days, 1, "midnight in Berlin was an hour ago: {summary}");
    assert_eq!(reads(&world), [monday(), known("2026-11-24", "second", 2, "log")]);
    assert!(world.run().is_idle());
}

#[test]
fn a_log_that_cannot_be_read_is_told_and_waits() {
    let world = world("");
    let summary = world.run();
    assert!(summary.troubles[0].contains("logs/access.log*"), "{summary}");
    world.write("logs/access.log", &read("203.0.1.9", "2026-11-23", "10:00:00", "first"));
    assert_eq!(world.run().signals.readers, 1);
}

#[test]
fn bad_input_is_counted_and_never_fatal() {
    let world = world("");
    let good = read("203.0.1.9", "2026-11-23", "10:00:00", "first");
    let mut log = good.clone().into_bytes();
    log.extend(b"\xff\xfe\x00 what is this\n\n{\"ts\":\n{}\n");
    log.extend(good.replace("/2026:", "/2099:").bytes());
    log.extend(good.replace("23/Nov", "99/Nov").bytes());
    log.extend(good.replace("203.0.1", "203.0.2").replace("Mozilla", "Moz\u{fffd}illa").bytes());
    log.extend(
        good.replace("203.0.1", "203.0.3")
            .replace("Gecko", "Ge\u{1}cko")
            .into_bytes()
            .iter()
            .map(|c| if *c == 1 { 0xc3 } else { *c }),
    );
    log.extend(b"{\"ts\":1795428000.1,\"request\":{\"remote_ip\":\"203.0.4.9\",\"method\":\"GET\",\"uri\":\"/first/\",\"headers\":{\"User-Agent\":[\"Lynx\"]}},\"status\":200}\n");
    log.extend(&good.as_bytes()[..40]);
    fs::create_dir_all(world.path("logs")).unwrap();
    fs::write(world.path("logs/access.log"), &log).unwrap();
    let half = gzip(good.replace("203.0.1", "203.0.5").repeat(400).as_bytes());
    fs::write(world.path("logs/access.log.2.gz"), &half[..half.len() - 9]).unwrap();
    let summary = world.run();
    assert!(summary.warnings.iter().any(|told| told.contains("ends in the middle")), "{summary}");
    assert!(!summary.needs_operator(), "{summary}");
    assert_eq!(reads(&world), [known("2026-11-23", "first", 5, "log")]);
    let fates = world.with_store(async |store| store.lines_since(0).await.unwrap());
    let of = |fate: &str| fates.iter().find(|one| one.1 == fate).map_or(0, |one| one.2);
    assert_eq!(of("counted"), 5);
    assert!(of("unreadable") >= 6, "{fates:?}");
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn half_a_gigabyte_without_a_line_takes_no_memory() {
    let world = world("");
    world.run();
    let path = world.path("huge.log");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(read("203.0.1.9", "2026-11-20", "10:00:00", "first").as_bytes()).unwrap();
    file.set_len(500_000_000).unwrap();
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 400000; exec \"$1\" --root \"$2\" popularity import \"$3\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_postrider"))
        .arg(world.root())
        .arg(&path)
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(out.contains("  2 lines") && out.contains("1 no lines of an access log"), "{out}");
}

/// Twelve days of reads, so many that counting them takes a while.
fn long_log(world: &World) {
    let now = Clock::System.now();
    let today = Zone::utc().day_at(now);
    let mut log = String::new();
    for visit in 0..24_000_u64 {
        let drawn = draw(visit);
        let day = today - 12 + i32::try_from(visit / 2_000).unwrap();
        let post = ["first", "second"][usize::try_from(drawn % 2).unwrap()];
        let address = format!("{}.{}.{}.9", drawn >> 8 & 63, drawn >> 16 & 63, drawn >> 24 & 63);
        let second = visit % 2_000 * 43;
        let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        log.push_str(&iso(&address, &day_text(day), &time, post));
    }
    let (first, second) = log.split_at(log.len() / 2);
    let at = second.find('\n').unwrap() + 1;
    world.write("logs/access.log.1", &format!("{first}{}", &second[..at]));
    world.write("logs/access.log", &second[at..]);
}

/// A line in JSON, whose date may be any.
fn iso(address: &str, day: &str, time: &str, post: &str) -> String {
    format!(
        "{{\"time\":\"{day}T{time}Z\",\"remote_addr\":\"{address}\",\"request\":\"GET /{post}/ HTTP/1.1\",\
         \"status\":200,\"http_user_agent\":\"{BROWSER}\"}}\n"
    )
}

#[test]
fn a_pass_that_is_killed_loses_nothing_and_doubles_nothing() {
    let undisturbed = world("");
    long_log(&undisturbed);
    let started = std::time::Instant::now();
    assert_eq!(undisturbed.call(&["run", "--quiet"]).0, 0);
    let whole = u64::try_from(started.elapsed().as_micros()).unwrap();
    let wanted = reads(&undisturbed);
    assert!(wanted.len() >= 20, "{wanted:?}");
    let (mut before, mut after) = (0, 0);
    for seed in 0..8 {
        let world = world("");
        long_log(&world);
        for attempt in 0..2 {
            let mut child = world
                .postrider()
                .args(["run", "--quiet"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let wait = draw(seed * 2 + attempt) % (whole + whole / 4);
            std::thread::sleep(Duration::from_micros(wait));
            child.kill().unwrap();
            child.wait().unwrap();
            let ledger = fs::metadata(world.path("var/postrider.db"));
            if ledger.is_ok_and(|ledger| ledger.len() > 0) {
                match reads(&world).len() {
                    0 => before += 1,
                    _ => after += 1,
                }
            }
        }
        let (status, out, err) = world.call(&["run", "--quiet"]);
        assert_eq!(status, 0, "seed {seed}: {out}{err}");
        assert_eq!(reads(&world), wanted, "seed {seed}");
    }
    assert!(before > 2, "only {before} kills came before the days were kept ({after} after)");
}

#[test]
fn nothing_that_is_kept_tells_who_read_what() {
    let world = world("");
    let mut log = String::new();
    for n in 0..200 {
        let address = format!("198.51.{}.{}", 100 + n % 7, 40 + n);
        log += &read(&address, "2026-11-23", &format!("10:{:02}:00", n % 60), "first");
        let six = format!("2001:db8:77:{n:x}::{n:x}");
        log +=
            &read(&six, "2026-11-22", "11:00:00", "second").replace("Firefox/128.0", "Rarefox/1.7");
    }
    world.write("logs/access.log", &log);
    assert_eq!(world.run().signals.days, 2);
    assert_eq!(world.call(&["popularity", "report"]).0, 0);
    let mut files = 0;
    for entry in walkdir::WalkDir::new(world.path("var")).into_iter().flatten() {
        let Ok(octets) = fs::read(entry.path()) else { continue };
        files += 1;
        for secret in ["198.51", "2001:db8", "db8:77", "Mozilla", "Rarefox", "Gecko", "Firefox"] {
            let found = octets.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} stands in {}", entry.path().display());
        }
    }
    assert!(files > 0);
    let places = world.with_store(async |store| store.log_places().await.unwrap());
    assert_eq!(places.len(), 1);
    // Another reader at the same times is the same to it: the name of a log tells of nobody.
    let other = self::world("");
    other.write("logs/access.log", &log.replace("198.51", "203.57").replace("db8:77", "db8:99"));
    other.run();
    assert_eq!(other.with_store(async |store| store.log_places().await.unwrap()), places);
}

#[test]
fn what_a_tool_exports_is_taken_in_once() {
    let world = world("");
    world.write("logs/access.log", "");
    world.run();
    let pages = "date,hostname,page,visits,visitors,pageviews\n\
        2026-10-20,b.example,/first/,9,7,9\n\
        2026-10-20,b.example,/first,1,1,1\n\
        2026-10-21,b.example,/second/?from=letter,1,1,1\n\
        2026-10-21,b.example,/second/,5,4,6\n\
        2026-10-21,b.example,/about/,5,4,6\n\
        2099-10-21,b.example,/second/,5,4,6\n\
        2026-10-21,b.example,/second/,5,many,6\n\
        2026-10-22,b.example,/second/,0,0,0\n";
    world.write("pages.csv", pages);
    let path = world.path("pages.csv").display().to_string();
    let import = |world: &World| {
        let (status, out, err) = world.call(&["popularity", "import", "--json", &path]);
        assert_eq!(status, 0, "{out}{err}");
        serde_json::from_str::<serde_json::Value>(&out).unwrap()[0].clone()
    };
    let told = import(&world);
    let outcomes = told["outcomes"].as_object().unwrap();
    let sum: u64 = outcomes.values().map(|lines| lines.as_u64().unwrap()).sum();
    assert_eq!((sum, told["lines"].as_u64(), outcomes.len()), (8, Some(8), 6), "{told:#}");
    let wanted = [
        known("2026-10-20", "first", 8, "plausible"),
        known("2026-10-21", "second", 4, "plausible"),
    ];
    assert_eq!(reads(&world), wanted);
    let again = import(&world);
    assert_eq!((&again["days"], &again["readers"]), (&0.into(), &0.into()), "{again:#}");
    assert_eq!(again["outcomes"]["say what was said before"], 3);
    assert_eq!(reads(&world), wanted);
    world.write("pages.csv", &pages.replace("5,4,6", "5,9,6"));
    import(&world);
    assert_eq!(reads(&world)[1].2, 9, "a truer figure replaces the other");
    let (_, out, _) = world.call(&["popularity", "report", "--days", "400"]);
    assert!(
        out.contains("plausible since") && out.contains("17 readers of posts on 2 days"),
        "{out}"
    );
}

#[test]
fn what_is_neither_log_nor_export_is_refused_with_a_hint() {
    let world = world("");
    world.write("logs/access.log", "");
    world.run();
    world.write("notes.txt", "Dear diary,\nnobody reads me.\n");
    let path = world.path("notes.txt").display().to_string();
    let (status, _, err) = world.call(&["popularity", "import", &path]);
    assert_eq!(status, 1);
    assert!(err.contains("notes.txt is no export of GoatCounter"), "{err}");
    let (status, _, err) = world.call(&["popularity", "import", "/nowhere/access.log"]);
    assert!(status == 1 && err.contains("/nowhere/access.log"), "{err}");
}

#[test]
fn old_logs_are_taken_in_by_hand_and_add_up() {
    let world = world("");
    world.write("logs/access.log", &read("203.0.1.9", "2026-11-23", "10:00:00", "first"));
    world.run();
    let old = read("203.0.1.9", "2026-10-02", "10:00:00", "first")
        + &read("203.0.1.9", "2026-11-23", "10:00:00", "second")
        + &read("203.0.1.9", "2026-10-02", "10:00:00", "second").replace("GET", "HEAD");
    fs::write(world.path("old.log.gz"), gzip(old.as_bytes())).unwrap();
    let path = world.path("old.log.gz").display().to_string();
    for times in 0..2 {
        let (status, out, err) = world.call(&["popularity", "import", "--json", &path]);
        assert_eq!(status, 0, "{out}{err}");
        let told: serde_json::Value = serde_json::from_str(&out).unwrap();
        let outcomes = told[0]["outcomes"].as_object().unwrap();
        assert_eq!(outcomes.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), 3);
        assert_eq!(told[0]["readers"], 1 - times);
    }
    let wanted = [known("2026-10-02", "first", 1, "log"), known("2026-11-23", "first", 1, "log")];
    assert_eq!(reads(&world), wanted, "a day that was counted stays as it is");
}

/// A tool on loopback: answers each request by its text, and keeps what it was asked.
fn tool(
    answers: impl Fn(&str) -> (u16, String) + Send + 'static,
) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 4096];
            loop {
                let text = String::from_utf8_lossy(&request).into_owned();
                let length =
                    text.to_lowercase().split("content-length: ").nth(1).map_or(0, |rest| {
                        rest.split("\r\n").next().unwrap().parse::<usize>().unwrap()
                    });
                let is_whole =
                    text.find("\r\n\r\n").is_some_and(|end| request.len() >= end + 4 + length);
                if is_whole {
                    break;
                }
                let count = stream.read(&mut part).unwrap();
                request.extend(&part[..count]);
            }
            let request = String::from_utf8(request).unwrap();
            let (status, body) = answers(&request);
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
            if sender.send(request).is_err() {
                break;
            }
        }
    });
    (port, asked)
}

/// A world that asks a tool at `port`.
fn asking(kind: &str, port: u16) -> World {
    let world = World::new();
    world.post("first", "2026-01-01", "First", "Of boats and engines.");
    world.write("config/token", "s3cret\n");
    let text = world.read("config/postrider.toml");
    let tool = format!(
        "\n[[popularity.tools]]\nkind = \"{kind}\"\nurl = \"http://127.0.0.1:{port}/x\"\nsite = \"7\"\n\
         token_file = \"config/token\"\n"
    );
    world.write("config/postrider.toml", &(text + &tool));
    world
}

#[test]
fn every_tool_is_asked_once_a_day() {
    let goatcounter = r#"{"hits":[{"path_id":1,"path":"/first/","stats":[{"day":"2026-11-23","daily":4}]}],"more":false}"#;
    let plausible = r#"{"results":[{"metrics":[4],"dimensions":["2026-11-23","/first/"]}]}"#;
    let matomo = r#"{"2026-11-23":[{"label":"/first/index","nb_visits":4}],"2026-11-22":[]}"#;
    for (kind, answer, wanted) in [
        (
            "goatcounter",
            goatcounter,
            "GET /x/api/v0/stats/hits?start=2026-10-25&end=2026-11-23&daily=true",
        ),
        ("plausible", plausible, "POST /x/api/v2/query"),
        ("matomo", matomo, "POST /x/index.php"),
    ] {
        let (port, asked) = tool(move |_| (200, answer.to_owned()));
        let world = asking(kind, port);
        let summary = world.run();
        assert_eq!((summary.signals.readers, &summary.warnings), (4, &vec![]), "{kind}: {summary}");
        let request = asked.recv().unwrap();
        assert!(request.starts_with(wanted) && request.contains("s3cret"), "{request}");
        assert!(
            !request.lines().next().unwrap().contains("s3cret"),
            "a key in an address: {request}"
        );
        assert_eq!(reads(&world), [known("2026-11-23", "first", 4, kind)]);
        world.run();
        assert!(asked.try_recv().is_err(), "{kind} was asked again on the same day");
        world.wait(24);
        world.run();
        assert!(asked.recv().unwrap().starts_with(wanted.split('?').next().unwrap()));
    }
}

#[test]
fn umami_is_asked_for_paths_and_else_for_urls() {
    for knows in ["path", "url"] {
        let (port, asked) = tool(move |request| {
            let line = request.lines().next().unwrap();
            if !line.contains(&format!("type={knows}&")) {
                return (400, "{}".to_owned());
            }
            // Midnight in Berlin.
            let is_monday = line.contains("startAt=1795388400000&endAt=1795474799999");
            (200, if is_monday { r#"[{"x":"/first/","y":4}]"# } else { "[]" }.to_owned())
        });
        let world = asking("umami", port);
        let summary = world.run();
        assert_eq!(summary.signals.readers, 4, "{knows}: {summary}");
        assert_eq!(reads(&world), [known("2026-11-23", "first", 4, "umami")]);
        let request = asked.recv().unwrap();
        assert!(request.starts_with("GET /x/api/websites/7/metrics?"), "{request}");
    }
}

#[test]
fn a_tool_that_does_not_answer_is_told_and_asked_again() {
    let (port, asked) = tool(|_| (401, String::new()));
    let world = asking("plausible", port);
    let summary = world.run();
    assert!(summary.warnings.iter().any(|told| told.contains("token_file")), "{summary}");
    assert!(!summary.to_string().contains("s3cret"));
    assert!(!summary.needs_operator());
    world.run();
    assert_eq!(asked.iter().take(2).count(), 2);
    fs::remove_file(world.path("config/token")).unwrap();
    assert!(world.run().troubles[0].contains("config/token"));
}

#[test]
fn comments_stand_in_where_no_readers_are_counted() {
    let world = World::new();
    let post = |slug: &str, comments: u32| {
        let text = format!(
            "+++\ntitle = \"{slug}\"\ndate = 2026-08-01\ncomments_url = \"https://talk.example/{slug}\"\n\
             comments_count = {comments}\n+++\n\nOf boats.\n"
        );
        world.write(&format!("posts/{slug}.md"), &text);
    };
    post("loud", 40);
    post("quiet", 2);
    world.run();
    let rates = || {
        world.with_store(async |store| {
            let rows = store.tallies().await.unwrap();
            rows.iter().map(|row| row.numbers[0] / row.numbers[1]).collect::<Vec<f64>>()
        })
    };
    let sum = |world: &World| reads(world).iter().map(|read| read.2).sum::<u32>();
    assert_eq!(sum(&world), 42);
    let before = rates();
    assert_eq!(before.len(), 2);
    let (high, low) = (before[0].max(before[1]), before[0].min(before[1]));
    assert!(high > 8.0 * low && low > 0.0, "{before:?}");
    world.run();
    assert_eq!(sum(&world), 42, "told again");
    world.wait(24);
    post("quiet", 5);
    world.run();
    assert_eq!(sum(&world), 45);
    assert!(reads(&world).contains(&known("2026-11-25", "quiet", 3, "comments")));
    let tallied = world.with_store(async |store| store.tallied().await.unwrap().unwrap());
    assert_eq!(tallied.half_life, 365.0);
}

#[test]
fn scores_of_a_file_are_the_expected_readers_a_day() {
    let world = World::new();
    let start = parse_day("2026-01-01").unwrap();
    let mut daily = "date,path,views\n".to_owned();
    for day in 0..60 {
        let date = day_text(start + day);
        daily.push_str(&format!("{date},steady.md,3\n"));
        if day < 7 {
            daily.push_str(&format!("{date},launch.md,90\n"));
        }
        if day == 30 {
            daily.push_str(&format!("{date},\"burst, once.md\",5000\n"));
        }
    }
    world.write("daily.csv", &daily);
    world.write(
        "published.json",
        "{\"as_of\": \"2026-03-02\", \"published\": {\"steady.md\": \"2026-01-01\", \
         \"launch.md\": \"2026-01-01\", \"burst, once.md\": \"2026-01-01\"}}",
    );
    let (daily, published) = (world.path("daily.csv"), world.path("published.json"));
    let (daily, published) = (daily.display().to_string(), published.display().to_string());
    let words = ["popularity", "scores", "--daily", &daily, "--published", &published, "--json"];
    let (status, out, err) = world.call(&words);
    assert_eq!(status, 0, "{err}");
    let scores: serde_json::Value = serde_json::from_str(&out).unwrap();
    let of = |name: &str| scores[name].as_f64().unwrap();
    assert!((2.5..3.0).contains(&of("steady.md")), "pulled a little to the median: {scores}");
    assert!(of("launch.md") < 0.5, "{scores}");
    assert!(of("burst, once.md") < of("steady.md"), "{scores}");
    world.write("published.json", "{\"as_of\": \"soon\", \"published\": {}}");
    let (status, _, err) = world.call(&words);
    assert!(status == 2 && err.contains("\"soon\" is no day"), "{err}");
}

#[test]
fn the_report_tells_what_each_rule_removed() {
    let world = world("");
    let now = Clock::System.now();
    let day = |back: u64| {
        let then = now.minus(Duration::from_secs(back * 86_400));
        Timestamp::rfc3339(then)[..10].to_owned()
    };
    let robot = iso("203.0.9.9", &day(3), "10:00:00", "first").replace("Mozilla", "Examplebot");
    let mut log = iso("203.0.1.9", &day(3), "10:00:00", "first") + &robot + "rubbish\n";
    log += &iso("203.0.1.9", &day(0), "00:00:01", "second");
    world.write("logs/access.log", &log);
    world.call(&["run"]);
    let (status, out, _) = world.call(&["popularity", "report"]);
    assert_eq!(status, 0);
    for line in ["1 readers of a post", "1 programs that say they are robots", "1 no lines of an"] {
        assert!(out.contains(line), "{out}");
    }
    assert!(out.contains("Today so far") && out.contains("kept nowhere"), "{out}");
    let (_, out, _) = world.call(&["popularity", "report", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["sources"][0]["lines"], 3, "{out}");
    assert_eq!(report["today"]["posts"][0][0], "second", "{out}");
}

/// What the program answers at `port`.
fn http(port: u16, request: &str) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn pages_tell_of_their_readers_only_where_that_is_wished() {
    let world = world("");
    world.run();
    assert!(!world.path("public/beacon.js").exists());
    assert!(!world.read("public/first/index.html").contains("<script"));
    let text = world.read("config/postrider.toml");
    world.write(
        "config/postrider.toml",
        &text.replace("[popularity]\n", "[popularity]\nbeacon = true\n"),
    );
    let port = crate::cluster::free_port();
    let address = format!("127.0.0.1:{port}");
    let mut serving = world.postrider();
    let mut child =
        serving.args(["serve", "--listen", &address]).stdout(Stdio::null()).spawn().unwrap();
    let seen = format!(
        "POST /seen HTTP/1.1\r\nhost: x\r\nuser-agent: {BROWSER}\r\ncontent-type: text/plain\r\n\
         content-length: 7\r\nconnection: close\r\n\r\n/first/"
    );
    for _ in 0..400 {
        let is_there = world.read("public/first/index.html").contains("<script");
        if is_there && std::net::TcpStream::connect(&address).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    let answer = http(port, &seen);
    assert!(answer.starts_with("HTTP/1.1 204") && !answer.contains("set-cookie"), "{answer}");
    let page = world.read("public/first/index.html");
    assert!(page.contains("<script src=\"../beacon.js\" defer></script>"), "{page}");
    let script = http(port, "GET /beacon.js HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(script.contains("sendBeacon") && script.contains("javascript"), "{script}");
    let large = seen.replace("content-length: 7", "content-length: 2000") + &"x".repeat(1993);
    assert!(http(port, &large).starts_with("HTTP/1.1 413"));
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(told.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(reads(&world), [], "a day that is not over is kept nowhere");
}

#[test]
fn links_of_letters_are_told_apart_where_readers_are_counted() {
    for (logs, is_marked) in [("logs = [\"logs/*\"]", true), ("", false)] {
        let world = World::with_readers();
        let text = world.read("config/postrider.toml");
        world.write("config/postrider.toml", &format!("[popularity]\n{logs}\n{text}"));
        world.write("logs/access.log", "");
        world.run();
        world.wait(1);
        world.post("news", "2026-11-24", "News", "Of boats.");
        world.run();
        let letter = &world.letters()["instant-news/ada@example.net"];
        assert!(letter.contains("8025/news/"), "{letter}");
        assert_eq!(
            letter.replace("=\r\n", "").contains("/news/?from=3Dletter"),
            is_marked,
            "{letter}"
        );
        assert!(!world.read("public/news/index.html").contains("from=letter"));
    }
}
