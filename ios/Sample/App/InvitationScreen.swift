import CoreImage.CIFilterBuiltins
import Dunlin
import SwiftUI

/// A ticket for one device, good for an hour: to scan, or to copy.
struct InvitationScreen: View {
    let space: Space
    @EnvironmentObject private var sample: Sample
    @State private var ticket: String?

    var body: some View {
        VStack {
            RefusalLine()
            if let ticket {
                if let code = qrCode(Ticket.codeText(ticket)) {
                    Image(decorative: code, scale: 1)
                        .interpolation(.none)
                        .resizable()
                        .scaledToFit()
                        .frame(maxWidth: 280)
                }
                Text(ticket).textSelection(.enabled).padding()
            }
        }
        .navigationTitle("Invitation")
        .task {
            await sample.attempt {
                ticket = try await space.invite(.writer, expiresIn: Ticket.lifetime)
            }
        }
    }
}

private func qrCode(_ text: String) -> CGImage? {
    let filter = CIFilter.qrCodeGenerator()
    filter.message = Data(text.utf8)
    filter.correctionLevel = "M"
    guard let image = filter.outputImage else { return nil }
    return CIContext().createCGImage(image, from: image.extent)
}
