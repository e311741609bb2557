//! `popularity import`, `popularity report` and `popularity scores`.

mod files;
mod report;
mod scores;

use std::path::Path;

use super::{PopularityVerb, Refusal};
use crate::{service::site::Site, time::parse_day};

/// Does what the verb says.
pub(super) async fn popularity(root: &Path, verb: PopularityVerb) -> Result<u8, Refusal> {
    match verb {
        PopularityVerb::Import { files, day, json } => {
            let day = day.map(|text| {
                let why = || Refusal::wrong_usage(format!("\"{text}\" is no day like 2026-11-24"));
                parse_day(&text).ok_or_else(why)
            });
            files::import(&Site::read(root)?, files, day.transpose()?, json).await
        }
        PopularityVerb::Report { days, json } => {
            report::report(&Site::read(root)?, days, json).await
        }
        PopularityVerb::Scores { daily, published, half_life, json } => {
            scores::scores(&daily, &published, half_life, json)
        }
    }
}
