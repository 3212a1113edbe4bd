import Dunlin
import DunlinUI
import SwiftUI

/// What is to be inspected, as it is at every moment on every device.
struct InspectionsScreen: View {
    let space: Space
    @EnvironmentObject private var sample: Sample
    @StateObject private var list = Live<Entries<Inspection>>()
    @State private var place = ""

    var body: some View {
        List {
            HStack {
                TextField("Place", text: $place)
                Button("Add") {
                    sample.start {
                        try await space.inspections.insert(Inspection(place: place))
                        place = ""
                    }
                }
            }
            if let refusal = list.refusal { Text(refusal.reason) }
            ForEach(list.value ?? []) { entry in
                row(entry)
            }
            if list.value?.hasMore == true { Text("There are more than these") }
        }
        .buttonStyle(.borderless)
        .navigationTitle(space.alias ?? space.name)
        .toolbar {
            NavigationLink("Invite") { InvitationScreen(space: space) }
        }
        .task {
            await sample.attempt { await list.follow(try space.inspections.watch(), id: space.id) }
        }
    }

    @ViewBuilder
    private func row(_ entry: Entry<Inspection>) -> some View {
        switch entry.result {
        case .success(let inspection):
            NavigationLink {
                InspectionScreen(space: space, id: entry.id)
            } label: {
                Toggle(
                    "\(inspection.place): \(inspection.condition)",
                    isOn: done(entry.id, inspection.done))
            }
        case .failure(let failure):
            Text("\(entry.id) is of another version of this app: \(failure.reason)")
        }
    }

    private func done(_ id: String, _ isDone: Bool) -> Binding<Bool> {
        Binding(
            get: { isDone },
            set: { done in
                sample.start { try await space.inspections.update(id) { $0.done = done } }
            })
    }
}
