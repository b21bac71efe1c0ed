//! The scenarios that come with the program: those of `simulations/`, as they stand there.

/// One of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Where it stands in the tree of the sources.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
    /// Whether it is one of the targets that the algorithm is held to, and not the question of a user.
    pub is_target: bool,
}

macro_rules! entries {
    ($($is_target:literal $folder:literal: $($name:literal)*;)*) => {
        &[$($(Entry {
            name: $name,
            path: concat!("simulations/", $folder, $name, ".toml"),
            text: include_str!(concat!("../../../simulations/", $folder, $name, ".toml")),
            is_target: $is_target,
        },)*)*]
    };
}

/// All of them, questions of users first.
pub const ENTRIES: &[Entry] = entries! {
    false "": "office" "company" "classroom" "laptops" "working-hours" "stores" "bad-day" "scale-100k";
    true "targets/": "s1" "s2" "s3" "s4" "f1-64m" "f1-256m" "f1-1g" "f1-cold" "f2-1000" "f2-10000"
        "x1" "x2" "x3" "x4" "x5-100" "x5-300" "x6" "x7" "a1-60" "a1-600" "p1" "h1";
};

/// The one of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}
