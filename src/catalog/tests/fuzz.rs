//! A thousand files that mean ill, made from a seed: whatever stands in front matter and body, each
//! file is accounted for, and what is published is clean.

use super::*;

const FRONTS: [&str; 22] = [
    "---\n",
    "+++\n",
    "{",
    "---json\n{\"title\": \"x\",",
    "<!--\n.. title: x\n",
    "Title: x\n",
    "title: [a, {b: c}\n",
    "title: \"unclosed\n",
    "date: 2026-11-02\n",
    "date: 9999-99-99\n",
    "date: {{ now }}\n",
    "tags: &a [*a]\n",
    "tags: [\u{202e}, \u{8}, ' ']\n",
    "slug: ../../etc\n",
    "permalink: /%00/{slug}/\n",
    "aliases: [/, //, /../x]\n",
    "image: {url: javascript:x}\n",
    "enclosures: [{url: x.mp3, length: -1}]\n",
    "<<: *missing\n",
    "draft: maybe\n",
    "\u{feff}---\n",
    "a: &x !!binary |\n  zz\n",
];

const BODIES: [&str; 26] = [
    "word ",
    "\n\n",
    "# Head {#a\"b}\n",
    "{: .x #y onclick=z }",
    "```\n",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<p style=\"x\" ONCLICK=y>",
    "<iframe srcdoc='<script>'></iframe>",
    "<svg/onload=alert(1)>",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "[x](javascript:alert(1))",
    "![x](data:text/html,x)",
    "<a href='java\tscript:x'>",
    "{{< raw >}}",
    "{% raw %}",
    "{{ x | y",
    "&#0;&#xD800;&bogus;",
    "\u{0}\u{8}\u{b}\u{fffe}",
    "| a |\n|---|\n",
    "[^1]: note [^1]\n",
    "<math><mtext></p><style><img src onerror=x>",
    "<bdo dir=rtl><details open ontoggle=x>",
];

/// Numbers that follow from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn some<'t>(&mut self, of: &[&'t str], most: usize) -> String {
        (0..self.below(most)).map(|_| of[self.below(of.len())]).collect::<Vec<&'t str>>().concat()
    }
}

#[test]
fn whatever_stands_in_a_file_what_is_published_is_clean() {
    let mut dice = Dice(0x0bad_f00d);
    let mut published = 0;
    for case in 0..1_000 {
        let fence = ["---\n", "+++\n", "}\n", "-->\n\n", "\n"][dice.below(5)];
        let front = dice.some(&FRONTS, 6);
        let body = dice.some(&BODIES, 12);
        let text = match dice.below(3) {
            0 => format!("---\ntitle: T\ndate: 2026-11-02\n---\n{body}"),
            _ => format!("{front}{fence}{body}"),
        };
        let name = ["a.md", "2026-11-02-b.html", "sv/c.md"][dice.below(3)];
        let catalog = read_new(&[(name, &text)]);
        for post in &catalog.posts {
            published += 1;
            assert!(post.html.chars().all(text::is_xml), "case {case}: {text:?}");
            assert!(post.title.chars().all(text::is_xml), "case {case}: {text:?}");
            let tags = post.html.split('<').skip(1).filter_map(|tag| tag.split('>').next());
            for tag in tags {
                let tag = tag.to_lowercase();
                let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
                let active = ["script", "style", "iframe", "svg", "object", "embed", "form"];
                assert!(!active.contains(&name), "case {case}: {text:?}: {}", post.html);
                let bare = outside_quotes(&tag);
                assert!(!bare.contains(" on"), "case {case}: {text:?}: {}", post.html);
                assert!(!tag.contains("=\"javascript:"), "case {case}: {text:?}: {}", post.html);
            }
        }
    }
    assert!(published > 300, "{published} of the cases are published");
}

/// A tag without the values of its attributes.
fn outside_quotes(tag: &str) -> String {
    tag.split('"').step_by(2).collect()
}
