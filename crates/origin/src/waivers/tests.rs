//! Certificates with one thing wrong, before verifiers that let it pass and others that do not.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};

use super::*;

/// An authority, and certificates that it vouches for.
struct Office {
    authority: rcgen::Certificate,
    key: KeyPair,
}

impl Office {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self { authority: params.self_signed(&key).unwrap(), key }
    }

    /// A proper certificate for `host`, but for this.
    fn certificate(&self, change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(["host".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.authority, &self.key).unwrap().der().clone()
    }

    fn check(&self, certificate: &CertificateDer<'_>, waivers: Waivers) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        verify(roots, certificate, waivers)
    }
}

fn verify(roots: RootCertStore, certificate: &CertificateDer<'_>, waivers: Waivers) -> String {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier { waivers, roots: roots.roots, provider };
    let name = ServerName::try_from("host").unwrap();
    // 2026.
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_780_000_000));
    match verifier.verify_server_cert(certificate, &[], &name, &[], now) {
        Ok(_) => "accepted".into(),
        Err(rustls::Error::InvalidCertificate(why)) => format!("{why:?}").chars().take(15).collect(),
        Err(other) => panic!("{other}"),
    }
}

fn other_name(params: &mut CertificateParams) {
    params.subject_alt_names = CertificateParams::new(["other".to_owned()]).unwrap().subject_alt_names;
}

fn for_clients(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

/// All that can be waived, by name.
fn all() -> [(&'static str, Waivers); 4] {
    let none = Waivers::default();
    [
        ("authority", Waivers { unknown_authority: true, ..none }),
        ("usage", Waivers { wrong_usage: true, ..none }),
        ("name", Waivers { wrong_name: true, ..none }),
        ("date", Waivers { out_of_date: true, ..none }),
    ]
}

#[test]
fn each_fault_is_let_pass_by_its_own_waiver_and_by_no_other() {
    let (office, other) = (Office::new("known"), Office::new("unknown"));
    let faulty = [
        ("authority", other.certificate(|_| ()), "UnknownIssuer"),
        ("usage", office.certificate(for_clients), "InvalidPurpose"),
        ("name", office.certificate(other_name), "NotValidForName"),
        ("date", office.certificate(|it| it.not_after = date_time_ymd(2021, 1, 1)), "Expired"),
        ("date", office.certificate(|it| it.not_before = date_time_ymd(2039, 1, 1)), "NotValidYet"),
    ];
    for (fault, certificate, refusal) in &faulty {
        assert_eq!(office.check(certificate, Waivers::default()), *refusal);
        for (name, waivers) in all() {
            let want = if name == *fault { "accepted" } else { refusal };
            assert_eq!(office.check(certificate, waivers), want, "{fault} is wrong, {name} is waived");
        }
    }
    assert_eq!(office.check(&office.certificate(|_| ()), Waivers::default()), "accepted");
}

#[test]
fn what_nobody_vouches_for_still_has_its_time_use_and_name() {
    let (office, other) = (Office::new("known"), Office::new("unknown"));
    let waived = Waivers { unknown_authority: true, ..Waivers::default() };
    for (certificate, refusal) in [
        (other.certificate(|it| it.not_after = date_time_ymd(2021, 1, 1)), "Expired"),
        (other.certificate(for_clients), "InvalidPurpose"),
        (other.certificate(other_name), "NotValidForName"),
    ] {
        assert_eq!(office.check(&certificate, waived), refusal);
    }
    // As people make them for themselves.
    let key = KeyPair::generate().unwrap();
    let mut own = CertificateParams::new(["host".to_owned()]).unwrap();
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = own.self_signed(&key).unwrap().der().clone();
    assert_eq!(verify(RootCertStore::empty(), &own, waived), "accepted");
    assert_ne!(verify(RootCertStore::empty(), &own, Waivers::default()), "accepted");
}

#[test]
fn what_is_no_certificate_is_never_let_pass() {
    let every = Waivers { unknown_authority: true, wrong_usage: true, wrong_name: true, out_of_date: true };
    let nonsense = CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]);
    assert_eq!(Office::new("known").check(&nonsense, every), "BadEncoding");
}
