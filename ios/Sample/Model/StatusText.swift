import Dunlin

extension NodeStatus {
    /// Who is near, and why not if nobody is: a line for each thing.
    var lines: [String] {
        var lines = ["This device: \(device.name)"]
        lines.append(listen.isEmpty ? "Not syncing" : "Reachable at \(listen.joined(separator: ", "))")
        if let discovery { lines.append("Discovery: \(discovery)") }
        for space in spaces {
            let state = space.isInSync ? "in sync" : "not in sync"
            lines.append("\(space.name): \(space.documents) documents, \(state)")
        }
        lines += peers.isEmpty ? ["No other device yet"] : peers.map(\.line)
        return lines + refusals.suffix(3).map(\.reason)
    }
}

extension Peer {
    fileprivate var line: String {
        let name = name ?? device.map { String($0.prefix(8)) } ?? address
        if state == .disconnected { return "\(name): away" + (reason.map { ", \($0)" } ?? "") }
        return isInSync ? "\(name): in sync" : "\(name): exchanging"
    }
}
