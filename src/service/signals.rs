//! Signals: SIGTERM, SIGINT and SIGHUP ask a run to stop; what is in flight is finished first.

use std::io;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Becomes true when a signal asks the process to stop.
pub fn stop() -> io::Result<watch::Receiver<bool>> {
    let (stopper, stop) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
        tracing::info!("stopping: what is in flight is finished first");
        let _ = stopper.send(true);
        stopper.closed().await;
    });
    Ok(stop)
}
