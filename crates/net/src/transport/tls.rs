//! libp2p's TLS upgrade with the ciphers in the order of what the CPU does fast.
//!
//! On the wire it is `/tls/1.0.0` as every libp2p speaks it. The stock upgrade offers ChaCha20 first, also where the
//! CPU has AES instructions that are seven times as fast; and a server takes the client's order, so both ends must be
//! told. Which key exchange, certificates and proofs are used is not changed.

use std::net::Ipv4Addr;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use futures::{AsyncRead, AsyncWrite};
use libp2p::PeerId;
use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p_tls::certificate;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::pki_types::ServerName;
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig, SupportedCipherSuite};

use super::records::Records;
use super::verifier::NodeVerifier;
use crate::Identity;

/// Why a connection did not get its encryption.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("the TLS handshake failed")]
    Handshake(#[from] std::io::Error),
    #[error("the peer showed no certificate")]
    NoCertificate,
    #[error("the peer's certificate is not that of a node")]
    Certificate(#[from] certificate::ParseError),
}

/// Why there is no encryption at all.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The certificate could not be made.
    #[error("could not make a certificate")]
    Certificate(#[from] certificate::GenError),
    /// The TLS library refused its configuration.
    #[error("could not configure TLS")]
    Configure(#[from] rustls::Error),
}

/// The upgrade, for both directions.
#[derive(Clone)]
pub(crate) struct Tls {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn new(identity: &Identity) -> Result<Self, TlsSetupError> {
        Self::with_suites(identity, suites(has_aes()))
    }

    fn with_suites(identity: &Identity, suites: Vec<SupportedCipherSuite>) -> Result<Self, TlsSetupError> {
        let (cert, key) = certificate::generate(identity.keypair())?;
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites = suites;
        let key = provider.key_provider.load_private_key(key)?;
        // The usual constructors look into the certificate and stop at the extension that only libp2p knows.
        let cert = Arc::new(SingleCertAndKey::from(CertifiedKey::new(vec![cert], key)));
        let provider = Arc::new(provider);

        let mut client = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(NodeVerifier))
            .with_client_cert_resolver(cert.clone());
        client.alpn_protocols = vec![ALPN.to_vec()];
        // Both sides prove themselves anew on each connection.
        client.resumption = rustls::client::Resumption::disabled();

        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(NodeVerifier))
            .with_cert_resolver(cert);
        server.alpn_protocols = vec![ALPN.to_vec()];
        server.ignore_client_order = true;
        server.send_tls13_tickets = 0;
        server.session_storage = Arc::new(NoServerSessionStorage {});

        Ok(Self { client: Arc::new(client), server: Arc::new(server) })
    }
}

impl UpgradeInfo for Tls {
    type Info = &'static str;
    type InfoIter = std::iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once(PROTOCOL)
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<C> for Tls {
    type Output = (PeerId, Records<C>);
    type Error = TlsError;
    type Future = BoxFuture<'static, Result<Self::Output, TlsError>>;

    fn upgrade_inbound(self, socket: C, _: Self::Info) -> Self::Future {
        async move { authenticated(Records::accept(socket, self.server).await?) }.boxed()
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C> for Tls {
    type Output = (PeerId, Records<C>);
    type Error = TlsError;
    type Future = BoxFuture<'static, Result<Self::Output, TlsError>>;

    fn upgrade_outbound(self, socket: C, _: Self::Info) -> Self::Future {
        // An address as the server's name means that no name is sent.
        let name = ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into());
        async move { authenticated(Records::connect(socket, self.client, name).await?) }.boxed()
    }
}

fn authenticated<C>(records: Records<C>) -> Result<(PeerId, Records<C>), TlsError>
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let cert = records.peer_certificate().ok_or(TlsError::NoCertificate)?;
    Ok((certificate::parse(cert)?.peer_id(), records))
}

/// The three suites of TLS 1.3, the fastest first.
fn suites(has_aes: bool) -> Vec<SupportedCipherSuite> {
    let aes = [cipher_suite::TLS13_AES_128_GCM_SHA256, cipher_suite::TLS13_AES_256_GCM_SHA384];
    let chacha = [cipher_suite::TLS13_CHACHA20_POLY1305_SHA256];
    if has_aes { [&aes[..], &chacha].concat() } else { [&chacha[..], &aes].concat() }
}

/// Whether the CPU encrypts AES-GCM in hardware.
fn has_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

const PROTOCOL: &str = "/tls/1.0.0";
const ALPN: &[u8] = b"libp2p";

#[cfg(test)]
mod tests {
    use futures::{AsyncReadExt, AsyncWriteExt};
    use rustls::CipherSuite;
    use tokio_util::compat::TokioAsyncReadCompatExt;

    use super::*;

    fn tls(seed: u8, has_aes: bool) -> (Identity, Tls) {
        let identity = Identity::from_seed([seed; 32]);
        let tls = Tls::with_suites(&identity, suites(has_aes)).unwrap();
        (identity, tls)
    }

    #[tokio::test]
    async fn the_server_decides_by_its_own_cpu() {
        for (server_has_aes, want) in [
            (true, CipherSuite::TLS13_AES_128_GCM_SHA256),
            (false, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
        ] {
            let ((client_id, client), (server_id, server)) =
                (tls(1, !server_has_aes), tls(2, server_has_aes));
            let (near, far) = tokio::io::duplex(1 << 16);
            let (near, far) = tokio::join!(
                client.upgrade_outbound(near.compat(), PROTOCOL),
                server.upgrade_inbound(far.compat(), PROTOCOL),
            );
            let ((server_seen, near), (client_seen, _)) = (near.unwrap(), far.unwrap());
            assert_eq!((server_seen, client_seen), (server_id.peer_id(), client_id.peer_id()));
            assert_eq!(near.cipher(), Some(want));
        }
    }

    /// Both ends write and read more than any buffer holds, in odd sizes, at the same time.
    #[tokio::test]
    async fn bytes_arrive_as_they_were_sent_in_both_directions() {
        let ((_, client), (_, server)) = (tls(1, true), tls(2, true));
        let (near, far) = tokio::io::duplex(50_000);
        let (near, far) = tokio::join!(
            client.upgrade_outbound(near.compat(), PROTOCOL),
            server.upgrade_inbound(far.compat(), PROTOCOL),
        );
        let (near, far) = (near.unwrap().1, far.unwrap().1);
        let total = 3_000_017;
        let end = |stream: Records<_>, salt: u8| async move {
            let (mut reader, mut writer) = stream.split();
            let byte = |at: usize, salt: u8| (at.wrapping_mul(31) >> 3).to_le_bytes()[0] ^ salt;
            let write = async {
                let bytes: Vec<u8> = (0..total).map(|at| byte(at, salt)).collect();
                for part in bytes.chunks(123_457) {
                    writer.write_all(part).await.unwrap();
                }
                writer.close().await.unwrap();
            };
            let read = async {
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes).await.unwrap();
                assert_eq!(bytes.len(), total);
                assert!(bytes.iter().enumerate().all(|(at, got)| *got == byte(at, 1 - salt)));
            };
            tokio::join!(write, read);
        };
        tokio::join!(end(near, 0), end(far, 1));
    }

    #[tokio::test]
    async fn a_socket_that_ends_without_goodbye_is_an_error() {
        let ((_, client), (_, server)) = (tls(1, true), tls(2, true));
        let (near, far) = tokio::io::duplex(50_000);
        let (near, far) = tokio::join!(
            client.upgrade_outbound(near.compat(), PROTOCOL),
            server.upgrade_inbound(far.compat(), PROTOCOL),
        );
        let (mut near, far) = (near.unwrap().1, far.unwrap().1);
        drop(far);
        let error = near.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    }
}
