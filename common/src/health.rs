//! `--health`: whether the server on this machine's PORT answers. What a container's health check runs, where there is no shell.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::settings::Settings;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks for `/healthz`.
///
/// # Errors
/// One sentence where nothing answers, or anything but 200.
pub(crate) fn check(settings: &Settings) -> Result<()> {
    let (host, port) = (settings.host.as_str(), settings.port);
    let silent = |cause: &dyn std::fmt::Display| Error::internal(format!("nothing healthy on {host}:{port}: {cause}"));
    let mut addresses = (host, port).to_socket_addrs().map_err(|cause| silent(&cause))?;
    let address = near(addresses.next().ok_or_else(|| silent(&"no such host"))?);
    let asked = || -> std::io::Result<String> {
        let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        connection.write_all(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        // "HTTP/1.x 200"
        let mut head = [0; 12];
        connection.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    match asked() {
        Ok(head) if head.starts_with("HTTP/1.") && head.ends_with(" 200") => Ok(()),
        Ok(head) => Err(silent(&format_args!("it says {head:?}"))),
        Err(cause) => Err(silent(&cause)),
    }
}

/// Listened on, some addresses mean all of this machine's; asked is one.
fn near(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
