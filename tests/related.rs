//! Related popular posts: what pages, letters and the command line promise of them; how good they
//! are on a real blog is measured by [`corpus`].

mod corpus;

use std::fs;

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
    let others = ["chain", "rode", "shackle", "mud", "bread", "old-news"];
    let pages = || others.map(|slug| world.read(&format!("public/{slug}/index.html")));
    let before = pages();
    world.wait(1);
    world.post("kedge", "2026-11-24", "A kedge anchor", &format!("{TALK} kedge rust"));
    world.run();
    let page = world.read("public/kedge/index.html");
    assert!(under(&page, "Related popular posts").unwrap().contains("All about"), "{page}");
    assert_eq!(pages(), before);
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
    // Words that every post has tell nothing: a blog is about other things too.
    for other in ["tea", "moss", "ink", "wool", "lamp", "kite", "clay", "plum", "owl", "tin"] {
        world.post(other, "2026-11-03", other, &format!("{other} by itself, more {other}"));
    }
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
