import Dunlin
import DunlinApple
import SwiftUI

/// The whole app.
struct SampleScreens: View {
    @EnvironmentObject private var sample: Sample
    @Environment(\.scenePhase) private var phase

    var body: some View {
        NavigationStack {
            VStack(alignment: .leading) {
                LocalNetworkLine(permission: sample.bonjour.permission)
                RefusalLine()
                if let node = sample.lifecycle?.node {
                    SpacesScreen(node: node)
                } else {
                    ProgressView()
                }
            }
        }
        .onChange(of: phase) { phase in
            // Refused where the user has switched the refresh in the background off.
            if phase == .background { try? sample.refresh.schedule() }
        }
    }
}

/// What was refused last.
struct RefusalLine: View {
    @EnvironmentObject private var sample: Sample

    var body: some View {
        if let refusal = sample.refusal {
            HStack {
                Text("\(refusal.reason). \(refusal.remedy).").foregroundColor(.red)
                Button("Dismiss") { sample.dismiss() }
            }
            .padding(.horizontal)
        }
    }
}

/// Sends the user to the settings once the local network was refused: the system asks only once.
struct LocalNetworkLine: View {
    let permission: LocalNetworkPermission
    @State private var access = LocalNetworkAccess.unknown

    var body: some View {
        HStack {
            if access == .refused {
                Text("Devices nearby cannot be reached without the local network.")
                Button("Settings") { permission.openSettings() }
            }
        }
        .padding(.horizontal)
        .task {
            for await access in permission.watch() { self.access = access }
        }
    }
}
