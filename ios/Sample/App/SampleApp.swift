import Dunlin
import DunlinApple
import SwiftUI

@main
struct SampleApp: App {
    @StateObject private var sample: Sample

    /// The system wants to know of the work in the background before the app has launched.
    init() {
        let sample = Sample()
        sample.refresh.register(.bonjour(sample.bonjour)) { try await sample.opened() }
        _sample = StateObject(wrappedValue: sample)
    }

    var body: some Scene {
        WindowGroup {
            SampleScreens()
                .environmentObject(sample)
                .task { await sample.run() }
        }
    }
}

/// The node, opened once for the process; screens and work in the background share it.
@MainActor
final class Sample: ObservableObject {
    @Published private(set) var lifecycle: NodeLifecycle?

    /// What was refused last, for the user to read.
    @Published private(set) var refusal: DunlinError?

    nonisolated let refresh = BackgroundRefresh("dev.dunlin.sample.sync")
    nonisolated let bonjour = BonjourDiscovery()
    private var opening: Task<NodeLifecycle, any Error>?

    /// Opens the node, or waits for whoever does.
    func opened() async throws -> NodeLifecycle {
        if let opening { return try await opening.value }
        let task = Task {
            let node = try await Node.open(NodeOptions(name: "inspector"))
            let lifecycle = NodeLifecycle(node) { [weak self] in self?.refusal = $0 }
            self.lifecycle = lifecycle
            return lifecycle
        }
        opening = task
        do {
            return try await task.value
        } catch {
            // The next who needs the node tries again.
            opening = nil
            throw error
        }
    }

    /// Syncs for as long as the app shows a screen now and then.
    func run() async {
        await attempt { [self] in
            let node = try await opened().node
            try await node.startSync(.bonjour(bonjour))
            await node.followNetworks { refusal in
                Task { @MainActor in self.refusal = refusal }
            }
        }
    }

    /// Runs what a button asks for.
    func start(_ task: @escaping @MainActor () async throws -> Void) {
        Task { await attempt(task) }
    }

    func attempt(_ task: @MainActor () async throws -> Void) async {
        do {
            refusal = nil
            try await task()
        } catch let refused as DunlinError {
            refusal = refused
        } catch {
            // Cancelled: the screen is gone.
        }
    }

    func dismiss() { refusal = nil }
}
