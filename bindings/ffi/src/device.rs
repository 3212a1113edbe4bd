//! Devices, as others see them.

/// A device.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Device {
    /// Its public key, in hexadecimal.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// What acts through it.
    pub kind: DeviceKind,
}

/// What acts through a device, as its owner declared it: attribution, never permission.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum DeviceKind {
    /// A person.
    Human,
    /// A program that acts for a person.
    Agent,
    /// A thing that measures.
    Sensor,
}

impl From<&dunlin::Device> for Device {
    fn from(device: &dunlin::Device) -> Self {
        Self { id: device.id.to_string(), name: device.name.clone(), kind: device.kind.into() }
    }
}

impl From<dunlin::DeviceKind> for DeviceKind {
    fn from(kind: dunlin::DeviceKind) -> Self {
        match kind {
            dunlin::DeviceKind::Human => Self::Human,
            dunlin::DeviceKind::Agent => Self::Agent,
            dunlin::DeviceKind::Sensor => Self::Sensor,
        }
    }
}

impl From<DeviceKind> for dunlin::DeviceKind {
    fn from(kind: DeviceKind) -> Self {
        match kind {
            DeviceKind::Human => Self::Human,
            DeviceKind::Agent => Self::Agent,
            DeviceKind::Sensor => Self::Sensor,
        }
    }
}
