internal import DunlinBindings

/// A device.
public struct Device: Hashable, Sendable, Identifiable {
    /// Its public key, in hexadecimal.
    public let id: String

    /// What it calls itself.
    public let name: String

    /// What acts through it.
    public let kind: DeviceKind

    /// Makes one, for instance for a preview or a test.
    public init(id: String, name: String, kind: DeviceKind) {
        self.id = id
        self.name = name
        self.kind = kind
    }
}

/// What acts through a device, as its owner declared it: attribution, never permission.
public enum DeviceKind: Hashable, Sendable, CaseIterable {
    /// A person.
    case human

    /// A program that acts for a person.
    case agent

    /// A thing that measures.
    case sensor
}

extension Device {
    init(_ device: DunlinBindings.Device) {
        self.init(id: device.id, name: device.name, kind: DeviceKind(device.kind))
    }
}

extension DeviceKind {
    init(_ kind: DunlinBindings.DeviceKind) {
        self =
            switch kind {
            case .human: .human
            case .agent: .agent
            case .sensor: .sensor
            }
    }

    var native: DunlinBindings.DeviceKind {
        switch self {
        case .human: .human
        case .agent: .agent
        case .sensor: .sensor
        }
    }
}
