//! The stop: how a run is told to finish what is in flight and end.
//!
//! SIGTERM and SIGINT are asked for once, before anything is done; from then on they never end
//! the process by themselves.

use std::io;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// A stop that comes with SIGTERM or SIGINT.
pub fn on_signal() -> io::Result<watch::Receiver<bool>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stopper, stop) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: what is in flight is finished first");
        let _ = stopper.send(true);
        stopper.closed().await;
    });
    Ok(stop)
}

/// A stop that never comes.
pub fn never_stops() -> watch::Receiver<bool> {
    watch::channel(false).1
}
