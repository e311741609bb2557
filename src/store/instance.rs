//! Which ledger this is, and whether it is still the one that ran last: a copy, or a snapshot
//! that was put back, must not send what the original has sent.
//!
//! Two things are kept and compared. *Home*: where the ledger lives, written into the ledger
//! itself. For a file that is its inode and time of birth, which no copy has; for PostgreSQL the
//! cluster's identity, its timeline (a new one begins with each restore to a point in time and
//! each failover) and the database. *Epoch*: a number that grows before and after letters are
//! sent, in the ledger and then in a mark, a small file beside it. A ledger behind its mark is
//! older than what ran.
//!
//! A ledger that differs is held: nothing of it is leased until the operator adopts it
//! ([`Store::adopt`]), and then its unfinished issues are held one by one.
//!
//! What cannot be told: a whole machine put back with ledger and mark, and a snapshot that was
//! taken while letters were going out, put back after a crash of that very run.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{Error, Store, dialect::Dialect, location::Location, statement::sql};
use crate::time::Timestamp;

/// What the ledger says of itself.
struct Said {
    instance: String,
    epoch: i64,
    home: Option<String>,
    held: Option<String>,
}

/// What the file beside it says of the last run.
struct Mark {
    instance: String,
    epoch: i64,
}

impl Store {
    /// Why the ledger is held, if it is; looks whether it is the one that ran last, and holds it
    /// if not. `mark` is where the mark stands.
    pub async fn check_instance(&self, mark: &Path) -> Result<Option<String>, Error> {
        // The mark first: it is written after the ledger, so that another process which moves
        // both on meanwhile can only leave the ledger ahead.
        let last = self.read_mark(mark)?;
        let (said, here) = (self.said().await?, self.home().await?);
        if said.held.is_some() {
            return Ok(said.held);
        }
        let Some(why) = doubt(&said, &here, last.as_ref(), self.is_shared()) else {
            return Ok(None);
        };
        sql("update ledger set held_because = $1").bind(&why).run(self.writing()).await?;
        Ok(Some(why))
    }

    /// Moves the epoch on, in the ledger and then in the mark. To be called before and after
    /// letters are sent.
    pub async fn advance_epoch(&self, mark: &Path) -> Result<(), Error> {
        let home = self.home().await?;
        let advance =
            sql("update ledger set epoch = epoch + 1, home = $1 where held_because is null \
             returning instance, epoch");
        let moved: Option<(String, i64)> = advance.bind(home).row(self.writing()).await?;
        match moved {
            Some((instance, epoch)) => self.write_mark(mark, &Mark { instance, epoch }),
            None => Ok(()),
        }
    }

    /// Why the ledger is held, as it was found last.
    pub async fn held_because(&self) -> Result<Option<String>, Error> {
        Ok(self.said().await?.held)
    }

    /// Takes the ledger, wherever it came from, as the one that counts from now on. Its
    /// unfinished issues are held, since letters of them may have gone out elsewhere; returns
    /// how many. What was published up to `now` and is opened later is for opening to hold
    /// (`outbox::eligible::Guard`).
    pub async fn adopt(&self, mark: &Path, now: Timestamp) -> Result<u64, Error> {
        let (said, last) = (self.said().await?, self.read_mark(mark)?);
        let ours = last.filter(|last| last.instance == said.instance);
        let epoch = said.epoch.max(ours.map_or(0, |last| last.epoch)) + 1;
        let home = self.home().await?;
        let mut open = self.begin().await?;
        let hold = sql(
            "update issues set state = 'held', note = 'the ledger was adopted: letters of this \
             issue may have been sent by the ledger it was copied from' \
             where state in ('opening', 'sending')",
        );
        let held = hold.run(open.at()).await?;
        sql("update ledger set epoch = $1, home = $2, held_because = null, adopted_at = $3")
            .bind(epoch)
            .bind(home)
            .bind(now)
            .run(open.at())
            .await?;
        open.commit().await?;
        self.write_mark(mark, &Mark { instance: said.instance, epoch })?;
        Ok(held)
    }

    /// Notes that the ledger takes the place of another one from `now` on.
    pub async fn note_adoption(&self, now: Timestamp) -> Result<(), Error> {
        let note = sql("update ledger set adopted_at = $1").bind(now);
        note.run(self.writing()).await?;
        Ok(())
    }

    async fn said(&self) -> Result<Said, Error> {
        let read = sql("select instance, epoch, home, held_because from ledger");
        let (instance, epoch, home, held) = read.one(self.reading()).await?;
        Ok(Said { instance, epoch, home, held })
    }

    /// Where the ledger lives, in words that no copy shares.
    async fn home(&self) -> Result<String, Error> {
        if let Location::File(path) = &self.location {
            return file_home(path).map_err(|why| self.unwritable(path, &why));
        }
        debug_assert!(self.database.dialect() == Dialect::Postgres);
        let read = sql(
            "select s.system_identifier::text || '/' || c.timeline_id::text || '/' || d.oid::text \
             from pg_control_system() s, pg_control_checkpoint() c, pg_database d \
             where d.datname = current_database()",
        );
        let (home,) = read.one(self.reading()).await?;
        Ok(home)
    }

    fn read_mark(&self, path: &Path) -> Result<Option<Mark>, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(self.unwritable(path, &why)),
        };
        let mut words = text.split_whitespace();
        let mark = words.next().zip(words.next().and_then(|word| word.parse().ok()));
        // A mark that cannot be read is one that says nothing of this ledger.
        let (instance, epoch) = mark.unwrap_or(("damaged", i64::MAX));
        Ok(Some(Mark { instance: instance.to_owned(), epoch }))
    }

    /// Written beside, synced and renamed: the mark is whole at any moment.
    fn write_mark(&self, path: &Path, mark: &Mark) -> Result<(), Error> {
        let write = || {
            let folder = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
            fs::create_dir_all(&folder)?;
            let beside = path.with_extension(format!("instance.{}", std::process::id()));
            let mut file = fs::File::create(&beside)?;
            writeln!(file, "{} {}", mark.instance, mark.epoch)?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            fs::File::open(folder)?.sync_all()
        };
        write().map_err(|why: std::io::Error| self.unwritable(path, &why))
    }

    fn unwritable(&self, path: &Path, why: &std::io::Error) -> Error {
        Error::Unwritable { path: path.display().to_string(), why: why.to_string() }
    }
}

/// Not every file system knows when a file was born; the inode alone is much better than
/// nothing.
fn file_home(path: &Path) -> std::io::Result<String> {
    use std::os::unix::fs::MetadataExt as _;
    let file = fs::metadata(path)?;
    let born = file.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    Ok(format!("{}/{}", file.ino(), born.map_or(0, |born| born.as_nanos())))
}

/// Why a ledger may not be the one that ran last.
fn doubt(said: &Said, here: &str, last: Option<&Mark>, is_shared: bool) -> Option<String> {
    let ours = last.filter(|last| last.instance == said.instance);
    if let Some(last) = ours.filter(|last| last.epoch > said.epoch) {
        return Some(format!(
            "it is older than what ran last (it is at {}, the last run was at {}): a backup or \
             snapshot was put back",
            said.epoch, last.epoch
        ));
    }
    if said.epoch == 0 {
        return None;
    }
    if said.home.as_deref().is_some_and(|home| home != here) {
        return Some(
            "it is not where it last ran: it was copied, moved, restored or failed over".to_owned(),
        );
    }
    match last {
        // A machine that joins others has no mark yet.
        None if is_shared => None,
        None => Some("the mark of its last run is missing: it may be a copy".to_owned()),
        Some(_) if ours.is_none() => Some(
            "the mark beside it is that of another ledger: one of the two was put here".to_owned(),
        ),
        Some(_) => None,
    }
}
