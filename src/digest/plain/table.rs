//! Tables as text: in columns where these fit, else row by row, each cell behind its heading.

use unicode_width::UnicodeWidthStr as _;

use super::wrap::wrap;

/// A cell's text and how it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) is_right: bool,
    pub(super) is_heading: bool,
}

/// The cells of a table, row by row.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) caption: Option<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// What stands between columns.
const GAP: &str = "  ";

impl Table {
    /// Its lines, at most `width` wide where its words allow.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(|at| self.column(at)).collect();
        let all = widths.iter().sum::<usize>() + GAP.len() * columns.saturating_sub(1);
        let body = if all <= width { self.columns(&widths) } else { self.one_by_one(width) };
        let mut lines = self.caption.as_ref().map_or_else(Vec::new, |caption| wrap(caption, width));
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(body);
        lines
    }

    fn column(&self, at: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.text.width())
            .max()
            .unwrap_or(0)
    }

    /// Headings of columns stand in the first row.
    fn has_head(&self) -> bool {
        self.rows.first().is_some_and(|row| row.iter().all(|cell| cell.is_heading))
    }

    fn columns(&self, widths: &[usize]) -> Vec<String> {
        let row = |row: &Vec<Cell>| {
            let cells = row.iter().zip(widths).map(|(cell, width)| {
                let blanks = " ".repeat(width.saturating_sub(cell.text.width()));
                if cell.is_right { blanks + &cell.text } else { cell.text.clone() + &blanks }
            });
            cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
        };
        let mut lines: Vec<String> = self.rows.iter().map(row).collect();
        if self.has_head() && lines.len() > 1 {
            let rule = widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join(GAP);
            lines.insert(1, rule);
        }
        lines
    }

    fn one_by_one(&self, width: usize) -> Vec<String> {
        let head = self.rows.first().filter(|_| self.has_head());
        let rows = self.rows.iter().skip(usize::from(head.is_some()));
        let rows = rows.map(|row| {
            let cells = row.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty());
            let lines = cells.flat_map(|(at, cell)| {
                let name = head.and_then(|head| head.get(at)).map_or("", |cell| &cell.text);
                let text = if name.is_empty() {
                    cell.text.clone()
                } else {
                    format!("{name}: {}", cell.text)
                };
                wrap(&text, width)
            });
            lines.collect::<Vec<_>>()
        });
        rows.collect::<Vec<_>>().join(&[String::new()][..])
    }
}
