//! Certificates of which something is let pass, because the caller said so.
//!
//! All that is not waived is checked as always: a signature that is wrong, a name that is another, a time that is over. A
//! certificate that nobody vouches for is still to be of its time, for its use and of its name.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage};

/// What is let pass of a certificate. The default is nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Waivers {
    /// Nobody who is trusted vouches for it.
    pub unknown_authority: bool,
    /// It is meant for another use than serving.
    pub wrong_usage: bool,
    /// It names another host.
    pub wrong_name: bool,
    /// It, or one that vouches for it, is not valid yet, or no longer. There must have been a time at which all were.
    pub out_of_date: bool,
}

/// Times that are tried for certificates that are not of today.
const TIMES_MAX: usize = 8;

impl Waivers {
    /// Whether nothing is waived.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What a client needs for TLS on these terms. Reads the system's certificates, and blocks meanwhile.
    pub(crate) fn into_config(self) -> Result<ClientConfig, rustls::Error> {
        let mut roots = RootCertStore::empty();
        // A machine without any has no authority that is known.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier { waivers: self, roots: roots.roots, provider: Arc::clone(&provider) };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

#[derive(Debug)]
struct Verifier {
    waivers: Waivers,
    roots: Vec<TrustAnchor<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Whether somebody who is trusted vouches for it, at some time that counts.
    fn check_chain(
        &self,
        certificate: &EndEntityCert<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut at = now;
        for _ in 0..TIMES_MAX {
            match self.check_chain_at(certificate, others, at) {
                Err(Error::CertExpired { not_after, .. }) if self.waivers.out_of_date => at = not_after,
                Err(Error::CertNotValidYet { not_before, .. }) if self.waivers.out_of_date => at = not_before,
                // Time and use of the certificate itself are looked at before who vouches for it.
                Err(Error::UnknownIssuer) if self.waivers.unknown_authority => return Ok(()),
                // It vouches for itself, for whatever it is used.
                Err(Error::CaUsedAsEndEntity) if self.waivers.unknown_authority => return Ok(()),
                result => return result,
            }
        }
        Err(Error::InvalidCertValidity)
    }

    fn check_chain_at(
        &self,
        certificate: &EndEntityCert<'_>,
        others: &[CertificateDer<'_>],
        at: UnixTime,
    ) -> Result<(), Error> {
        let algorithms = self.provider.signature_verification_algorithms.all;
        let usage = Usage { any: self.waivers.wrong_usage };
        certificate.verify_for_usage(algorithms, &self.roots, others, at, usage, None, None).map(drop)
    }
}

/// For serving, or for anything.
struct Usage {
    any: bool,
}

impl ExtendedKeyUsageValidator for Usage {
    fn validate(&self, uses: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        match self.any {
            true => uses.into_iter().try_for_each(|usage| usage.map(drop)),
            false => KeyUsage::server_auth().validate(uses),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = EndEntityCert::try_from(end_entity).map_err(refused)?;
        self.check_chain(&certificate, intermediates, now).map_err(refused)?;
        if !self.waivers.wrong_name {
            certificate.verify_is_valid_for_subject_name(server_name).map_err(refused)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// In the words of the TLS library, as far as it has one.
fn refused(error: Error) -> rustls::Error {
    rustls::Error::InvalidCertificate(match error {
        Error::UnknownIssuer => CertificateError::UnknownIssuer,
        Error::CertExpired { .. } => CertificateError::Expired,
        Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
        Error::CertNotValidForName(_) => CertificateError::NotValidForName,
        Error::RequiredEkuNotFoundContext(_) => CertificateError::InvalidPurpose,
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => CertificateError::BadEncoding,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    })
}

#[cfg(test)]
mod tests;
