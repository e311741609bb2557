//! What becomes of template marks.

use super::*;

fn markdown(body: &str) -> String {
    translated(body, Kind::Markdown, "lead.png").0.into_owned()
}

#[test]
fn a_mark_becomes_what_it_stands_for() {
    for (body, expected) in [
        (
            "{{< youtube abc >}}",
            "<a href=\"https://www.youtube.com/watch?v=abc\">Watch on YouTube</a>",
        ),
        (
            "{% include youtube.html id=\"abc\" %}",
            "<a href=\"https://www.youtube.com/watch?v=abc\">Watch on YouTube</a>",
        ),
        ("{{< gist ada 17 >}}", "<a href=\"https://gist.github.com/ada/17\">See it on GitHub</a>"),
        ("{{< figure src=\"x.png\" alt=\"A boat\" >}}", "![A boat](<x.png>)"),
        ("{% image \"a b.jpg\" \"The [18F] team\" %}", "![The \\[18F\\] team](<a b.jpg>)"),
        ("{% image_with_class \"a.jpg\" \"wide\" \"A form\" %}", "![A form](<a.jpg>)"),
        ("<div>{% image \"a.jpg\" \"\" %}</div>", "<div><img src=\"a.jpg\" alt=\"\"></div>"),
        (
            "{% include \"linked-figure.html\", image_path=\"/a.png\", alt=\"A\" %}",
            "![A](</a.png>)",
        ),
        ("![x]({{ page.image }})", "![x](lead.png)"),
        ("[x]({{< ref \"other.md\" >}})", "[x](@/other.md)"),
        ("[x]({% post_url 2026-01-02-x %})", "[x](@/2026-01-02-x)"),
        ("[x]({{ \"/about/\" | url }})", "[x](/about/)"),
        ("[x]({{ site.baseurl }}/about/)", "[x](/about/)"),
        ("{% raw %}{{ x }}{% endraw %}!", "{{ x }}!"),
        ("a{% comment %} b {% endcomment %}c", "ac"),
        ("{{% notice tip %}}Kept.{{% /notice %}}", "Kept."),
        ("{% highlight rust %}\nlet x;\n{% endhighlight %}", "\n```rust\nlet x;\n```\n"),
        (
            "{{< highlight go \"linenos=true\" >}}\na ``` b\n{{< /highlight >}}",
            "\n````go\na ``` b\n````\n",
        ),
    ] {
        assert_eq!(markdown(body), expected, "{body}");
    }
}

#[test]
fn code_keeps_its_marks() {
    for body in [
        "```\n{{ x }}\n```\n",
        "~~~liquid\n{% if x %}\n```\n{% endif %}\n~~~\n",
        "> ```\n> {{ x }}\n> ```\n",
        "Text:\n\n    {{ x }}\n\n    {% y %}\n\nEnd",
        "Write `{{ x }}` or ``a ` {% y %}``.",
        "<pre>{{ x }}</pre> <code class=\"a\">{% y %}</code>",
    ] {
        let (text, left_out) = translated(body, Kind::Markdown, "lead.png");
        assert_eq!(text, body);
        assert!(left_out.is_empty(), "{body}");
    }
}

#[test]
fn a_mark_that_cannot_be_run_goes_and_is_told() {
    let body = "{% for x in y %}A {{ x.title }}.{% endfor %} {{< map >}}";
    let (text, left_out) = translated(body, Kind::Markdown, "lead.png");
    assert_eq!(text, "A . ");
    assert_eq!(left_out.into_iter().collect::<Vec<_>>(), ["for", "map", "x.title"]);
}

#[test]
fn what_never_closes_is_text() {
    for body in [
        "{{ open",
        "{% open",
        "{{",
        "{%",
        "{{}}",
        "{ {x} }",
        "`{{ x }}",
        "{% raw %",
        "{{< /* x */ >}} a",
    ] {
        assert!(markdown(body).contains('{') || body == "`{{ x }}", "{body}");
    }
    assert_eq!(markdown("{% include %}"), "");
    assert_eq!(markdown("{% raw %}{{ x }}"), "{{ x }}");
}
