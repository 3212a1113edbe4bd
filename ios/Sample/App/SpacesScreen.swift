import Dunlin
import SwiftUI

/// The spaces of this device, founding one, and joining one by a ticket.
struct SpacesScreen: View {
    let node: Node
    @EnvironmentObject private var sample: Sample
    @State private var spaces: [Space] = []
    @State private var name = ""
    @State private var ticket = ""
    @State private var isScanning = false

    var body: some View {
        List {
            ForEach(spaces, id: \.id) { space in
                NavigationLink(space.alias ?? space.name) { InspectionsScreen(space: space) }
            }
            HStack {
                TextField("New space", text: $name)
                Button("Found") {
                    sample.start {
                        _ = try await node.createSpace(name)
                        name = ""
                        spaces = node.spaces
                    }
                }
            }
            HStack {
                TextField("Ticket", text: $ticket).textInputAutocapitalization(.never)
                Button("Join") { join(ticket) }
                Button("Scan") { isScanning = true }
            }
        }
        .buttonStyle(.borderless)
        .navigationTitle("Spaces")
        .toolbar {
            NavigationLink("Sync") { StatusScreen(node: node) }
        }
        .sheet(isPresented: $isScanning) {
            Scanner { scanned in
                isScanning = false
                join(scanned)
            }
        }
        .onAppear { spaces = node.spaces }
    }

    private func join(_ text: String) {
        sample.start {
            _ = try await node.join(Ticket.read(text))
            ticket = ""
            spaces = node.spaces
        }
    }
}
