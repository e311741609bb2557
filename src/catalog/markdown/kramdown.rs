//! Kramdown's attribute lists (`{: .note #id key="value"}`, `{:toc}`), which CommonMark would show
//! as text: a heading keeps its id, everything else of them goes.
//!
//! What only looks like one, such as a map of another language, is text and stays.

use comrak::{
    Node,
    nodes::{Attributes, NodeValue},
};

/// Takes the lists out of a document.
pub(super) fn taken_out(root: Node<'_>) {
    let texts: Vec<Node<'_>> = root.descendants().filter(|node| holds_list(node)).collect();
    for text in texts {
        let Some((kept, id)) = parted(text) else { continue };
        let block = text.ancestors().skip(1).find(|node| node.data().value.block());
        if let (Some(id), Some(block)) = (id, block)
            && matches!(block.data().value, NodeValue::Heading(_))
        {
            let attributes = Attributes { id: Some(id), ..Attributes::default() };
            block.data_mut().attrs = Some(Box::new(attributes));
        }
        if !kept.is_empty() {
            text.data_mut().value = NodeValue::Text(kept.into());
            continue;
        }
        let before = text.previous_sibling();
        text.detach();
        before.filter(|node| is_break(node)).inspect(|node| node.detach());
        if let Some(block) = block.filter(|block| block.first_child().is_none()) {
            block.detach();
        }
    }
}

fn holds_list(node: &Node<'_>) -> bool {
    matches!(&node.data().value, NodeValue::Text(text) if text.contains("{:"))
}

fn is_break(node: &Node<'_>) -> bool {
    matches!(node.data().value, NodeValue::SoftBreak | NodeValue::LineBreak)
}

/// The text without its lists, and the last id in one; `None`: it has none.
fn parted(node: Node<'_>) -> Option<(String, Option<String>)> {
    let NodeValue::Text(text) = &node.data().value else { return None };
    let (mut kept, mut id, mut rest) = (String::new(), None, &text[..]);
    while let Some((before, list)) = rest.split_once("{:") {
        let found = list.split_once('}').filter(|(inside, _)| is_list(inside));
        let Some((inside, after)) = found else {
            kept.push_str(before);
            kept.push_str("{:");
            rest = list;
            continue;
        };
        let named = inside.split_whitespace().find_map(|part| part.strip_prefix('#'));
        id = named.map(str::to_owned).or(id);
        kept.push_str(if after.is_empty() { before.trim_end() } else { before });
        rest = after;
    }
    kept.push_str(rest);
    (kept != **text).then_some((kept, id))
}

fn is_list(inside: &str) -> bool {
    let mut parts = inside.split_whitespace().peekable();
    parts.peek().is_some()
        && parts.all(|part| {
            part == "toc" || part.starts_with(['.', '#']) && part.len() > 1 || part.contains("=")
        })
}

/// A formatter that writes the id which a heading was given; the crate's own writes one made of
/// its text.
#[allow(unreachable_pub)]
mod formatter {
    use std::fmt::Write as _;

    use comrak::{html::format_node_default, nodes::NodeValue};

    comrak::create_formatter!(WithIds, {
        NodeValue::Heading(ref heading) => |context, node, entering| {
            let id = node.data().attrs.as_ref().and_then(|attributes| attributes.id.clone());
            let Some(id) = id else { return format_node_default(context, node, entering) };
            if entering {
                context.cr()?;
                write!(context, "<h{} id=\"", heading.level)?;
                context.escape(&id)?;
                context.write_str("\">")?;
            } else {
                writeln!(context, "</h{}>", heading.level)?;
            }
        },
    });
}
pub(super) use formatter::WithIds;
