//! Telling somebody's server that a job is over: signed, to public addresses alone, three tries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::runtime::hexadecimal;

/// How long one try may take, and the pauses before the second and the third.
const TRY: Duration = Duration::from_secs(10);
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(10)];

/// Who tells.
pub(crate) struct Teller {
    client: Client,
    secret: Option<String>,
    anywhere: bool,
}

impl Teller {
    /// `secret` signs; `anywhere` lets addresses be private and plain HTTP, for tests and closed networks.
    pub(crate) fn new(secret: Option<String>, anywhere: bool) -> Result<Self> {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TRY)
            .connect_timeout(TRY)
            .https_only(!anywhere)
            .user_agent(concat!("darkroom/", env!("CARGO_PKG_VERSION")));
        if !anywhere {
            builder = builder.dns_resolver(std::sync::Arc::new(Public));
        }
        Ok(Self { client: builder.build().map_err(Error::internal)?, secret, anywhere })
    }

    /// Refuses an address that is none to tell at, before a job is begun.
    pub(crate) fn check(&self, address: &str) -> Result<()> {
        let wrong = |why: &str| Error::bad(format!("`webhook` {why}"));
        let url = Url::parse(address).map_err(|_| wrong("is no address; give https://host/path"))?;
        if !self.anywhere && url.scheme() != "https" {
            return Err(wrong("is not https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a name or a password"));
        }
        // A number in any of its spellings has become an address by now (WHATWG URL, 3.5); names are looked up when dialled.
        let Some(host) = url.host_str() else { return Err(wrong("has no host")) };
        let host = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => Some(address),
            Err(_) if host.trim_end_matches('.').eq_ignore_ascii_case("localhost") => None,
            Err(_) => return Ok(()),
        };
        if self.anywhere || host.is_some_and(is_public) { Ok(()) } else { Err(wrong("is a private address")) }
    }

    /// Tells; what came of it is for the log.
    ///
    /// The header `webhook-id` is the same each time that the same job is told of: one may be told of twice where a process
    /// dies in between.
    pub(crate) async fn tell(&self, address: &str, id: &str, body: String) -> Result<(), String> {
        self.check(address).map_err(|wrong| wrong.message().to_owned())?;
        let mut last = String::new();
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            let mut request =
                self.client.post(address).header("content-type", "application/json").header("webhook-id", id);
            if let Some(secret) = &self.secret {
                request = request.header("x-darkroom-signature", signature(secret, now(), &body));
            }
            match request.body(body.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => last = format!("it answered {}", answer.status()),
                Err(cause) => last = cause.without_url().to_string(),
            }
        }
        Err(last)
    }
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA-256 of `SECONDS.BODY`. The time is signed too, so that an old one can't be sent again.
fn signature(secret: &str, seconds: u64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.{body}").as_bytes());
    let digest = hexadecimal(&mac.finalize().into_bytes());
    format!("t={seconds},v1={digest}")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Looks names up and gives public addresses alone: what is dialled is what was checked.
struct Public;

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One private among them is enough: who mixes them means no good.
            if found.is_empty() || !found.iter().all(|one| is_public(one.ip())) {
                return Err("the name leads to a private address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet, by IANA's registries of special-purpose addresses; of those that carry
/// an IPv4 address within them, whether that one is.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let inner = |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    if let Some(inside) = address.to_ipv4() {
        // Mapped and compatible; of the latter ::1 and :: too.
        return is_public_v4(inside);
    }
    match parts {
        // NAT64, the well-known prefix; the local one is nobody's.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        // 6to4.
        [0x2002, high, low, ..] => inner(high, low),
        // Teredo, benchmarks, ORCHID, documentation.
        [0x2001, second, ..] if second < 0x0200 || second == 0x0db8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // ISATAP.
        [_, _, _, _, 0 | 0x0200, 0x5efe, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_spelling() {
        for text in [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::1",
            "::",
            "::10.0.0.1",
            "::ffff:10.0.0.1",
            "2002:0a00:0001::",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2a00::5efe:10.0.0.1",
            "2a00::200:5efe:10.0.0.1",
            "100::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in
            ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2002:0101:0101::", "64:ff9b::1.1.1.1", "100.128.0.1"]
        {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        let teller = Teller::new(None, false).unwrap();
        for address in [
            "http://example.com/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://localhost/",
            "https://LOCALHOST./x",
            "https://[::1]/",
            "https://user:pass@example.com/",
            "ftp://example.com/",
            "https://[::ffff:169.254.169.254]/",
            "file:///etc/passwd",
            "not an address",
        ] {
            assert!(teller.check(address).is_err(), "{address}");
        }
        teller.check("https://example.com/hook?job=1").unwrap();
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_dialled() {
        let told = Public.resolve("localhost".parse().unwrap()).await;
        assert!(told.is_err());
    }

    #[test]
    fn a_signature_holds_the_time_and_the_words() {
        let one = signature("secret", 1_700_000_000, "{}");
        assert!(one.starts_with("t=1700000000,v1=") && one.len() == 16 + 64);
        assert_ne!(one, signature("secret", 1_700_000_001, "{}"));
        assert_ne!(one, signature("other", 1_700_000_000, "{}"));
    }
}
