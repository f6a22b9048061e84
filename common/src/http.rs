//! The HTTP door: HTTP/1.1 and h2c on one port, bounded in connections and patience, drained on SIGTERM.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Connections held at a time; more wait in the system's backlog.
const CONNECTIONS: usize = 1024;

/// How long a client may take to send a request's head, and lies idle between two.
const HEAD: Duration = Duration::from_secs(30);

/// Serves until SIGTERM or SIGINT, then lets running requests end, `patience` long at most.
pub(crate) async fn serve(listener: TcpListener, router: Router, patience: Duration) -> Result<()> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD)
        .max_concurrent_streams(64)
        .max_header_list_size(64 << 10)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    let mut terminated = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    let open = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        // A client that left while it was accepted, or no more file handles: the next one is tried after a breath.
        let Ok((stream, place)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Answers are written whole: waiting for more to send only delays them.
        _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = open.watch(connection);
        tokio::spawn(async move {
            // A connection fails when its client misbehaves or leaves: nothing of ours to tell.
            _ = watched.await;
            drop(place);
        });
    }
    drop(listener);
    // Whoever has not ended by then is cut off.
    _ = tokio::time::timeout(patience, open.shutdown()).await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = room.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}
