//! Who is at the other end of a TLS connection: libp2p's certificate says it, rustls asks here.
//!
//! A node signs its TLS key with its node key and puts both into a self-signed certificate. There is no authority to
//! ask; that the connection ends at the node that was dialled is checked above, where the dialled name is known.

use std::sync::Arc;

use libp2p_tls::certificate::{self, ParseError, VerificationError};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, SignatureScheme};

/// Accepts every peer that proves to hold the key of its certificate.
#[derive(Debug)]
pub(super) struct NodeVerifier;

impl NodeVerifier {
    fn verify(end_entity: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> Result<(), rustls::Error> {
        if !chain.is_empty() {
            return Err(rustls::Error::General("a node shows exactly one certificate".into()));
        }
        certificate::parse(end_entity).map(drop).map_err(unreadable)
    }

    fn verify_signature(
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let cert = certificate::parse(cert).map_err(unreadable)?;
        cert.verify_signature(signed.scheme, message, signed.signature()).map_err(unproven)?;
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for NodeVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Self::verify(end_entity, chain).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Self::verify_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

impl ClientCertVerifier for NodeVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Self::verify(end_entity, chain).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Self::verify_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

fn unreadable(error: ParseError) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

fn unproven(error: VerificationError) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

fn only_tls13() -> rustls::Error {
    rustls::Error::General("nodes speak TLS 1.3 only".into())
}

/// Kinds of keys that a peer of another make may use for TLS; ours use the second.
const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ED25519,
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    #[test]
    fn only_a_single_certificate_signed_by_a_node_is_accepted() {
        let (cert, _) = certificate::generate(Identity::from_seed([1; 32]).keypair()).unwrap();
        assert!(NodeVerifier::verify(&cert, &[]).is_ok());
        assert!(NodeVerifier::verify(&cert, std::slice::from_ref(&cert)).is_err(), "a chain");
        let mut forged = cert.to_vec();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        assert!(NodeVerifier::verify(&CertificateDer::from(forged), &[]).is_err(), "a broken signature");
        assert!(NodeVerifier::verify(&CertificateDer::from(vec![0x30, 0]), &[]).is_err(), "no certificate");
    }
}
