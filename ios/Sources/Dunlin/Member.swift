internal import DunlinBindings
import Foundation

/// A device that belongs to a space.
public struct Member: Hashable, Sendable {
    /// The device.
    public let device: Device

    /// What it may do.
    public let role: Role

    /// When it was given that role, by the clock of whoever gave it.
    public let since: Date

    /// Makes one, for instance for a preview or a test.
    public init(device: Device, role: Role, since: Date) {
        self.device = device
        self.role = role
        self.since = since
    }
}

/// What a member of a space may do.
public enum Role: Hashable, Sendable, CaseIterable {
    /// Read.
    case reader

    /// Read and write.
    case writer

    /// Read, write and say who else may.
    case admin
}

extension Member {
    init(_ member: DunlinBindings.Member) {
        self.init(
            device: Device(member.device), role: Role(member.role),
            since: Date(milliseconds: member.sinceMs))
    }
}

extension Role {
    init(_ role: DunlinBindings.Role) {
        self =
            switch role {
            case .reader: .reader
            case .writer: .writer
            case .admin: .admin
            }
    }

    var native: DunlinBindings.Role {
        switch self {
        case .reader: .reader
        case .writer: .writer
        case .admin: .admin
        }
    }
}

extension Date {
    /// A time as the core tells it: milliseconds since 1970.
    init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
