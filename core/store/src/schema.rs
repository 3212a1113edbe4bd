//! The schemas of the two kinds of file, as numbered migrations that are only ever appended to.

/// One kind of database file.
pub(crate) struct Schema {
    /// Marks the file as this kind.
    pub(crate) application_id: i32,
    /// Migration n takes a file from version n to version n + 1.
    pub(crate) migrations: &'static [&'static str],
}

impl Schema {
    /// The version that this program writes.
    pub(crate) const fn version(&self) -> i64 {
        self.migrations.len() as i64
    }
}

/// `device.sqlite`: identity, spaces, peers.
pub(crate) const DEVICE: Schema = Schema {
    application_id: i32::from_be_bytes(*b"DunD"),
    migrations: &[include_str!("schema/device_v1.sql"), include_str!("schema/device_v2.sql")],
};

/// One space.
pub(crate) const SPACE: Schema = Schema {
    application_id: i32::from_be_bytes(*b"DunS"),
    migrations: &[
        include_str!("schema/space_v1.sql"),
        include_str!("schema/space_v2.sql"),
        include_str!("schema/space_v3.sql"),
    ],
};
