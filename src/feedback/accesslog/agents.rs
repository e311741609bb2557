//! Agents: which programs are robots, by their own words.
//!
//! One automaton looks for all words at once, whatever their case, and what it found of an agent
//! is remembered, since a log names few agents many times. Words of the operator's own come on top
//! of those known here. A browser that says it is a robot is taken for one; a robot that calls
//! itself a browser is left to the rules about behaviour.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

/// Words by which programs that are no readers give themselves away.
const WORDS: &str = "bot crawl spider slurp preview monitor archiver scrape scan checker validator \
    headless phantomjs selenium puppeteer playwright lighthouse pagespeed gtmetrix httrack \
    uptime pingdom statuscake site24x7 newrelic datadog nagios zabbix blackbox \
    feed rss miniflux inoreader newsblur netnewswire theoldreader newsboat liferea akregator \
    vienna/ podcast castro overcast \
    curl wget python urllib requests/ httpx aiohttp go-http-client java/ okhttp apache-httpclient \
    httpclient http-client axios node-fetch node.js undici got/ superagent libwww lwp:: perl ruby \
    faraday guzzle php/ symfony postman insomnia powershell winhttp reqwest hyper/ dart/ restsharp \
    http_request fetch \
    chatgpt-user claude-user claude-web anthropic perplexity-user cohere-ai googleother \
    google-extended google-inspectiontool google-read-aloud google-safety googleagent \
    meta-externalagent meta-webindexer facebookexternalhit facebookcatalog mistralai-user \
    duckassist gemini-deep-research vertex img2dataset omgili diffbot novaact operator/ \
    friendica mastodon pleroma akkoma misskey lemmy pixelfed embedly iframely whatsapp \
    skypeuri slack-img flipboardproxy wordpress/ mediapartners-google apis-google nutch heritrix \
    ia_archiver censys masscan zgrab nmap nikto sqlmap nuclei netcraft expanse internet-measurement \
    dataprovider virustotal";

/// Words that hold one of those by chance: the maker of a telephone.
const INNOCENT: &[&str] = &["cubot"];

/// How many agents are remembered before the memory is begun anew.
const REMEMBERED: usize = 1 << 16;

/// What tells robots by their agent.
#[derive(Clone, Debug)]
pub(super) struct Robots {
    words: Option<AhoCorasick>,
    known: HashMap<u64, bool>,
}

impl Robots {
    /// Knows the usual words, and these.
    pub(super) fn new(more: &[String]) -> Self {
        let more = more.iter().map(String::as_str).filter(|word| !word.trim().is_empty());
        let words = INNOCENT.iter().copied().chain(WORDS.split_whitespace()).chain(more);
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(words);
        Self { words: words.ok(), known: HashMap::new() }
    }

    /// Whether the program with that agent, whose hash is `hash`, is a robot.
    pub(super) fn has(&mut self, agent: &[u8], hash: u64) -> bool {
        if let Some(known) = self.known.get(&hash) {
            return *known;
        }
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let mut found = self.words.iter().flat_map(|words| words.find_iter(agent));
        let is_robot = found.any(|found| found.pattern().as_usize() >= INNOCENT.len());
        self.known.insert(hash, is_robot);
        is_robot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots_are_told_from_browsers() {
        let mut robots = Robots::new(&["acme-watch".to_owned(), " ".to_owned()]);
        let agents = [
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", true),
            ("Mozilla/5.0 (compatible; BingPreview/1.0b)", true),
            ("Mozilla/5.0 (Macintosh) AppleWebKit/537.36 HeadlessChrome/126.0 Safari/537.36", true),
            ("Mozilla/5.0 AppleWebKit/537.36 (compatible; ChatGPT-User/1.0)", true),
            ("Claude-User/1.0", true),
            ("meta-externalagent/1.1", true),
            ("facebookexternalhit/1.1", true),
            ("Feedly/1.0", true),
            ("Miniflux/2.2", true),
            ("curl/8.5.0", true),
            ("python-requests/2.32", true),
            ("Go-http-client/2.0", true),
            ("Better Uptime Bot", true),
            ("ACME-Watch 3", true),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", false),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                false,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                false,
            ),
            (
                "Mozilla/5.0 (Linux; Android 12; CUBOT KINGKONG) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
                false,
            ),
            ("Mozilla/5.0 (Linux; Android 12; CUBOT X) (compatible; ExampleBot/1.0)", true),
            ("Lynx/2.9.0", false),
        ];
        for (number, (agent, is_robot)) in (0..).zip(agents) {
            assert_eq!(robots.has(agent.as_bytes(), number), is_robot, "{agent}");
            assert_eq!(robots.has(agent.as_bytes(), number), is_robot, "{agent}, again");
        }
    }
}
