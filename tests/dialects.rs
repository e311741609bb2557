//! Blogs of other generators, each a post as its own documentation writes it: what their authors
//! said arrives, nothing of their templates does, and every file is accounted for.

use crate::harness::World;

/// File, text, and what must stand in the feed: title, date, tags, a part of the content.
const BLOGS: [(&str, &str, &str, &str, &str, &str); 8] = [
    (
        "zola/a.md",
        "+++\ntitle = \"Zola & me\"\ndate = 2026-10-01T10:00:00Z\nupdated = 2026-10-02\n\
         [taxonomies]\ntags = [\"one\"]\n[extra]\nx = 1\n+++\n\nIntro.\n\n<!-- more -->\n\n\
         {{ youtube(id=\"abc\") }}\n\n{% quote(author=\"x\") %}\nQuoted.\n{% end %}\n",
        "Zola &#x26; me",
        "Thu, 01 Oct 2026 10:00:00 +0000",
        "one",
        "youtube.com/watch?v=abc",
    ),
    (
        "hugo/b/index.md",
        "---\ntitle: \"Hugo\"\ndate: 2026-10-03\nlastmod: 2026-10-04T10:00:00+02:00\ntags: [two]\n\
         aliases: [/old-hugo/]\nexpiryDate: 2099-01-01\n---\n\n\
         {{< figure src=\"x.png\" alt=\"An x\" >}}\n\n{{% notice %}}Inside.{{% /notice %}}\n",
        "Hugo",
        "Sat, 03 Oct 2026 07:00:00 +0000",
        "two",
        "hugo/b/x.png",
    ),
    (
        "jekyll/2026-10-05-c.markdown",
        "---\nlayout: post\ntitle: Jekyll\ncategories: [three]\npermalink: /:year/:title.html\n---\n\
         {% include ad.html %}\n{% highlight ruby %}\nputs {{ x }}\n{% endhighlight %}\n\
         Text{: .x}\n{: .note}\n[site]({{ site.baseurl }}/about/)\n",
        "Jekyll",
        "Mon, 05 Oct 2026 07:00:00 +0000",
        "three",
        "puts {{ x }}",
    ),
    (
        "eleventy/d.md",
        "---json\n{\n  \"title\": \"Eleventy\",\n  \"date\": \"2026-10-06\",\n  \"tags\": [\"four\"]\n}\n\
         ---\n\n{% image \"x.png\", \"An x\" %}\n\n[home]({{ '/' | url }})\n",
        "Eleventy",
        "Tue, 06 Oct 2026 07:00:00 +0000",
        "four",
        "alt=\"An x\"",
    ),
    (
        "pelican/e.md",
        "Title: Pelican\nDate: 2026-10-07 10:20\nModified: 2026-10-08\nCategory: five\n\
         Authors: Ada A, Bo B\nSummary: Short.\n\nThe [rest]({filename}/zola/a.md).\n",
        "Pelican",
        "Wed, 07 Oct 2026 08:20:00 +0000",
        "five",
        "The <a",
    ),
    (
        "nikola/f.md",
        "<!--\n.. title: Nikola\n.. slug: nik\n.. date: 2026-10-09 10:00:00 UTC+02:00\n\
         .. tags: six, mathjax\n.. type: text\n-->\n\nTeaser.\n\n<!-- TEASER_END -->\n\nRest.\n",
        "Nikola",
        "Fri, 09 Oct 2026 08:00:00 +0000",
        "six",
        "Rest.",
    ),
    (
        "none/2026-10-10-g.md",
        "# Nothing *at* all\n\nJust text & <T> with a [link](../nikola/f.md).\n",
        "Nothing at all",
        "Sat, 10 Oct 2026 07:00:00 +0000",
        "",
        "/nik/\">link</a>",
    ),
    (
        "crlf/h.md",
        "\u{feff}\r\n--- \r\ntitle: 'Windows'\r\ndate: 10/11/2026\r\ntags: seven\r\n...\r\n\r\nA\u{8}B.\r\n",
        "Windows",
        "Sun, 11 Oct 2026 07:00:00 +0000",
        "seven",
        "<p>AB.</p>",
    ),
];

#[test]
fn what_authors_of_other_generators_wrote_arrives() {
    let world = World::new();
    for (path, text, ..) in BLOGS {
        world.write(&format!("posts/{path}"), text);
    }
    world.write("posts/hugo/b/x.png", "picture");
    let summary = world.run();
    assert_eq!(summary.posts.published, BLOGS.len(), "{summary}");
    assert_eq!(summary.posts.refused, 0, "{summary}");
    let feed = world.read("public/rss.xml");
    for (path, _, title, date, tag, content) in BLOGS {
        let title = format!("<title>{title}</title>");
        let item = feed.split("<item>").find(|item| item.contains(&title));
        let item = item.unwrap_or_else(|| panic!("{path}: no {title} in {feed}"));
        assert!(item.contains(&format!("<pubDate>{date}</pubDate>")), "{path}: {item}");
        assert!(tag.is_empty() || item.contains(&format!("<category>{tag}</category>")), "{item}");
        assert!(item.contains(content), "{path}: {content}: {item}");
        for leak in ["{%", "{{<", "{{ site", "{{ '", "{: ", "{filename}", "{#"] {
            assert!(!item.contains(leak), "{path} leaks {leak}: {item}");
        }
    }
    assert!(feed.contains("<dc:creator>Bo B</dc:creator>"));
    let way = world.read("public/old-hugo/index.html");
    assert!(way.contains("url=http://127.0.0.1:8025/b/"), "{way}");
}
