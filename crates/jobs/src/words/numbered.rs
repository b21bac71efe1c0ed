//! How an enum with published numbers is written down once: variants, values, names, meanings.

/// Declares an enum whose values are fixed by the binary interface, with `TryFrom<u32>` and a table for documentation.
macro_rules! numbered {
    (
        $(#[$outer:meta])*
        $name:ident, $published:literal {
            $( $value:literal $variant:ident $label:literal $meaning:literal, )*
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u32)]
        pub enum $name {
            $( #[doc = concat!("`", $label, "`, ", stringify!($value), ": ", $meaning, ".")] $variant = $value, )*
        }

        impl $crate::words::Numbered for $name {
            const PUBLISHED: &'static str = $published;
            const ALL: &'static [Self] = &[ $( Self::$variant ),* ];

            fn number(self) -> u32 {
                self as u32
            }

            fn label(self) -> &'static str {
                match self { $( Self::$variant => $label, )* }
            }

            fn meaning(self) -> &'static str {
                match self { $( Self::$variant => $meaning, )* }
            }
        }

        impl TryFrom<u32> for $name {
            type Error = $crate::words::HResult;

            /// # Errors
            /// `E_INVALIDARG` for a number that names nothing here.
            fn try_from(number: u32) -> Result<Self, $crate::words::HResult> {
                match number {
                    $( $value => Ok(Self::$variant), )*
                    _ => Err($crate::words::HResult::E_INVALIDARG),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::words::Numbered::label(*self))
            }
        }
    };
}
