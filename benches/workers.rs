//! Workers that share a ledger on PostgreSQL: what a second one adds when the relay is 20 ms
//! away. The cluster is the bench's own, on loopback, as it is installed.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    sync::Arc,
    time::{Duration, Instant},
};

use postrider::{
    service::{Progress, Run, site::Site},
    store::{location::Server, scratch::Scratch},
    time::Clock,
};

use super::{cluster::Cluster, delivery::Far, delivery::smtp, rate, site};

const READERS: usize = 6_000;
const CONNECTIONS: usize = 4;
/// Milliseconds that each reply takes.
const DELAY: u64 = 20;

pub(super) fn workers() {
    let cluster = Cluster::start();
    let one = letters_a_second(&cluster.address(), 1);
    let two = letters_a_second(&cluster.address(), 2);
    rate("two workers / one, 20 ms a reply", two, one, 1.9, "/s");
}

/// So many workers send an issue, from its first letter to its last.
fn letters_a_second(server: &str, count: usize) -> f64 {
    let mut sink = Far::start(DELAY);
    let site = site([3], READERS, &smtp(sink.port, CONNECTIONS, ""));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let schema = format!("workers_{count}");
    let address = Server::new(server, None).expect("an address");
    let scratch = runtime.block_on(Scratch::make(&address, &schema)).expect("a schema");
    let url = format!("{server}?options[search_path]={schema}");
    share(site.path(), &url);
    runtime.block_on(open(site.path()));
    let workers: Vec<Worker> = (0..count).map(|_| Worker::start(site.path())).collect();
    let rate = watch(&mut sink);
    drop(workers);
    runtime.block_on(scratch.remove()).expect("removed");
    rate
}

/// Names the ledger's server in the configuration.
fn share(root: &Path, url: &str) {
    let file = root.join("config/postrider.toml");
    let config = fs::read_to_string(&file).expect("a configuration");
    fs::write(file, format!("[ledger]\nurl = \"{url}\"\n{config}")).expect("written");
}

/// Opens the issue and sends nothing: the run is told to stop before it begins to.
async fn open(root: &Path) {
    let site = Arc::new(Site::read(root).expect("a site"));
    let quiet: Progress = Arc::new(|_| {});
    let (_keep, stop) = tokio::sync::watch::channel(true);
    let mut run =
        Run::begin(site.clone(), "bench", Clock::System, stop, quiet).await.expect("begun");
    let summary = run.pass(site).await.expect("opened");
    run.end().await;
    assert_eq!(summary.letters.waiting, READERS as u64);
}

fn watch(sink: &mut Far) -> f64 {
    let mut begun = None;
    loop {
        let taken = sink.taken();
        if begun.is_none() && taken > 0 {
            begun = Some((Instant::now(), taken));
        }
        if let Some((started, already)) = begun.filter(|_| taken >= READERS) {
            return (READERS - already) as f64 / started.elapsed().as_secs_f64();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A worker; it ends when it is dropped.
struct Worker(Child);

impl Worker {
    fn start(root: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
        let command = command.arg("--root").arg(root).arg("worker").env("RUST_LOG", "error");
        Self(command.spawn().expect("the binary runs"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}
