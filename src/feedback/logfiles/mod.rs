//! Log files: the lines of an access log, plain or gzip, from any place on.
//!
//! It promises that memory stays as it is however long a line is ([`Piece::TooLong`]), and that a
//! log is recognised wherever rotation puts it: renamed, copied and truncated, or compressed. It is
//! known by its first lines ([`Head`]): by their lengths and times and by nothing else, so that
//! what is written down about it tells of nobody. Places count the octets of the text, compressed
//! or not.
//!
//! Gzip data that is damaged or ends too early (it is still being written) is read as far as it
//! goes; [`LogFile::fault`] tells. A file that the system does not let us read is an [`Error`].

pub mod pattern;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use memchr::memchr;
use sha2::{Digest as _, Sha256};

use super::accesslog::{Line, Times};

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot read the log {path}: {why}; let postrider's user read it (on many systems: group adm)"
)]
pub struct Error {
    /// The file.
    pub path: String,
    /// What the system said.
    pub why: io::Error,
}

/// No line of a log is longer than this.
const LONGEST: usize = 256 * 1024;

/// By how many lines a log is known, and in how much text they are looked for.
const LINES: usize = 16;
const HEAD: usize = 64 * 1024;

/// By what a log is known, and when it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its names: after one line, after two, and so on.
    pub names: Vec<String>,
    /// The first time that can be read, in seconds since 1970.
    pub begins: Option<i64>,
}

impl Head {
    /// The name of the log by those of its first lines that stand before the line of that number;
    /// `None` where none does.
    pub fn name(&self, lines: u64) -> Option<&str> {
        let most = usize::try_from(lines).unwrap_or(usize::MAX).min(self.names.len());
        Some(self.names.get(most.checked_sub(1)?)?)
    }
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Without its end.
    Line(&'a [u8]),
    /// One that is too long to be a line.
    TooLong,
}

enum Source {
    Plain(File),
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
}

/// A log that is being read.
pub struct LogFile {
    path: PathBuf,
    source: Source,
    buffer: Vec<u8>,
    /// What of the buffer is still to be given out.
    span: std::ops::Range<usize>,
    /// Where in the text the span begins.
    place: u64,
    /// The place behind the last line that had an end.
    settled: u64,
    is_at_end: bool,
    fault: Option<String>,
}

impl LogFile {
    /// Reads `file`, which stands at `path`, from its beginning.
    pub fn new(path: &Path, mut file: File) -> Result<Self, Error> {
        let mut magic = [0; 2];
        let failed = |why| Error { path: path.display().to_string(), why };
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let is_gzip = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let source = if is_gzip {
            Source::Gzip(Box::new(MultiGzDecoder::new(BufReader::new(file))))
        } else {
            Source::Plain(file)
        };
        let (path, buffer) = (path.to_owned(), vec![0; LONGEST]);
        let (span, place, settled) = (0..0, 0, 0);
        Ok(Self { path, source, buffer, span, place, settled, is_at_end: false, fault: None })
    }

    /// By what it is known; takes nothing away. To be asked before the first line is taken.
    pub fn head(&mut self) -> Result<Head, Error> {
        while self.span.len() < HEAD && !self.is_at_end {
            self.fill()?;
        }
        let (mut head, mut hash, mut times) = (Head::default(), Sha256::new(), Times::default());
        let mut text = self.buffer.get(self.span.clone()).unwrap_or_default();
        while let Some(end) = memchr(b'\n', text) {
            let line = text.get(..end).unwrap_or_default();
            let time = Line::read(ended(line), &mut times).map(|line| line.time);
            head.begins = head.begins.or(time);
            if head.names.len() < LINES {
                hash.update(end.to_le_bytes());
                hash.update(time.unwrap_or(0).to_le_bytes());
                head.names.push(named(head.names.len() + 1, hash.clone()));
            } else if head.begins.is_some() {
                break;
            }
            text = text.get(end + 1..).unwrap_or_default();
        }
        Ok(head)
    }

    /// Goes on at `place`, where a line must begin; otherwise at the beginning. Whether it does.
    pub fn skip_to(&mut self, place: u64) -> Result<bool, Error> {
        let skipped = match &mut self.source {
            Source::Plain(file) => seek(file, place),
            Source::Gzip(decoder) => skip(decoder, place),
        };
        let skipped =
            skipped.map_err(|why| Error { path: self.path.display().to_string(), why })?;
        let is_there = skipped != Skipped::Nothing;
        self.place = if is_there { place } else { 0 };
        (self.settled, self.span) = (self.place, 0..0);
        self.is_at_end = skipped == Skipped::All;
        Ok(is_there)
    }

    /// The next line, and where it begins; `None`: that was all.
    pub fn piece(&mut self) -> Result<Option<(u64, Piece<'_>)>, Error> {
        let (begins, mut is_too_long) = (self.place, false);
        loop {
            let text = self.buffer.get(self.span.clone()).unwrap_or_default();
            let line = match memchr(b'\n', text) {
                Some(end) => end + 1,
                None if self.is_at_end => text.len(),
                None => {
                    // Its beginning is of no use to anybody.
                    if text.len() == LONGEST {
                        is_too_long = true;
                        self.take(LONGEST);
                    }
                    self.fill()?;
                    continue;
                }
            };
            let is_ended = text.get(line.wrapping_sub(1)) == Some(&b'\n');
            let text = self.take(line);
            self.settled = if is_ended { self.place } else { self.settled };
            if text.is_empty() && !is_too_long {
                return Ok(None);
            }
            let text = self.buffer.get(text).unwrap_or_default();
            let text = ended(text.strip_suffix(b"\n").unwrap_or(text));
            return Ok(Some((
                begins,
                if is_too_long { Piece::TooLong } else { Piece::Line(text) },
            )));
        }
    }

    /// Where the next line begins. A last line that lacks its end does not count: it may grow.
    pub const fn settled(&self) -> u64 {
        self.settled
    }

    /// What is wrong with what was read so far.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Takes so many octets out of the span.
    fn take(&mut self, count: usize) -> std::ops::Range<usize> {
        let taken = self.span.start..self.span.start + count;
        self.span.start = taken.end;
        self.place += count as u64;
        taken
    }

    /// Reads on behind the span.
    fn fill(&mut self) -> Result<(), Error> {
        if self.span.start > 0 {
            self.buffer.copy_within(self.span.clone(), 0);
            self.span = 0..self.span.len();
        }
        let free = self.buffer.get_mut(self.span.end..).unwrap_or_default();
        let read = match &mut self.source {
            Source::Plain(file) => file.read(free),
            Source::Gzip(decoder) => decoder.read(free),
        };
        match read {
            Ok(0) => self.is_at_end = !free.is_empty(),
            Ok(count) => self.span.end += count,
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            Err(why) => self.damaged(why)?,
        }
        Ok(())
    }

    /// What is wrong with gzip data is a fault of the file; all else is a failure to read it.
    fn damaged(&mut self, why: io::Error) -> Result<(), Error> {
        let path = self.path.display();
        let wrong = match why.kind() {
            ErrorKind::UnexpectedEof => "ends in the middle of its gzip data",
            ErrorKind::InvalidData | ErrorKind::InvalidInput => "holds damaged gzip data",
            _ => return Err(Error { path: path.to_string(), why }),
        };
        self.fault = Some(format!("{path} {wrong}; it is read as far as it goes"));
        self.is_at_end = true;
        Ok(())
    }
}

/// Without a carriage return.
fn ended(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn named(lines: usize, hash: Sha256) -> String {
    let hash = hash.finalize();
    let digits = hash.iter().take(16).map(|octet| format!("{octet:02x}"));
    format!("{lines}:{}", digits.collect::<String>())
}

/// How far a way to a place led.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Skipped {
    /// No line begins there: back at the beginning.
    Nothing,
    /// To the place.
    There,
    /// To the place, which is the end.
    All,
}

fn seek(file: &mut File, place: u64) -> io::Result<Skipped> {
    let mut before = [0];
    file.seek(SeekFrom::Start(place.saturating_sub(1)))?;
    if place == 0 || (file.read_exact(&mut before).is_ok() && before == *b"\n") {
        file.seek(SeekFrom::Start(place))?;
        return Ok(Skipped::There);
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(Skipped::Nothing)
}

/// The last four octets of gzip data tell how much text it holds: where that is the place, nothing
/// has to be unpacked to know that nothing is left.
fn skip(decoder: &mut MultiGzDecoder<BufReader<File>>, place: u64) -> io::Result<Skipped> {
    let mut size = [0; 4];
    let file = decoder.get_mut().get_mut();
    let end = file.seek(SeekFrom::End(-4)).and_then(|_| file.read_exact(&mut size));
    if end.is_ok() && u64::from(u32::from_le_bytes(size)) == place {
        return Ok(Skipped::All);
    }
    begin_again(decoder)?;
    let skipped = io::copy(&mut decoder.by_ref().take(place), &mut io::sink());
    if skipped.is_ok_and(|skipped| skipped == place) {
        return Ok(Skipped::There);
    }
    begin_again(decoder)?;
    Ok(Skipped::Nothing)
}

fn begin_again(decoder: &mut MultiGzDecoder<BufReader<File>>) -> io::Result<()> {
    let mut file = decoder.get_ref().get_ref().try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    *decoder = MultiGzDecoder::new(BufReader::new(file));
    Ok(())
}
