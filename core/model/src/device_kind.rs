//! What acts through a device.

use std::{fmt, str::FromStr};

use crate::error::InvalidInput;

/// What acts through a device, as its owner declared it: attribution, never permission.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum DeviceKind {
    /// A person.
    #[default]
    Human,
    /// A program that acts for a person.
    Agent,
    /// A thing that measures.
    Sensor,
}

impl DeviceKind {
    /// The number in frames, statements and rows.
    pub const fn code(self) -> u8 {
        match self {
            Self::Human => 0,
            Self::Agent => 1,
            Self::Sensor => 2,
        }
    }

    /// The kind of that number, or none for a number that has no meaning yet.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Human),
            1 => Some(Self::Agent),
            2 => Some(Self::Sensor),
            _ => None,
        }
    }

    /// The word that people write: `human`, `agent`, `sensor`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Sensor => "sensor",
        }
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeviceKind {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        (0..=2).filter_map(Self::from_code).find(|kind| kind.as_str() == text).ok_or_else(|| {
            InvalidInput::new(
                format!("{text:?} is not a kind of device"),
                "use human, agent or sensor",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_its_code_and_its_word() {
        for kind in [DeviceKind::Human, DeviceKind::Agent, DeviceKind::Sensor] {
            assert_eq!(DeviceKind::from_code(kind.code()), Some(kind));
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!(DeviceKind::from_code(3), None);
        assert!("robot".parse::<DeviceKind>().is_err());
    }
}
