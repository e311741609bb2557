//! `new DIR`: a site of one's own: configuration, a first post, the templates to override.
//!
//! It writes into a new or empty folder only, so that nothing of anybody's is overwritten.

use std::{fs, path::Path};

use super::{Refusal, out::say};
use crate::{template, time::Clock};

const CONFIG: &str = include_str!("../../config/postrider.toml");
const SUBSCRIBERS: &str = "address,name,newsletter,cadence,confirmed_at\n";

/// What the sample says and a new site says instead.
const OWN: [(&str, &str); 8] = [
    ("title = \"Salt & Solder\"", "title = \"My blog\""),
    (
        "description = \"Repair, low-power electronics and weather, from a small boat\"",
        "description = \"\"",
    ),
    ("time_zone = \"Europe/Stockholm\"", "time_zone = \"UTC\""),
    ("author = \"Mara Lindqvist\"", "# author = \"Your Name\""),
    (
        "from = \"Mara Lindqvist <letters@salt-and-solder.example>\"",
        "from = \"My blog <letters@blog.example>\"",
    ),
    (
        "postal_address = \"Salt & Solder, Quay 4, 451 42 Uddevalla, Sweden\"",
        "postal_address = \"\"",
    ),
    ("first_run = \"latest\"", "first_run = \"none\""),
    ("name = \"Salt & Solder letters\"", "# name = \"Letters of my blog\""),
];

/// Makes the site.
pub(super) fn new(dir: &Path) -> Result<u8, Refusal> {
    let fail = |error: std::io::Error| {
        Refusal::needs_operator(format!("cannot make a site in {}: {error}", dir.display()))
    };
    if dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        let text = format!("{} is not empty; name a folder that is not there yet", dir.display());
        return Err(Refusal::wrong_usage(text));
    }
    let mut files = vec![
        ("config/postrider.toml".to_owned(), config()),
        ("config/subscribers.csv".to_owned(), SUBSCRIBERS.to_owned()),
        ("posts/hello.md".to_owned(), first_post()),
        (".gitignore".to_owned(), "public/\nvar/\n".to_owned()),
    ];
    for (name, text) in template::defaults() {
        files.push((format!("templates/examples/{name}"), text));
    }
    for (name, text) in files {
        let path = dir.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        fs::write(path, text).map_err(fail)?;
    }
    let dir = dir.display();
    say!("A new site stands in {dir}.");
    say!("  1. Write your name and address into config/postrider.toml.");
    say!("  2. Put yourself into config/subscribers.csv, to get what your readers get:");
    say!("     you@your-domain.org,Your Name,letters,instant,");
    say!("  3. postrider --root {dir} check");
    say!("     postrider --root {dir} run");
    say!("  To change a template, copy it from templates/examples/ to the same place below");
    say!("  templates/; what you do not copy stays built in.");
    Ok(0)
}

fn config() -> String {
    OWN.iter().fold(CONFIG.to_owned(), |text, (sample, own)| text.replace(sample, own))
}

fn first_post() -> String {
    let today = Clock::System.now().format("%Y-%m-%d", &crate::time::Zone::utc());
    format!(
        "+++\ntitle = \"Hello\"\ndate = {today}\ntags = [\"news\"]\n+++\n\n\
         This is the first post. Change this file, or write the next one beside it.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_sample_blog_is_left_in_a_new_site() {
        for (sample, _) in OWN {
            assert!(CONFIG.contains(sample), "{sample}");
        }
        let config = config();
        for word in ["Mara", "Stockholm", "latest\"\n"] {
            let said = config.lines().filter(|line| !line.starts_with('#'));
            assert!(!said.clone().any(|line| line.contains(word)), "{word}");
        }
        assert!(crate::config::Config::parse(&config, Path::new(".")).is_ok());
    }
}
