//! Text that is read with difficulty: its colour and the ground behind it, as the elements say.

use crate::{
    digest::tree::{Element, Node, decoded},
    domain::colour::{Colour, READABLE},
};

/// A text that is too faint.
pub(super) struct Faint {
    pub(super) text: String,
    pub(super) contrast: f64,
}

/// Ink and ground where nothing is said.
#[derive(Clone, Copy)]
struct Look {
    ink: Colour,
    ground: Colour,
}

/// How much of a text is told.
const TOLD: usize = 40;

/// All texts below `nodes` that are too faint.
pub(super) fn faint(nodes: &[Node]) -> Vec<Faint> {
    let mut found = Vec::new();
    look_at(nodes, Look { ink: Colour::rgb(0, 0, 0), ground: Colour::WHITE }, &mut found);
    found
}

fn look_at(nodes: &[Node], look: Look, found: &mut Vec<Faint>) {
    for node in nodes {
        match node {
            Node::Text(text) if text.trim().is_empty() => {}
            Node::Text(text) => {
                let contrast = look.ink.contrast(look.ground);
                if contrast < READABLE {
                    let text = decoded(text.trim()).chars().take(TOLD).collect();
                    found.push(Faint { text, contrast });
                }
            }
            Node::Element(element) => {
                if let Some(look) = look.inside(element) {
                    look_at(&element.children, look, found);
                }
            }
        }
    }
}

impl Look {
    /// What holds inside an element; `None`: it is not shown.
    fn inside(self, element: &Element) -> Option<Self> {
        let style = decoded(element.get("style").unwrap_or_default()).to_ascii_lowercase();
        let rules = style.split(';').filter_map(|rule| rule.split_once(':'));
        let mut look = self;
        for (name, value) in rules {
            let value = value.trim().trim_end_matches("!important").trim();
            let colour = value.split_whitespace().find_map(|word| word.parse().ok());
            match (name.trim(), colour) {
                ("display", _) if value == "none" => return None,
                ("color", Some(colour)) => look.ink = colour,
                ("background" | "background-color", Some(colour)) => look.ground = colour,
                _ => {}
            }
        }
        Some(look)
    }
}
