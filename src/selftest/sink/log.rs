//! The log of letters that were taken: one line each, on disk before the sender is told.
//!
//! It promises that [`Log::write`] returns after the lines are synced (`fdatasync`). Lines of
//! several connections that wait together share one sync. A line is: microseconds since 1970,
//! Message-ID, recipient, separated by tabs. What cannot be written is not acknowledged: the
//! sink then closes the connection, as a server without a disk must.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
};

use tokio::sync::oneshot;

type Entry = (Vec<u8>, oneshot::Sender<()>);

/// A handle to the log; its thread ends when the last one is dropped.
#[derive(Clone, Debug)]
pub(super) struct Log(Sender<Entry>);

impl Log {
    /// Begins an empty log at `path`.
    pub(super) fn create(path: &Path) -> std::io::Result<Self> {
        let file = File::create(path)?;
        let (sender, receiver) = channel();
        std::thread::Builder::new().name("sink-log".to_owned()).spawn(move || {
            keep(file, &receiver);
        })?;
        Ok(Self(sender))
    }

    /// Puts lines on disk; `false`: they are not there.
    pub(super) async fn write(&self, lines: Vec<u8>) -> bool {
        let (done, written) = oneshot::channel();
        self.0.send((lines, done)).is_ok() && written.await.is_ok()
    }
}

fn keep(mut file: File, entries: &Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        let mut waiting = vec![first];
        waiting.extend(entries.try_iter());
        let lines: Vec<u8> = waiting.iter().flat_map(|(lines, _)| lines).copied().collect();
        if file.write_all(&lines).and_then(|()| file.sync_data()).is_err() {
            return;
        }
        for (_, done) in waiting {
            // A connection that broke meanwhile asks no more; its letter was taken all the same.
            let _ = done.send(());
        }
    }
}
