//! Related popular posts: what pages, letters and the command line promise of them; and, where
//! `POSTRIDER_CORPUS` names the posts of a real blog, how good they are.
//!
//! The corpus is measured with `tests/tools/related-eval`: it hides the links between the posts,
//! which say what their author holds to be related, and looks whether they are found. A bar that
//! is not reached fails here.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::Value;

use crate::harness::World;

const TALK: &str = "anchor chain shackle windlass rode galvanised";

/// A world with posts about anchors, and one about bread that people talk about.
fn anchorage() -> World {
    let world = World::with_readers();
    for (slug, words) in [("chain", "rust"), ("rode", "rope"), ("shackle", "pins"), ("mud", "mud")]
    {
        let title = format!("All about {slug}");
        world.post(slug, "2026-11-02", &title, &format!("{TALK} {words} {words} {slug}"));
    }
    world.write(
        "posts/bread.md",
        "+++\ntitle = \"Bread\"\ndate = 2026-11-03\ncomments_url = \"https://talk.example/\"\n\
         comments_count = 9\n+++\nFlour yeast salt oven crust.\n",
    );
    world
}

/// The part of a page or of a letter's text that stands under a heading.
fn under<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let text = text.split("text/html").next()?;
    let (_, below) = text.split_once(heading)?;
    below.split("</aside>").next()?.split("-----").next()?.split("\n--\r\n").next()
}

#[test]
fn a_new_post_gets_its_list_and_rewrites_no_other_page() {
    let world = anchorage();
    world.run();
    let before = world.read("public/chain/index.html");
    world.wait(1);
    world.post("kedge", "2026-11-24", "A kedge anchor", &format!("{TALK} kedge rust"));
    let written = world.run().pages.written;
    let page = world.read("public/kedge/index.html");
    assert!(under(&page, "Related popular posts").unwrap().contains("All about"), "{page}");
    assert_eq!(world.read("public/chain/index.html"), before);
    assert!(written <= 6, "its own page and those that list posts: {written}");
    world.wait(24);
    world.run();
    let renewed = world.read("public/chain/index.html");
    assert!(under(&renewed, "Related popular posts").unwrap().contains("kedge"), "{renewed}");
}

#[test]
fn a_full_renewal_makes_the_same_bytes() {
    let world = anchorage();
    world.run();
    let relations =
        || world.with_store(async |store| format!("{:?}", store.relations().await.unwrap()));
    let first = relations();
    assert!(first.contains("Some"), "{first}");
    let index = fs::read(world.path("var/related.index")).unwrap();
    assert_eq!(world.call(&["related", "--renew"]).0, 0);
    assert_eq!(relations(), first);
    assert_eq!(fs::read(world.path("var/related.index")).unwrap(), index);
    world.wait(24);
    assert_eq!(world.run().pages.written, 0, "and no page is written again");
}

#[test]
fn a_renewal_on_request_shows_at_the_next_run() {
    let world = anchorage();
    world.run();
    world.post("kedge", "2026-11-20", "A kedge anchor", &format!("{TALK} kedge rust"));
    world.run();
    assert!(!world.read("public/chain/index.html").contains("kedge"));
    let (status, said, _) = world.call(&["related", "--renew"]);
    assert_eq!((status, said.contains("renewed")), (0, true), "{said}");
    world.run();
    assert!(world.read("public/chain/index.html").contains("kedge"));
}

#[test]
fn what_is_withdrawn_leaves_every_list_at_once() {
    let world = anchorage();
    world.run();
    let listed = |slug: &str| {
        let pages = ["chain", "rode", "mud"].map(|page| format!("public/{page}/index.html"));
        pages.iter().filter(|page| world.read(page).contains(&format!("/{slug}/"))).count()
    };
    assert!(listed("shackle") > 0);
    fs::remove_file(world.path("posts/shackle.md")).unwrap();
    world.run();
    assert_eq!(listed("shackle"), 0);
}

#[test]
fn an_index_that_was_lost_or_broken_is_made_anew() {
    let world = anchorage();
    world.run();
    for (number, break_it) in [None, Some(&b"postrider near 1 and nothing"[..])].iter().enumerate()
    {
        match break_it {
            None => fs::remove_file(world.path("var/related.index")).unwrap(),
            Some(octets) => fs::write(world.path("var/related.index"), octets).unwrap(),
        }
        let slug = format!("kedge-{number}");
        world.post(&slug, "2026-11-20", "A kedge anchor", &format!("{TALK} kedge"));
        world.run();
        let page = world.read(&format!("public/{slug}/index.html"));
        assert!(under(&page, "Related popular posts").is_some(), "{page}");
    }
}

#[test]
fn open_places_are_filled_from_the_popular_posts_or_left_out() {
    let world = anchorage();
    world.post("stars", "2026-11-04", "Stars", "Cassiopeia Orion nebula telescope.");
    world.run();
    let page = world.read("public/stars/index.html");
    let popular = under(&page, "id=\"popular\">Popular posts").unwrap();
    assert!(popular.contains("Bread") && !page.contains("Related popular posts"), "{page}");
    let text = world.read("config/postrider.toml");
    world
        .write("config/postrider.toml", &format!("{text}\n[related]\nopen_places = \"nothing\"\n"));
    world.run();
    assert!(!world.read("public/stars/index.html").contains("Popular posts"));
}

#[test]
fn what_stood_in_a_letter_does_not_stand_in_the_next() {
    let world = anchorage();
    world.post("grapnel", "2026-11-02", "All about grapnels", &format!("{TALK} grapnel"));
    world.post("buoy", "2026-11-02", "All about buoys", &format!("{TALK} buoy"));
    world.run();
    let mut before: Vec<String> = Vec::new();
    for (number, slug) in ["kedge", "plough", "danforth"].iter().enumerate() {
        world.wait(1);
        world.post(slug, "2026-11-24", &format!("The {slug}"), &format!("{TALK} {slug}"));
        world.run();
        let letters = world.letters();
        let letter = &letters[&format!("instant-{slug}/ada@example.net")];
        let block = under(letter, "Related popular posts").unwrap_or_default();
        let shown: Vec<String> =
            block.lines().filter(|line| line.starts_with("http")).map(str::to_owned).collect();
        assert!(!shown.is_empty(), "{number}: {letter}");
        assert!(shown.iter().all(|post| !before.contains(post)), "{shown:?} after {before:?}");
        before = shown;
    }
}

#[test]
fn a_page_and_a_first_letter_show_the_same_posts() {
    let world = anchorage();
    world.run();
    world.wait(1);
    world.post("kedge", "2026-11-24", "A kedge anchor", &format!("{TALK} kedge rust"));
    world.run();
    let page = world.read("public/kedge/index.html");
    let letters = world.letters();
    let titles = |text: &str| {
        let block = under(text, "Related popular posts").unwrap().to_owned();
        let mut found: Vec<(usize, &str)> = ["chain", "rode", "shackle", "mud"]
            .into_iter()
            .filter_map(|slug| Some((block.find(&format!("All about {slug}"))?, slug)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, slug)| slug).collect::<Vec<_>>()
    };
    assert_eq!(titles(&page), titles(&letters["instant-kedge/ada@example.net"]));
}

#[test]
fn the_command_line_tells_why() {
    let world = anchorage();
    world.write(
        "posts/hidden.md",
        &format!(
            "+++\ntitle = \"Hidden\"\ndate = 2026-11-02\n[extra]\nrelated = false\n+++\n{TALK} rust chain\n"
        ),
    );
    world.run();
    let (status, said, _) = world.call(&["related", "chain", "--explain"]);
    assert_eq!(status, 0);
    for part in ["cosine 0.", "anchor 0.", "shared words", "freshness x 1.000", "popularity 0.00"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let hidden = said.lines().find(|line| line.contains("Hidden")).unwrap();
    assert!(hidden.contains("passed over: its front matter says related: false"), "{said}");
    let (status, said, _) = world.call(&["related", "posts/stars.md"]);
    assert_eq!(status, 2, "{said}");
    let (status, said, _) = world.call(&["popular", "--days", "7"]);
    assert_eq!((status, said.contains("Bread")), (0, true), "{said}");
}

/// The corpus with its links hidden, and the lists of the reference.
struct Gold {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

static GOLD: LazyLock<Option<Gold>> = LazyLock::new(|| {
    let corpus = std::env::var_os("POSTRIDER_CORPUS")?;
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
