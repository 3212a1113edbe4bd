#if canImport(Combine)
import Combine
#endif
#if canImport(Observation)
import Observation
#endif

/// What views observe: with the Observation framework from iOS 17 on (`@State`, `@Bindable`), as an
/// `ObservableObject` before (`@StateObject`, `@ObservedObject`), by ``onChange`` without SwiftUI.
@MainActor
public class Observed {
    /// Called after each change, for views that are not SwiftUI's.
    public var onChange: (@MainActor () -> Void)?

    #if canImport(Observation)
    /// An `ObservationRegistrar`, where the system has it.
    private let registrar: (any Sendable)?
    #endif

    #if canImport(Combine)
    @Published private var revision = 0
    #else
    private var revision = 0
    #endif

    init() {
        #if canImport(Observation)
        if #available(iOS 17, macOS 14, tvOS 17, watchOS 10, *) {
            registrar = ObservationRegistrar()
        } else {
            registrar = nil
        }
        #endif
    }

    /// Remembers that whoever runs has read this; to be called by each getter.
    func willRead() {
        #if canImport(Observation)
        if #available(iOS 17, macOS 14, tvOS 17, watchOS 10, *) {
            (registrar as? ObservationRegistrar)?.access(self, keyPath: \.revision)
        }
        #endif
    }

    /// Carries out a change, and tells whoever has read this.
    func mutate(_ step: () -> Void) {
        #if canImport(Observation)
        if #available(iOS 17, macOS 14, tvOS 17, watchOS 10, *),
            let registrar = registrar as? ObservationRegistrar {
            registrar.withMutation(of: self, keyPath: \.revision) { advance(step) }
        } else {
            advance(step)
        }
        #else
        advance(step)
        #endif
        onChange?()
    }

    private func advance(_ step: () -> Void) {
        // Published before it changes, as SwiftUI wants to know of it.
        revision &+= 1
        step()
    }
}

#if canImport(Observation)
@available(iOS 17, macOS 14, tvOS 17, watchOS 10, *)
extension Observed: Observable {}
#endif

#if canImport(Combine)
extension Observed: ObservableObject {}
#endif
