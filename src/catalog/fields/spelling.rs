//! Spelling: keys that are none of ours but look like one.
//!
//! A misspelt key does nothing, and its author does not notice: `titel` leaves the post without
//! a title, `draf` mails it to everybody. So a near miss of a key that withholds a post refuses it
//! (a letter cannot be recalled), any other one is a warning. Keys of other programs are far from
//! ours and pass.

use crate::catalog::front_matter::{Fault, Table};

/// Keys that decide whether a post appears.
const WITHHOLDING: [&str; 7] =
    ["draft", "published", "status", "visibility", "hidden", "private", "unlisted"];

/// The other keys that are read.
const READ: &str = "alias aliases attachments audio author authors categories category \
    comment_count comment_url comments comments_count comments_url cover cover_image created \
    created_at date date_modified description dir direction duration enclosure enclosures \
    exclude_related excerpt excerpt_separator expire expires expiry_date expirydate explicit extra \
    feature_image featured_image guid hero hero_image id image image_alt images keywords lang \
    language last_modified_at lastmod locale modified og_image params path permalink pubdate \
    podcast publish publish_date publishdate redirect_from related related_exclude rtl series slug \
    summary summary_only tag tags taxonomies thumbnail title updated updated_at url";

/// Keys of other programs that are near to one of ours by chance.
const FOREIGN: [&str; 7] = ["craft", "data", "late", "math", "publisher", "rate", "tabs"];

/// Warns of keys that look misspelt; refuses the post for one that would have withheld it.
pub(super) fn check(table: &Table, warnings: &mut Vec<Fault>) -> Result<(), Fault> {
    for key in table.keys() {
        let is_read = WITHHOLDING.contains(&key) || READ.split(' ').any(|known| known == key);
        let is_ours = is_read || FOREIGN.contains(&key);
        let Some((meant, withholds)) = (!is_ours).then(|| meant(key)).flatten() else { continue };
        let fault = Fault::new(
            table.line_of(key),
            format!("there is no key \"{key}\"; did you mean \"{meant}\"?"),
        );
        if withholds {
            return Err(fault);
        }
        warnings.push(fault);
    }
    Ok(())
}

/// The key that was meant, and whether it withholds a post.
fn meant(key: &str) -> Option<(&'static str, bool)> {
    let bare = key.strip_prefix("is_").unwrap_or(key);
    let is_near = |known: &&str| {
        let reach = if known.len() < 8 { 1 } else { 2 };
        known.len() > 3 && strsim::osa_distance(bare, known) <= reach
    };
    let withholding = WITHHOLDING.into_iter().find(is_near).map(|known| (known, true));
    withholding.or_else(|| READ.split(' ').find(is_near).map(|known| (known, false)))
}
