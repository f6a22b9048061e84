//! The HTTP door: HTTP/1.1 and h2c on one port, bounded in connections and patience, drained on SIGTERM.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::service::Peer;

/// What one server holds of its clients.
#[derive(Clone, Copy)]
struct Bounds {
    /// Connections held at a time; more wait in the system's backlog.
    connections: usize,
    /// How long a client may take to send a request's head, and lies idle between two.
    head: Duration,
}

const BOUNDS: Bounds = Bounds { connections: 1024, head: Duration::from_secs(30) };

/// How long what was sent may stay unread before the system ends the connection (RFC 5482).
const UNREAD: Duration = Duration::from_secs(60);

/// Serves until SIGTERM or SIGINT, then lets running requests end, `patience` long at most.
/// `ending` is called when that begins.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Duration,
    ending: impl FnOnce(),
) -> Result<()> {
    serve_within(BOUNDS, listener, router, patience, ending).await
}

async fn serve_within(
    bounds: Bounds,
    listener: TcpListener,
    router: Router,
    patience: Duration,
    ending: impl FnOnce(),
) -> Result<()> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(bounds.head).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(bounds.head)
        .max_concurrent_streams(64)
        .max_header_list_size(64 << 10)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    let mut terminated = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    let open = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(bounds.connections));
    loop {
        let accepted = tokio::select! {
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        // A client that left while it was accepted, or no more file handles: the next one is tried after a breath.
        let Ok((stream, peer, place)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Answers are written whole: waiting for more to send only delays them.
        _ = stream.set_nodelay(true);
        // Who reads nothing would keep an answer in memory for good.
        _ = SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD));
        let (inner, asked) = (TowerToHyperService::new(router.clone()), Arc::<AtomicBool>::default());
        let seen = asked.clone();
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            seen.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(Peer(peer));
            inner.call(request)
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = open.watch(connection);
        tokio::spawn(async move {
            tokio::pin!(watched);
            // Until a first request tells the protocol there is no other clock than this one.
            let early = tokio::time::timeout(bounds.head, &mut watched).await;
            if early.is_err() && asked.load(Ordering::Relaxed) {
                // A connection fails when its client misbehaves or leaves: nothing of ours to tell.
                _ = watched.await;
            }
            drop(place);
        });
    }
    drop(listener);
    ending();
    // Whoever has not ended by then is cut off.
    _ = tokio::time::timeout(patience, open.shutdown()).await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(tokio::net::TcpStream, IpAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = room.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer.ip(), place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn connections_that_say_nothing_make_room_in_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", axum::routing::get(async || "well"));
        let bounds = Bounds { connections: 3, head: Duration::from_millis(200) };
        tokio::spawn(serve_within(bounds, listener, router, Duration::ZERO, || {}));
        let mut silent = Vec::new();
        for words in [b"".as_slice(), b"PRI", b"GET / HT", b"", b""] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(words).await.unwrap();
            silent.push(stream);
        }
        let answered = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = tokio::time::timeout(Duration::from_secs(10), answered).await.expect("an answer");
        assert!(answer.ends_with("well"), "{answer}");
    }
}
