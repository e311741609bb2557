//! A connection to a server far away: replies arrive so much later than they left, however many
//! are on their way. What the client sends arrives at once, so that the delay is a round trip.

use std::{pin::Pin, time::Duration};

use tokio::{
    io::{self, AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf},
    net::{TcpStream, tcp::OwnedWriteHalf},
    sync::mpsc,
    time::Sleep,
};

/// Octets on their way in one piece.
const PIECE: usize = 64 * 1024;
/// Pieces on their way.
const PIECES: usize = 1024;

/// Octets, and when they arrive.
type Piece = (Pin<Box<Sleep>>, Vec<u8>);

/// The far end of `stream`.
pub(super) fn away(stream: TcpStream, delay: Duration) -> DuplexStream {
    let (far, near) = io::duplex(PIECE);
    let (mut commands, socket) = stream.into_split();
    let (replies, mut to_server) = io::split(near);
    let (sender, pieces) = mpsc::channel(PIECES);
    // Each ends when one of its two sides is gone, which is what a connection is.
    tokio::spawn(async move {
        let _ = io::copy(&mut commands, &mut to_server).await;
        let _ = to_server.shutdown().await;
    });
    tokio::spawn(depart(replies, sender, delay));
    tokio::spawn(arrive(socket, pieces));
    far
}

async fn depart(mut replies: ReadHalf<DuplexStream>, way: mpsc::Sender<Piece>, delay: Duration) {
    let mut buffer = vec![0; PIECE];
    while let Ok(count @ 1..) = replies.read(&mut buffer).await {
        let piece = (Box::pin(tokio::time::sleep(delay)), buffer[..count].to_vec());
        if way.send(piece).await.is_err() {
            break;
        }
    }
}

async fn arrive(mut socket: OwnedWriteHalf, mut way: mpsc::Receiver<Piece>) {
    while let Some((due, octets)) = way.recv().await {
        due.await;
        if socket.write_all(&octets).await.is_err() {
            break;
        }
    }
}
