//! The sink: a mail server that takes letters and keeps none, fast, or hostile where told.
//!
//! It promises that a letter stands in its log, on disk, before it is acknowledged; that memory
//! is bounded whatever a client sends (a fixed buffer a connection; letters are kept only for
//! tests that ask for it); and that many replies leave in one write. It runs on one thread of its
//! own, on loopback, until it is dropped.
//!
//! It offers PIPELINING, SIZE, 8BITMIME, SMTPUTF8, CHUNKING, DSN, ENHANCEDSTATUSCODES, AUTH, and
//! STARTTLS where it has a certificate. It delivers nothing and checks nobody's password.
//!
//! Standards: RFC 5321, 2920 (PIPELINING), 3030 (CHUNKING), 3207 (STARTTLS).

mod acts;
mod far;
mod letter;
mod log;
mod script;
mod talk;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot};
use tokio_rustls::TlsAcceptor;

use log::Log;
pub use script::{Act, Script, draw, moody};
use talk::{Stream, Talk};

/// How a sink behaves; by default it does all right, at once, and keeps nothing.
#[derive(Clone, Default)]
pub struct Options {
    /// Where letters are logged, if anywhere.
    pub log: Option<PathBuf>,
    /// How long a reply is on its way: a round trip to a server far away.
    pub delay: Duration,
    /// What it does wrong.
    pub script: Option<Arc<Script>>,
    /// A certificate, and whether TLS begins at once instead of after STARTTLS.
    pub tls: Option<(TlsAcceptor, bool)>,
    /// Whether commands and letters are kept for [`Sink::seen`].
    pub keeps: bool,
}

/// What a sink that keeps has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Command lines, in order of arrival.
    pub commands: Vec<String>,
    /// Letters taken.
    pub letters: Vec<Letter>,
}

/// A letter as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What stood between the angle brackets of RCPT.
    pub to: String,
    /// Its octets as they came, doubled dots and all.
    pub raw: Vec<u8>,
}

/// A running sink.
pub struct Sink {
    /// Where it listens on loopback.
    pub port: u16,
    server: Arc<Server>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Server {
    options: Options,
    log: Option<Log>,
    taken: AtomicUsize,
    connections: AtomicUsize,
    open: AtomicUsize,
    seen: Mutex<Seen>,
    scripted: Mutex<Option<Arc<Script>>>,
    is_scripted: AtomicBool,
}

impl Sink {
    /// Listens on a free port of loopback.
    pub fn start(options: Options) -> io::Result<Self> {
        Self::listen(0, options)
    }

    /// Listens on that port of loopback; 0: a free one.
    pub fn listen(port: u16, options: Options) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = Arc::new(Server::new(options)?);
        let (stop, stopped) = oneshot::channel::<()>();
        let ours = server.clone();
        let thread = std::thread::Builder::new().name("sink".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = ours.accept(listener) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { port, server, stop: Some(stop), thread: Some(thread) })
    }

    /// Letters taken so far.
    pub fn taken(&self) -> usize {
        self.server.taken.load(Ordering::SeqCst)
    }

    /// Connections made so far.
    pub fn connections(&self) -> usize {
        self.server.connections.load(Ordering::SeqCst)
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.server.open.load(Ordering::SeqCst)
    }

    /// What was seen so far, where it is kept.
    pub fn seen(&self) -> Seen {
        self.server.seen().clone()
    }

    /// Behaves otherwise from now on.
    pub fn turn(&self, script: Option<Arc<Script>>) {
        self.server.turn(script);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to tell.
            let _ = thread.join();
        }
    }
}

impl Server {
    fn new(options: Options) -> io::Result<Self> {
        let log = options.log.as_deref().map(Log::create).transpose()?;
        let server = Self {
            log,
            taken: AtomicUsize::default(),
            connections: AtomicUsize::default(),
            open: AtomicUsize::default(),
            seen: Mutex::default(),
            scripted: Mutex::default(),
            is_scripted: AtomicBool::default(),
            options,
        };
        server.turn(server.options.script.clone());
        Ok(server)
    }

    async fn accept(self: Arc<Self>, listener: std::net::TcpListener) {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "the sink cannot listen"),
        };
        while let Ok((stream, _)) = listener.accept().await {
            let server = self.clone();
            let number = server.connections.fetch_add(1, Ordering::SeqCst) + 1;
            server.open.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                // A connection that breaks is what many a test is about.
                let _ = stream.set_nodelay(true);
                let stream: Box<dyn Stream> = match server.options.delay {
                    Duration::ZERO => Box::new(stream),
                    delay => Box::new(far::away(stream, delay)),
                };
                let _ = Talk::new(&server, number, stream).run().await;
                server.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    fn turn(&self, script: Option<Arc<Script>>) {
        self.is_scripted.store(script.is_some(), Ordering::SeqCst);
        *self.scripted.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }

    /// What the script wants for an event.
    fn act(&self, event: &str, number: usize) -> Option<Act> {
        if !self.is_scripted.load(Ordering::SeqCst) {
            return None;
        }
        let script = self.scripted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        script.and_then(|script| script(event, number))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
