//! Transport: where letters go. A relay over SMTP, a folder of `.eml` files, or memory.
//!
//! All three keep the same promise as [`Session`]: `offer` hands nothing over, `finish` does, and
//! `hear` says whether it is certain. In a folder the letter is written and synced under another
//! name first and gets its own by one rename, so that a name ending in `.eml` always stands for
//! a whole letter, and the same letter sent twice is one file.
//!
//! It does not judge and does not retry. A folder that cannot be written reads as a lost
//! connection, with the path and the reason.

use std::{
    fs, io,
    io::Write as _,
    path::{Component, Path, PathBuf},
};

pub use super::memory::{Answer, Memory};
use super::{
    attempt::{Completion, Envelope, Failure, Phase},
    smtp::{Relay, Riding, Session},
};
use crate::domain::delivery::Reply;

/// A finished letter with its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// From whom to whom.
    pub envelope: Envelope,
    /// What it is called in a folder, without `.eml`: `instant-a-post/ada@example.net`.
    pub name: String,
    /// RFC 5322 octets, lines ended by CRLF.
    pub message: Vec<u8>,
}

/// Where letters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A folder; each letter becomes a file.
    Eml(PathBuf),
    /// A relay.
    Smtp(Relay),
    /// Nowhere: kept for a test to look at.
    Memory(Memory),
}

impl Transport {
    /// A connection for letters, one after another.
    pub async fn connect(&self) -> Result<Connection, Failure> {
        Ok(Connection(match self {
            Self::Eml(folder) => Way::Eml(Folder { root: folder.clone(), waiting: None }),
            Self::Smtp(relay) => Way::Smtp(Box::new(Session::connect(relay).await?)),
            Self::Memory(memory) => {
                memory.connect()?;
                Way::Memory(memory.clone(), None)
            }
        }))
    }

    /// Whether letters stay on this machine as far as we can tell: reserved domains may then be
    /// written to.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Smtp(relay) => relay.is_loopback(),
            Self::Eml(_) | Self::Memory(_) => true,
        }
    }
}

/// A connection on which letters go, one after another.
pub struct Connection(Way);

enum Way {
    Eml(Folder),
    Smtp(Box<Session>),
    Memory(Memory, Option<Outgoing>),
}

/// What is waited for after a letter was finished.
pub struct Pending(Wait);

enum Wait {
    Reply(Riding),
    Nothing(Completion),
}

impl Connection {
    /// Everything but the hand-over itself: a failure means that nothing was taken.
    pub async fn offer(&mut self, letter: &Outgoing) -> Result<(), Failure> {
        match &mut self.0 {
            Way::Eml(folder) => folder.offer(letter).await,
            Way::Smtp(session) => session.offer(&letter.envelope, &letter.message).await,
            Way::Memory(memory, waiting) => {
                memory.offer(letter)?;
                *waiting = Some(letter.clone());
                Ok(())
            }
        }
    }

    /// The rest of an offer whose envelope rode behind the letter before.
    pub async fn fill(&mut self, letter: &Outgoing) -> Result<(), Failure> {
        match &mut self.0 {
            Way::Smtp(session) => session.fill(&letter.message).await,
            Way::Eml(_) | Way::Memory(..) => self.offer(letter).await,
        }
    }

    /// Hands over what was offered; the envelope of `next` may ride behind it.
    pub async fn finish(&mut self, next: Option<&Outgoing>) -> Pending {
        Pending(match &mut self.0 {
            Way::Eml(folder) => Wait::Nothing(folder.complete().await),
            Way::Smtp(session) => {
                let next = next.map(|letter| (&letter.envelope, letter.message.as_slice()));
                session.finish(next).await.map_or_else(Wait::Nothing, Wait::Reply)
            }
            Way::Memory(memory, waiting) => Wait::Nothing(memory.complete(waiting.take())),
        })
    }

    /// How the hand-over ended, and whether the text of the letter behind it may follow; `None`:
    /// nothing of it was sent.
    pub async fn hear(&mut self, pending: Pending) -> (Completion, Option<Result<(), Failure>>) {
        match (&mut self.0, pending.0) {
            (_, Wait::Nothing(completion)) => (completion, None),
            (Way::Smtp(session), Wait::Reply(riding)) => session.hear(riding).await,
            (_, Wait::Reply(_)) => {
                let why = "no letter had been offered";
                (Completion::NotSent(Failure::without_reply(Phase::Body, why)), None)
            }
        }
    }

    /// Ends the connection in good order.
    pub async fn close(self) {
        if let Way::Smtp(session) = self.0 {
            session.quit().await;
        }
    }

    /// Ends the connection and takes back what was offered and not completed.
    pub async fn abandon(self) {
        if let Way::Smtp(session) = self.0 {
            session.abandon().await;
        }
    }

    /// Whether another letter may be offered.
    pub fn is_usable(&self) -> bool {
        match &self.0 {
            Way::Eml(folder) => !folder.broken(),
            Way::Smtp(session) => session.is_usable(),
            Way::Memory(memory, _) => !memory.book().hung_up,
        }
    }
}

/// A folder of letters, and the one that waits for its name.
struct Folder {
    root: PathBuf,
    waiting: Option<Result<Waiting, ()>>,
}

struct Waiting {
    file: tempfile::TempPath,
    target: PathBuf,
}

impl Folder {
    const fn broken(&self) -> bool {
        matches!(self.waiting, Some(Err(())))
    }

    async fn offer(&mut self, letter: &Outgoing) -> Result<(), Failure> {
        self.waiting = Some(Err(()));
        let target = self.root.join(relative(&letter.name));
        let (path, message) = (target.clone(), letter.message.clone());
        let written = blocking(move || write_beside(&path, &message)).await;
        match written {
            Ok(file) => {
                self.waiting = Some(Ok(Waiting { file, target }));
                Ok(())
            }
            Err(error) => Err(unwritable(&target, &error)),
        }
    }

    async fn complete(&mut self) -> Completion {
        let Some(Ok(Waiting { file, target })) = self.waiting.take() else {
            let why = "no letter had been offered";
            return Completion::NotSent(Failure::without_reply(Phase::Body, why));
        };
        let path = target.clone();
        let renamed = blocking(move || file.persist(&path).map_err(|error| error.error)).await;
        if let Err(error) = renamed {
            self.waiting = Some(Err(()));
            return Completion::NotSent(unwritable(&target, &error));
        }
        let path = target.clone();
        match blocking(move || sync_folder(&path)).await {
            Ok(()) => Completion::Replied(Reply::new(250, "2.0.0 written to a file")),
            Err(error) => Completion::Lost(unwritable(&target, &error).text),
        }
    }
}

/// The file of that name under the folder; parts that would lead out of it lead nowhere.
fn relative(name: &str) -> PathBuf {
    let parts = Path::new(name).components().filter_map(|part| match part {
        Component::Normal(part) => Some(part),
        _ => None,
    });
    let mut path: PathBuf = parts.collect();
    let mut last = path.file_name().map_or_else(|| "letter".into(), std::ffi::OsStr::to_os_string);
    last.push(".eml");
    path.set_file_name(last);
    path
}

fn write_beside(target: &Path, message: &[u8]) -> io::Result<tempfile::TempPath> {
    let folder = target.parent().unwrap_or(target);
    if !folder.is_dir() {
        fs::create_dir_all(folder)?;
        sync_folder(folder)?;
    }
    let mut file = tempfile::Builder::new().prefix(".letter-").tempfile_in(folder)?;
    file.write_all(message)?;
    file.as_file().sync_all()?;
    Ok(file.into_temp_path())
}

fn sync_folder(target: &Path) -> io::Result<()> {
    fs::File::open(target.parent().unwrap_or(target))?.sync_all()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn unwritable(target: &Path, error: &io::Error) -> Failure {
    let folder = target.parent().unwrap_or(target).display();
    let why = format!("cannot write a letter into {folder}: {error}; check space and permissions");
    Failure::without_reply(Phase::Connect, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(name: &str, message: &str) -> Outgoing {
        let from = "news@blog.example".parse().unwrap();
        let to = "ada@example.net".parse().unwrap();
        let envelope = Envelope { from, to, id: String::new() };
        Outgoing { envelope, name: name.to_owned(), message: message.into() }
    }

    async fn completed(connection: &mut Connection) -> Completion {
        let pending = connection.finish(None).await;
        connection.hear(pending).await.0
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_file_has_its_name_only_when_it_is_whole() {
        let root = tempfile::tempdir().unwrap();
        let transport = Transport::Eml(root.path().join("outbox"));
        let folder = root.path().join("outbox/instant-a-post");
        let mut connection = transport.connect().await.unwrap();
        for text in ["one\r\n", "two\r\n"] {
            let letter = letter("instant-a-post/ada@example.net", text);
            connection.offer(&letter).await.unwrap();
            assert!(names(&folder).iter().any(|name| name.starts_with(".letter-")));
            assert!(
                matches!(completed(&mut connection).await, Completion::Replied(r) if r.code == 250)
            );
            assert_eq!(names(&folder), ["ada@example.net.eml"]);
            let written = fs::read_to_string(folder.join("ada@example.net.eml")).unwrap();
            assert_eq!(written, text);
        }
        connection.offer(&letter("instant-a-post/bob@example.net", "three")).await.unwrap();
        connection.abandon().await;
        assert_eq!(names(&folder), ["ada@example.net.eml"]);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for (name, path) in [
            ("a/b@example.net", "a/b@example.net.eml"),
            ("../../etc/passwd", "etc/passwd.eml"),
            ("/etc/x", "etc/x.eml"),
            ("a/./b", "a/b.eml"),
            ("..", "letter.eml"),
            ("", "letter.eml"),
        ] {
            assert_eq!(relative(name), Path::new(path), "{name}");
        }
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_named() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("outbox");
        fs::write(&file, "no folder").unwrap();
        let mut connection = Transport::Eml(file).connect().await.unwrap();
        let failure = connection.offer(&letter("a/b", "x")).await.unwrap_err();
        assert!(failure.text.contains("outbox"), "{failure}");
        assert!(failure.is_lost() && !connection.is_usable());
    }

    #[tokio::test]
    async fn memory_answers_as_laid_out() {
        let memory = Memory::default();
        let refusal = Failure::refused(Phase::Recipient, Reply::new(550, "5.1.1 no"));
        let lost = Completion::Lost("gone".to_owned());
        memory.answer("ada@example.net", Answer::Refuse(refusal.clone()));
        memory.answer("ada@example.net", Answer::Complete(lost.clone()));
        let mut connection = Transport::Memory(memory.clone()).connect().await.unwrap();
        let letter = letter("a/b", "x");
        assert_eq!(connection.offer(&letter).await, Err(refusal));
        connection.offer(&letter).await.unwrap();
        assert_eq!(completed(&mut connection).await, lost);
        assert!(memory.taken().is_empty());
        connection.offer(&letter).await.unwrap();
        assert!(matches!(completed(&mut connection).await, Completion::Replied(_)));
        assert_eq!(memory.taken(), [letter]);
    }
}
