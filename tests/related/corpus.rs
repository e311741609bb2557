//! How good related popular posts are, where `POSTRIDER_CORPUS` names the posts of a real blog.
//!
//! The corpus is measured with `tests/tools/related-eval`: it hides the links between the posts,
//! which say what their author holds to be related, and looks whether they are found. A bar that
//! is not reached fails here; without a corpus there is nothing to measure.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::Value;

/// The corpus with its links hidden, and the lists of the reference.
struct Gold {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

static GOLD: LazyLock<Option<Gold>> = LazyLock::new(|| {
    let corpus = std::env::var_os("POSTRIDER_CORPUS")?;
    assert!(Path::new(&corpus).is_dir(), "POSTRIDER_CORPUS names no folder");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    let gold = Gold { _folder: folder, root };
    let work = gold.path("gold");
    gold.judge(&["prepare", corpus.to_str().unwrap(), "--out", work.to_str().unwrap()]);
    gold.judge(&[
        "baselines",
        gold.path("gold/gold.json").to_str().unwrap(),
        "--methods",
        "reference",
        "--out",
        gold.root.to_str().unwrap(),
        "--boot",
        "10",
    ]);
    gold.site(&gold.path("gold/posts"), "");
    Some(gold)
});

impl Gold {
    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The judge's words; it must be content.
    fn judge(&self, words: &[&str]) -> String {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/related-eval");
        let python = std::env::var("POSTRIDER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let output = Command::new(python).arg(tool).args(words).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{words:?}\n{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    /// A site of these posts.
    fn site(&self, posts: &Path, more: &str) {
        let config = format!(
            "[site]\ntitle = \"Corpus\"\nposts = \"{}\"\n[mail]\nfrom = \"a@blog.example\"\n{more}",
            posts.display()
        );
        fs::create_dir_all(self.path("config")).unwrap();
        fs::write(self.path("config/postrider.toml"), config).unwrap();
    }

    /// Standard output of the binary at `root`, kept in a file.
    fn call(&self, root: &Path, words: &[&str], file: &str) -> PathBuf {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
        let output = command.arg("--root").arg(root).args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = self.path(file);
        fs::write(&path, output.stdout).unwrap();
        path
    }

    /// What the judge says of a ranking, as numbers by name.
    fn scores(&self, ranking: &Path) -> Value {
        let gold = self.path("gold/gold.json");
        let name = ranking.file_stem().unwrap().to_str().unwrap().to_owned();
        let words = ["score", gold.to_str().unwrap(), ranking.to_str().unwrap(), "--json"];
        let said: Value = serde_json::from_str(&self.judge(&words)).unwrap();
        said[&name].clone()
    }
}

/// A number in front of which `before` stands.
fn number_after(text: &str, before: &str) -> f64 {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before}: {text}"));
    let number = rest.split_whitespace().next().unwrap();
    number.trim_start_matches('+').parse().unwrap_or_else(|_| panic!("{before}: {text}"))
}

#[test]
#[ignore = "needs a corpus (POSTRIDER_CORPUS) and Python: run .ci/run"]
fn on_a_real_blog_the_links_of_its_authors_are_found() {
    let Some(gold) = &*GOLD else { return };
    let all = ["related", "--all", "--json"];
    let ours = gold.call(&gold.root, &all, "ours.json");
    let scores = gold.scores(&ours);
    let of = |name: &str| {
        scores[name].as_f64().unwrap_or_else(|| scores[name]["mean"].as_f64().unwrap())
    };
    assert!(of("Recall@3") >= 0.56, "{scores}");
    assert!(of("top10_share@3") <= 0.20 && of("coverage@3") >= 0.5, "{scores}");
    let (file, reference) = (gold.path("gold/gold.json"), gold.path("reference.json"));
    let [file, ours_at, reference] = [&file, &ours, &reference].map(|path| path.to_str().unwrap());
    let said = gold.judge(&["score", file, ours_at, "--against", reference, "--strict"]);
    assert!(said.contains("no clear difference") && !said.contains("worse"), "{said}");
    let again = gold.call(&gold.root, &all, "again.json");
    assert_eq!(fs::read(&ours).unwrap(), fs::read(again).unwrap(), "the same bytes");
}

#[test]
#[ignore = "needs a corpus (POSTRIDER_CORPUS) and Python: run .ci/run"]
fn on_a_real_blog_popularity_is_a_nudge() {
    let Some(gold) = &*GOLD else { return };
    let text = fs::read_to_string(gold.path("gold/gold.json")).unwrap();
    let posts: Value = serde_json::from_str(&text).unwrap();
    let mut paths: Vec<&String> = posts["posts"].as_object().unwrap().keys().collect();
    let mut measured = [(0.0, 0.0); 2];
    let mut state = 11_u64;
    for draw in 0..5 {
        for at in (1..paths.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(draw + 1);
            paths.swap(at, (state >> 33) as usize % (at + 1));
        }
        let views = (1..).zip(&paths).map(|(rank, path)| {
            let views = 3000.0 / f64::from(rank).powf(0.9);
            ((*path).clone(), views)
        });
        let views: BTreeMap<String, f64> = views.collect();
        let file = gold.path("views.json");
        fs::write(&file, serde_json::to_string(&views).unwrap()).unwrap();
        for (sum, weight) in measured.iter_mut().zip(["0", "0.3"]) {
            let file = file.to_str().unwrap();
            let words = ["related", "--all", "--json", "--views", file, "--popularity", weight];
            let ranking = gold.call(&gold.root, &words, "nudged.json");
            sum.0 += gold.scores(&ranking)["Recall@3"]["mean"].as_f64().unwrap() / 5.0;
            let gold_file = gold.path("gold/gold.json");
            let words = [gold_file.to_str().unwrap(), ranking.to_str().unwrap(), "--views", file];
            let said = gold.judge(&[&["score", "--boot", "10"][..], &words].concat());
            sum.1 += number_after(&said, "of the first three ") / 5.0;
        }
    }
    let [(plain, before), (nudged, after)] = measured;
    assert!(after - before >= 0.02, "it is worth something: {before} to {after}");
    assert!(plain - nudged <= 0.015, "and costs little: {plain} to {nudged}");
}

#[test]
#[ignore = "needs a corpus (POSTRIDER_CORPUS) and Python: run .ci/run"]
fn on_a_real_blog_no_issue_has_a_fault() {
    let Some(gold) = &*GOLD else { return };
    let site = gold.path("played");
    let mut withdrawn = Vec::new();
    let text = fs::read_to_string(gold.path("gold/gold.json")).unwrap();
    let mut judged: Value = serde_json::from_str(&text).unwrap();
    let paths: Vec<String> = judged["posts"].as_object().unwrap().keys().cloned().collect();
    for (number, path) in paths.iter().enumerate() {
        let post = fs::read_to_string(gold.path("gold/posts").join(path)).unwrap();
        let with = |line: &str| post.replacen("---\n", &format!("---\n{line}\n"), 1);
        let target = site.join("posts").join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        // Every tenth post is one that must not be shown, for four reasons; every seventh belongs
        // to one of five series.
        let post = match number % 40 {
            0 => with("draft: true"),
            10 => with("expires: 2014-01-01"),
            20 => with("related: false"),
            30 => {
                withdrawn.push(path);
                continue;
            }
            _ if number % 7 == 0 => {
                let series = format!("Series {}", number % 5);
                judged["posts"][path]["series"] = series.clone().into();
                with(&format!("series: {series}"))
            }
            _ => post,
        };
        if number % 10 == 0 {
            withdrawn.push(path);
        }
        fs::write(target, post).unwrap();
    }
    fs::create_dir_all(site.join("config")).unwrap();
    let config = fs::read_to_string(gold.path("config/postrider.toml")).unwrap();
    let posts = gold.path("gold/posts").display().to_string();
    fs::write(site.join("config/postrider.toml"), config.replace(&posts, "posts")).unwrap();
    let log = gold.call(&site, &["issue", "simulate", "--json"], "log.json");
    let issues: Vec<Value> = serde_json::from_str(&fs::read_to_string(&log).unwrap()).unwrap();
    let shown: usize = issues.iter().map(|one| one["related"].as_array().unwrap().len()).sum();
    assert!(issues.len() >= 200 && shown >= 2 * issues.len(), "{} {shown}", issues.len());
    fs::write(gold.path("judged.json"), judged.to_string()).unwrap();
    fs::write(gold.path("gone.json"), serde_json::to_string(&withdrawn).unwrap()).unwrap();
    let files = [gold.path("judged.json"), log, gold.path("gone.json")];
    let [judged, log, gone] = files.each_ref().map(|path| path.to_str().unwrap());
    let said = gold.judge(&["issues", judged, log, "--withdrawn", gone]);
    assert!(said.contains(" 0 faults"), "{said}");
}

/// The mean and its interval in a column of the judge's table, of the last line of that name.
fn column(table: &str, name: &str, number: usize) -> [f64; 3] {
    let line = table.lines().rfind(|line| line.trim().starts_with(name)).unwrap();
    let cell = line.trim().trim_start_matches(name).split(']').nth(number).unwrap();
    let numbers = cell.split(['[', ',']).map(|number| number.trim().parse().unwrap());
    numbers.collect::<Vec<f64>>().try_into().unwrap()
}

#[test]
#[ignore = "needs Python: run tests/run"]
fn readers_of_next_week_are_told_as_well_as_by_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let gold = Gold { root: folder.path().to_owned(), _folder: folder };
    let mut truths = Vec::new();
    for robots in ["filtered", "raw"] {
        let out = gold.path(robots);
        let out = out.to_str().unwrap();
        let words =
            ["streams", "--out", out, "--robots", robots, "--seed", "4100", "--count", "12"];
        gold.judge(&words);
        for seed in 4100..4112 {
            let at = gold.path(&format!("{robots}/seed-{seed}"));
            let [daily, published] = ["daily.csv", "published.json"]
                .map(|name| at.join(name).to_str().unwrap().to_owned());
            let words = ["popularity", "scores", "--daily", &daily, "--published", &published];
            let words = [&words[..], &["--json"]].concat();
            gold.call(&gold.root, &words, &format!("{robots}/seed-{seed}/ours.json"));
            truths.push(at.join("truth.json").to_str().unwrap().to_owned());
        }
    }
    let truths = truths.iter().map(String::as_str);
    let words = ["popularity", "--scores", "ours.json"].into_iter().chain(truths);
    let said = gold.judge(&words.collect::<Vec<_>>());
    // The second column is nDCG@10; the last lines are differences to the reference.
    let [behind, ..] = column(&said, "ours.json", 1);
    assert!(behind >= -0.01, "{said}");
    let [_, _, highest] = column(&said, "30 days", 1);
    assert!(highest < behind, "readers of the last 30 days tell less: {said}");
}
