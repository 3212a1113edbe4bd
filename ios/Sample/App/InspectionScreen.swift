import Dunlin
import DunlinUI
import SwiftUI

/// One inspection: its condition, what lost a conflict, how often it was seen, and its notes.
struct InspectionScreen: View {
    let space: Space
    let id: String
    @EnvironmentObject private var sample: Sample
    @StateObject private var read = Live<Inspected<Inspection>?>()
    @StateObject private var notes = TextFieldBinding()

    var body: some View {
        Form {
            RefusalLine()
            if let document = read.value.flatMap({ $0?.document }) {
                condition(document.value)
                ForEach(document.conflicts) { conflictLine($0, in: document) }
                HStack {
                    Text("Visits: \(document.value.visits.description)")
                    Button("Visited") { update { $0.visits += 1 } }
                }
                Section("Notes") { BoundTextView(notes).frame(minHeight: 160) }
            }
            if let failure = read.value.flatMap({ $0?.failure }) {
                Text("Of another version of this app: \(failure.reason)")
            }
            if let refusal = read.refusal ?? notes.refusal { Text(refusal.reason) }
        }
        .buttonStyle(.borderless)
        .navigationTitle(read.value.flatMap { $0?.value?.place } ?? "")
        .task {
            await sample.attempt {
                await read.follow(try space.inspections.watchDocument(id), id: id)
            }
        }
        .editing(notes, id: id) { [space, id] in try await space.inspections.editText(id, "/notes") }
    }

    private func condition(_ inspection: Inspection) -> some View {
        Picker(
            "Condition",
            selection: Binding(
                get: { inspection.condition }, set: { condition in update { $0.condition = condition } })
        ) {
            ForEach(conditions, id: \.self) { Text($0) }
        }
        .pickerStyle(.segmented)
    }

    @ViewBuilder
    private func conflictLine(
        _ conflict: Conflict, in document: Document<Inspection>
    ) -> some View {
        if let words = conflict.words {
            HStack {
                Text(words)
                Button("Keep mine") {
                    sample.start { try await space.inspections.keep(document, conflict) }
                }
                Button("Take it") {
                    sample.start { try await space.inspections.take(document, conflict) }
                }
            }
        }
    }

    private func update(_ change: @escaping @Sendable (inout Inspection) -> Void) {
        sample.start { try await space.inspections.update(id, change) }
    }
}
