//! Masks: which callbacks are wanted, what a transfer may cost, how lenient TLS is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which callbacks a job's client wants. Bits that are not named here are refused when they are set.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct NotifyFlags(u32);

impl NotifyFlags {
    /// Tell when all files have arrived.
    pub const JOB_TRANSFERRED: Self = Self(0x01);
    /// Tell when the job failed for good.
    pub const JOB_ERROR: Self = Self(0x02);
    /// Tell nothing, whatever the other bits say. They are kept.
    pub const DISABLE: Self = Self(0x04);
    /// Tell of bytes, files, properties and states.
    pub const JOB_MODIFICATION: Self = Self(0x08);
    /// Tell of each file that has arrived, if the client's object knows that call.
    pub const FILE_TRANSFERRED: Self = Self(0x10);
    /// Accepted without effect.
    pub const FILE_RANGES_TRANSFERRED: Self = Self(0x20);
    /// All bits that have a name.
    pub const KNOWN: Self = Self(0x3F);

    /// Every bit with its published name and what it means here.
    pub const TABLE: &'static [(Self, &'static str, &'static str)] = &[
        (Self::JOB_TRANSFERRED, "BG_NOTIFY_JOB_TRANSFERRED", "JobTransferred"),
        (Self::JOB_ERROR, "BG_NOTIFY_JOB_ERROR", "JobError"),
        (Self::DISABLE, "BG_NOTIFY_DISABLE", "nothing is delivered; the other bits are kept"),
        (Self::JOB_MODIFICATION, "BG_NOTIFY_JOB_MODIFICATION", "JobModification"),
        (
            Self::FILE_TRANSFERRED,
            "BG_NOTIFY_FILE_TRANSFERRED",
            "FileTransferred, where the client's object has it",
        ),
        (Self::FILE_RANGES_TRANSFERRED, "BG_NOTIFY_FILE_RANGES_TRANSFERRED", "accepted, no effect"),
    ];

    /// A mask with these bits.
    ///
    /// # Errors
    /// The bits without a name, if there are any.
    pub const fn from_bits(bits: u32) -> Result<Self, u32> {
        match bits & !Self::KNOWN.0 {
            0 => Ok(Self(bits)),
            unknown => Err(unknown),
        }
    }

    /// Its bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all bits of `other` are set here.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Default for NotifyFlags {
    /// Transferred and error.
    fn default() -> Self {
        Self::JOB_TRANSFERRED.with(Self::JOB_ERROR)
    }
}

impl fmt::Debug for NotifyFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NotifyFlags(0x{:02X})", self.0)
    }
}

/// What the present link costs: the bits of which a [`CostPolicyFlags`] names the acceptable ones.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct LinkCost(u32);

impl LinkCost {
    /// No cost, no cap.
    pub const UNRESTRICTED: Self = Self(0x01);
    /// Capped; how much of the cap is used is not known.
    pub const CAPPED_USAGE_UNKNOWN: Self = Self(0x02);
    /// Well below the cap.
    pub const BELOW_CAP: Self = Self(0x04);
    /// Close to the cap.
    pub const NEAR_CAP: Self = Self(0x08);
    /// Over the cap: each byte is charged.
    pub const OVERCAP_CHARGED: Self = Self(0x10);
    /// Over the cap: slowed down.
    pub const OVERCAP_THROTTLED: Self = Self(0x20);
    /// Charged by the byte.
    pub const USAGE_BASED: Self = Self(0x40);
    /// Roaming.
    pub const ROAMING: Self = Self(0x80);

    /// Every bit with its published name.
    pub const TABLE: &'static [(Self, &'static str)] = &[
        (Self::UNRESTRICTED, "BITS_COST_STATE_UNRESTRICTED"),
        (Self::CAPPED_USAGE_UNKNOWN, "BITS_COST_STATE_CAPPED_USAGE_UNKNOWN"),
        (Self::BELOW_CAP, "BITS_COST_STATE_BELOW_CAP"),
        (Self::NEAR_CAP, "BITS_COST_STATE_NEAR_CAP"),
        (Self::OVERCAP_CHARGED, "BITS_COST_STATE_OVERCAP_CHARGED"),
        (Self::OVERCAP_THROTTLED, "BITS_COST_STATE_OVERCAP_THROTTLED"),
        (Self::USAGE_BASED, "BITS_COST_STATE_USAGE_BASED"),
        (Self::ROAMING, "BITS_COST_STATE_ROAMING"),
    ];

    /// A link with these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Its bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// On which links a job of the legacy face may run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CostPolicyFlags(u32);

impl CostPolicyFlags {
    /// On every link, whatever it costs. The default.
    pub const ALWAYS: Self = Self(0x8000_00FF);
    /// On every link but roaming ones.
    pub const NOT_ROAMING: Self = Self(0x8000_007F);
    /// On links without surcharge.
    pub const NO_SURCHARGE: Self = Self(0x8000_006F);
    /// On links without surcharge that are not close to their cap.
    pub const STANDARD: Self = Self(0x8000_0067);
    /// On links without cost or limit.
    pub const UNRESTRICTED: Self = Self(0x8000_0021);

    /// Every named policy with its published name and meaning.
    pub const TABLE: &'static [(Self, &'static str, &'static str)] = &[
        (Self::ALWAYS, "BITS_JOB_TRANSFER_POLICY_ALWAYS", "every link; the default"),
        (Self::NOT_ROAMING, "BITS_JOB_TRANSFER_POLICY_NOT_ROAMING", "every link but roaming ones"),
        (Self::NO_SURCHARGE, "BITS_JOB_TRANSFER_POLICY_NO_SURCHARGE", "links without surcharge"),
        (Self::STANDARD, "BITS_JOB_TRANSFER_POLICY_STANDARD", "links without surcharge, not near their cap"),
        (Self::UNRESTRICTED, "BITS_JOB_TRANSFER_POLICY_UNRESTRICTED", "links without cost or limit"),
    ];

    /// A policy with these bits; any mask is one.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Its bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether a transfer may run on this link: all that the link costs is acceptable.
    pub const fn allows(self, link: LinkCost) -> bool {
        self.0 & link.0 == link.0
    }
}

impl Default for CostPolicyFlags {
    fn default() -> Self {
        Self::ALWAYS
    }
}

/// How lenient TLS is with one download.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SecurityFlags(u32);

impl SecurityFlags {
    /// Check revocation, which is not done here: it is refused.
    pub const CHECK_REVOCATION: Self = Self(0x1);
    /// Accept an unknown authority.
    pub const IGNORE_UNKNOWN_CA: Self = Self(0x100);
    /// Accept a certificate meant for another usage.
    pub const IGNORE_WRONG_USAGE: Self = Self(0x200);
    /// Accept a certificate for another name.
    pub const IGNORE_CN_INVALID: Self = Self(0x1000);
    /// Accept a certificate out of its time.
    pub const IGNORE_DATE_INVALID: Self = Self(0x2000);

    /// Every bit with its name.
    pub const TABLE: &'static [(Self, &'static str)] = &[
        (Self::CHECK_REVOCATION, "check revocation: Set gives E_NOTIMPL, by design"),
        (Self::IGNORE_UNKNOWN_CA, "accept an unknown authority"),
        (Self::IGNORE_WRONG_USAGE, "accept a certificate meant for another usage"),
        (Self::IGNORE_CN_INVALID, "accept a certificate for another name"),
        (Self::IGNORE_DATE_INVALID, "accept a certificate out of its time"),
    ];

    /// A mask with these bits; unknown ones are kept and have no effect.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Its bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all bits of `what` are set here.
    pub const fn contains(self, what: Self) -> bool {
        self.0 & what.0 == what.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_allows_a_link_whose_costs_it_names() {
        assert!(CostPolicyFlags::STANDARD.allows(LinkCost::BELOW_CAP));
        assert!(!CostPolicyFlags::STANDARD.allows(LinkCost::NEAR_CAP));
        assert!(CostPolicyFlags::NO_SURCHARGE.allows(LinkCost::NEAR_CAP));
        assert!(!CostPolicyFlags::NO_SURCHARGE.allows(LinkCost::OVERCAP_CHARGED));
        let roaming = LinkCost::from_bits(LinkCost::ROAMING.bits() | LinkCost::USAGE_BASED.bits());
        assert!(CostPolicyFlags::ALWAYS.allows(roaming));
        assert!(!CostPolicyFlags::NOT_ROAMING.allows(roaming));
    }

    #[test]
    fn unknown_notify_bits_are_named() {
        assert_eq!(NotifyFlags::from_bits(0x3F).map(NotifyFlags::bits), Ok(0x3F));
        assert_eq!(NotifyFlags::from_bits(0x149).map(NotifyFlags::bits), Err(0x140));
        assert_eq!(NotifyFlags::default().bits(), 0x03);
    }
}
