//! Signals: SIGTERM, SIGINT and SIGHUP ask a run to stop; what is in flight is finished first.
//!
//! They are asked for once, before anything is done; from then on they never end the process by
//! themselves. The service takes SIGHUP for something else.

use std::io;

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// Becomes true when a signal asks the process to stop.
pub fn stop() -> io::Result<watch::Receiver<bool>> {
    on(vec![
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    ])
}

/// The same but for SIGHUP.
pub fn stop_but_hang_up() -> io::Result<watch::Receiver<bool>> {
    on(vec![signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?])
}

fn on(signals: Vec<Signal>) -> io::Result<watch::Receiver<bool>> {
    let (stopper, stop) = watch::channel(false);
    for mut signal in signals {
        let stopper = stopper.clone();
        tokio::spawn(async move {
            signal.recv().await;
            tracing::info!("stopping: what is in flight is finished first");
            let _ = stopper.send(true);
            stopper.closed().await;
        });
    }
    Ok(stop)
}

/// A stop that never comes.
pub fn never_stops() -> watch::Receiver<bool> {
    watch::channel(false).1
}
