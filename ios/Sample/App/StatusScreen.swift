import Dunlin
import DunlinUI
import SwiftUI

/// Who is near, and why not if nobody is.
struct StatusScreen: View {
    let node: Node
    @StateObject private var status = Live<NodeStatus>()

    var body: some View {
        List {
            ForEach(status.value?.lines ?? [], id: \.self) { Text($0) }
            if let refusal = status.refusal { Text(refusal.reason) }
        }
        .navigationTitle("Sync")
        .following(status) { node.watchStatus() }
    }
}
