//! Which crate may use which: the one place where the floors are written down.
//!
//! A crate uses only crates on lower floors, and some crates from outside have one user. Floors 0 and 1 are pure, which
//! [`purity`] checks. Decides on what the manifests declare; whether it is used is the compiler's business.

mod purity;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::finding::{Finding, conclude};
use crate::workspace::{Workspace, output};

/// Where each crate of the workspace has its place. A crate may be absent; a crate not named here is an error.
const PLACES: &[(&str, Place)] = &[
    ("swarmline-types", Place::Floor(0)),
    ("swarmline-proto", Place::Floor(1)),
    ("swarmline-scheduler", Place::Floor(1)),
    ("swarmline-jobs", Place::Floor(1)),
    ("swarmline-net", Place::Floor(2)),
    ("swarmline-origin", Place::Floor(2)),
    ("swarmline-store", Place::Floor(2)),
    ("swarmline-ipc", Place::Floor(2)),
    ("swarmline-trace", Place::Floor(2)),
    ("swarmline-engine", Place::Floor(3)),
    ("swarmline-daemon", Place::Floor(4)),
    ("swarmline-sim", Place::Floor(4)),
    ("swarmline-cli", Place::Floor(5)),
    ("swarmline-com", Place::Floor(5)),
    ("swarmline-testkit", Place::Testkit),
    ("swarmline-xtask", Place::Apart),
];

/// Crates from outside that one crate alone may name, so that no other depends on their types.
const SOLE_USERS: &[(&str, &str)] = &[("libp2p", "swarmline-net"), ("reqwest", "swarmline-origin")];

/// The floors up to this one are pure.
const PURE_UP_TO: u8 = 1;

/// Where a crate stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// Uses lower floors only.
    Floor(u8),
    /// Uses the pure floors; only the tests of the floors above them use it.
    Testkit,
    /// Uses no crate of the workspace, and none uses it.
    Apart,
}

impl Place {
    fn of(name: &str) -> Option<Self> {
        PLACES.iter().find(|(known, _)| *known == name).map(|(_, place)| *place)
    }

    /// Why a crate here may not use one there; `None` when it may.
    fn objection(self, there: Self, kind: Kind) -> Option<String> {
        match (self, there) {
            (Self::Floor(own), Self::Floor(other)) => (other >= own)
                .then(|| format!("floor {own} uses lower floors only, and that crate is on floor {other}")),
            (Self::Testkit, Self::Floor(other)) => {
                (other > PURE_UP_TO).then(|| format!("testkit uses the pure floors only, not floor {other}"))
            }
            (Self::Floor(own), Self::Testkit) if own <= PURE_UP_TO => {
                Some("testkit stands on the pure floors, which do without it".into())
            }
            (Self::Floor(_), Self::Testkit) => {
                (kind != Kind::Dev).then(|| "testkit is for tests: name it in [dev-dependencies]".into())
            }
            (Self::Testkit, Self::Testkit) => None,
            (Self::Apart, _) => Some("xtask builds without the product".into()),
            (_, Self::Apart) => Some("xtask is a program, not a library".into()),
        }
    }
}

/// What `cargo metadata` says, as far as it is read here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// One crate of the workspace.
#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

impl Package {
    fn is_pure(&self) -> bool {
        matches!(Place::of(&self.name), Some(Place::Floor(floor)) if floor <= PURE_UP_TO)
    }

    /// The path of a file of this crate from the root: folders have the names of crates.
    fn file(&self, name: &str) -> String {
        format!("crates/{}/{name}", self.name.trim_start_matches("swarmline-"))
    }
}

/// One line of a dependency table.
#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<Kind>,
}

/// The table that a dependency stands in; without a word it is the normal one.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Normal,
    Dev,
    Build,
}

/// Checks floors and purity of the workspace.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let metadata = output(workspace.cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Metadata =
        serde_json::from_str(&metadata).context("cannot read what cargo metadata says")?;
    let mut findings = floors(&metadata.packages);
    let pure: Vec<&Package> = metadata.packages.iter().filter(|package| package.is_pure()).collect();
    findings.extend(purity::check(workspace, &pure)?);
    conclude("layers", findings)
}

/// All dependencies among crates of the workspace that break the order of the floors.
fn floors(packages: &[Package]) -> Vec<Finding> {
    packages.iter().flat_map(floors_of).collect()
}

fn floors_of(package: &Package) -> Vec<Finding> {
    let manifest = package.file("Cargo.toml");
    let Some(own) = Place::of(&package.name) else {
        return vec![Finding::error(&manifest, 0, format!("{} has no floor in xtask's table", package.name))];
    };
    let object = |dependency: &Dependency| {
        let reason = match Place::of(&dependency.name) {
            Some(place) => own.objection(place, dependency.kind.unwrap_or_default())?,
            None => sole_user(&package.name, &dependency.name)?,
        };
        Some(Finding::error(&manifest, 0, format!("{} uses {}: {reason}", package.name, dependency.name)))
    };
    package.dependencies.iter().filter_map(object).collect()
}

/// Why a crate may not use one from outside that belongs to another crate here.
fn sole_user(name: &str, dependency: &str) -> Option<String> {
    let (_, user) = SOLE_USERS.iter().find(|(outside, user)| *outside == dependency && *user != name)?;
    Some(format!("{user} alone may name it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong when the crate `name` declares the dependency `uses`.
    fn found(name: &str, uses: &str, kind: Option<Kind>) -> Vec<String> {
        let name = format!("swarmline-{name}");
        let dependencies = vec![Dependency { name: format!("swarmline-{uses}"), kind }];
        floors(&[Package { name, dependencies }]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_crate_may_use_lower_floors() {
        for (name, uses) in [("proto", "types"), ("store", "proto"), ("engine", "net"), ("cli", "types")] {
            assert_eq!(found(name, uses, None), [""; 0], "{name} uses {uses}");
        }
    }

    #[test]
    fn the_same_or_a_higher_floor_is_an_error_that_names_both() {
        assert_eq!(
            found("proto", "scheduler", None),
            ["crates/proto/Cargo.toml: swarmline-proto uses swarmline-scheduler: \
              floor 1 uses lower floors only, and that crate is on floor 1"]
        );
        assert_eq!(found("types", "engine", None).len(), 1);
        assert_eq!(found("store", "origin", Some(Kind::Build)).len(), 1);
        assert_eq!(found("store", "net", Some(Kind::Dev)).len(), 1, "tests keep the order too");
    }

    #[test]
    fn testkit_is_for_tests_above_the_pure_floors() {
        assert_eq!(found("store", "testkit", Some(Kind::Dev)), [""; 0]);
        assert_eq!(found("store", "testkit", None).len(), 1);
        assert_eq!(found("proto", "testkit", Some(Kind::Dev)).len(), 1);
        assert_eq!(found("testkit", "proto", None), [""; 0]);
        assert_eq!(found("testkit", "net", None).len(), 1);
    }

    #[test]
    fn xtask_stands_alone() {
        assert_eq!(found("xtask", "types", None).len(), 1);
        assert_eq!(found("cli", "xtask", Some(Kind::Dev)).len(), 1);
    }

    #[test]
    fn a_crate_without_a_floor_is_an_error() {
        assert_eq!(
            found("gadget", "types", None),
            ["crates/gadget/Cargo.toml: swarmline-gadget has no floor in xtask's table"]
        );
    }

    #[test]
    fn some_crates_from_outside_have_one_user() {
        let uses = |name: &str, outside: &str| {
            let dependencies = vec![Dependency { name: outside.into(), kind: None }];
            floors(&[Package { name: name.into(), dependencies }])
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(uses("swarmline-net", "libp2p"), [""; 0]);
        assert_eq!(uses("swarmline-engine", "tokio"), [""; 0]);
        assert_eq!(
            uses("swarmline-engine", "libp2p"),
            ["crates/engine/Cargo.toml: swarmline-engine uses libp2p: swarmline-net alone may name it"]
        );
    }

    #[test]
    fn kinds_are_read_as_cargo_writes_them() {
        let json = r#"{"packages":[{"name":"swarmline-store","dependencies":[
            {"name":"swarmline-types","kind":null}, {"name":"swarmline-testkit","kind":"dev"}]}]}"#;
        let metadata: Metadata = serde_json::from_str(json).unwrap();
        assert_eq!(floors(&metadata.packages), []);
    }
}
