@preconcurrency import AVFoundation
import SwiftUI
import UIKit

/// Shows the camera until it has read a QR code.
struct Scanner: UIViewControllerRepresentable {
    let scanned: @MainActor (String) -> Void

    func makeUIViewController(context: Context) -> ScannerController {
        ScannerController(scanned: scanned)
    }

    func updateUIViewController(_ controller: ScannerController, context: Context) {}
}

final class ScannerController: UIViewController {
    private let session = AVCaptureSession()
    private let queue = DispatchQueue(label: "dev.dunlin.sample.camera")
    private let scanned: @MainActor (String) -> Void
    private var isDone = false
    private lazy var preview = AVCaptureVideoPreviewLayer(session: session)

    init(scanned: @escaping @MainActor (String) -> Void) {
        self.scanned = scanned
        super.init(nibName: nil, bundle: nil)
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) { fatalError("made in code only") }

    override func viewDidLoad() {
        super.viewDidLoad()
        view.backgroundColor = .black
        preview.videoGravity = .resizeAspectFill
        view.layer.addSublayer(preview)
        guard let camera = AVCaptureDevice.default(for: .video),
            let input = try? AVCaptureDeviceInput(device: camera), session.canAddInput(input)
        else { return }
        session.addInput(input)
        let output = AVCaptureMetadataOutput()
        guard session.canAddOutput(output) else { return }
        session.addOutput(output)
        output.setMetadataObjectsDelegate(self, queue: .main)
        // Only what the output offers once it is part of a session.
        if output.availableMetadataObjectTypes.contains(.qr) { output.metadataObjectTypes = [.qr] }
    }

    override func viewDidLayoutSubviews() {
        super.viewDidLayoutSubviews()
        preview.frame = view.bounds
    }

    override func viewWillAppear(_ animated: Bool) {
        super.viewWillAppear(animated)
        // Takes a while, and must not hold up the screen.
        queue.async { [session] in session.startRunning() }
    }

    override func viewDidDisappear(_ animated: Bool) {
        super.viewDidDisappear(animated)
        queue.async { [session] in session.stopRunning() }
    }
}

extension ScannerController: AVCaptureMetadataOutputObjectsDelegate {
    nonisolated func metadataOutput(
        _ output: AVCaptureMetadataOutput,
        didOutput objects: [AVMetadataObject],
        from connection: AVCaptureConnection
    ) {
        let codes = objects.compactMap { ($0 as? AVMetadataMachineReadableCodeObject)?.stringValue }
        guard let code = codes.first else { return }
        // On the main queue, as it was asked for.
        MainActor.assumeIsolated {
            if isDone { return }
            isDone = true
            scanned(code)
        }
    }
}
