#if canImport(UIKit) && !os(watchOS) && !os(tvOS)
import UIKit

extension LocalNetworkPermission {
    /// Opens the system's page about this app, where the user can allow the local network.
    @available(iOSApplicationExtension, unavailable)
    @MainActor
    public func openSettings() {
        guard let page = URL(string: UIApplication.openSettingsURLString) else { return }
        UIApplication.shared.open(page)
    }
}
#endif
