//! Whereto a webhook may lead: out into the world, and never back into the networks that only the house reaches. Pure.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use url::{Host, Url};

/// Networks that are nobody's address on the internet (IANA's registries of special-purpose addresses), of IPv4 all, and of IPv6
/// those within [`GLOBAL`].
const SPECIAL: [&str; 21] = [
    "0.0.0.0/8",         // this network
    "10.0.0.0/8",        // private
    "100.64.0.0/10",     // shared by carriers (CGNAT)
    "127.0.0.0/8",       // this host
    "169.254.0.0/16",    // this link; the metadata of clouds
    "172.16.0.0/12",     // private
    "192.0.0.0/24",      // protocols
    "192.0.2.0/24",      // documentation
    "192.88.99.0/24",    // relays of 6to4
    "192.168.0.0/16",    // private
    "198.18.0.0/15",     // benchmarks
    "198.51.100.0/24",   // documentation
    "203.0.113.0/24",    // documentation
    "224.0.0.0/4",       // multicast
    "240.0.0.0/4",       // reserved, broadcast
    "2001::/23",         // protocols: Teredo, ORCHID, benchmarks
    "2001:db8::/32",     // documentation
    "2002::/16",         // 6to4: carries any IPv4 address
    "2620:4f:8000::/48", // AS112
    "3fff::/20",         // documentation
    "3ffe::/16",         // what was 6bone
];

/// What of IPv6 is given out as addresses on the internet: neither this host nor links, neither private networks nor multicast, nor
/// IPv4 in another form.
const GLOBAL: &str = "2000::/3";

static NETWORKS: LazyLock<(Vec<IpNet>, Option<IpNet>)> =
    LazyLock::new(|| (SPECIAL.iter().filter_map(|network| network.parse().ok()).collect(), GLOBAL.parse().ok()));

/// Whether an address is somebody's on the internet.
pub fn is_public(address: IpAddr) -> bool {
    let (special, global) = &*NETWORKS;
    let address = address.to_canonical();
    let given_out = address.is_ipv4() || global.is_some_and(|global| global.contains(&address));
    given_out && !special.iter().any(|network| network.contains(&address))
}

/// Reads where a webhook leads. With `anywhere`, for development, it may also be plain HTTP and a private address.
///
/// # Errors
/// What is wrong with it, to be read after the name of the field.
pub fn read_url(text: &str, anywhere: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "must be a URL such as https://example.com/webhooks")?;
    if url.scheme() != "https" && !(anywhere && url.scheme() == "http") {
        return Err("must begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a name or a password: check the signature instead");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    match literal(&url) {
        Some(address) if !anywhere && !is_public(address) => Err("must lead to a public address"),
        _ => Ok(url),
    }
}

/// The address that a URL names as such.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_are_networks() {
        assert_eq!((NETWORKS.0.len(), NETWORKS.1.is_some()), (SPECIAL.len(), true));
    }

    #[test]
    fn only_addresses_on_the_internet_are_public() {
        let public =
            ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.255.255", "172.32.0.1", "100.63.0.1", "223.255.255.255", "2606:4700::1111"];
        let private = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        let verdicts = |texts: &[&str]| texts.iter().map(|text| (text.to_string(), is_public(text.parse().unwrap()))).collect::<Vec<_>>();
        assert!(verdicts(&public).iter().all(|(_, public)| *public), "{:?}", verdicts(&public));
        assert!(verdicts(&private).iter().all(|(_, public)| !public), "{:?}", verdicts(&private));
        assert!(is_public("::ffff:1.1.1.1".parse().unwrap()), "an IPv4 address in another form is what it is");
    }

    #[test]
    fn a_url_leads_out_by_https_however_it_is_written() {
        let fine = ["https://example.com/hooks?x=1", "https://example.com:8443/", "https://1.1.1.1/", "https://[2606:4700::1111]/"];
        for text in fine {
            assert!(read_url(text, false).is_ok(), "{text}");
        }
        let wrong = [
            "",
            "example.com",
            "ftp://example.com/",
            "http://example.com/",
            "file:///etc/passwd",
            "https://",
            "https://a:b@example.com/",
            "https://a@example.com/",
            "https://example.com/#x",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://[::1]/",
            "https://[::ffff:7f00:1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://0/",
            "https://10.1.2.3:8080/",
            "https://[fd00:ec2::254]/",
        ];
        for text in wrong {
            assert!(read_url(text, false).is_err(), "{text}");
        }
        assert!(read_url("http://127.0.0.1:8080/", true).is_ok() && read_url("ftp://127.0.0.1/", true).is_err());
    }
}
