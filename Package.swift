// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The binary that apps on Apple platforms link. There is no release yet: until these are set, which
// `cargo xtask xcframework --release-url` does, the framework is the one that it builds under ios/.
let releaseURL: String? = nil
let releaseChecksum = ""

/// Where programs and tests on Linux find the library: docs/ios.md says who sets it.
let libraryDirectory = ProcessInfo.processInfo.environment["DUNLIN_LIBRARY_DIR"]

#if canImport(Darwin)
    let native: Target =
        if let releaseURL {
            .binaryTarget(name: "dunlinFFI", url: releaseURL, checksum: releaseChecksum)
        } else {
            .binaryTarget(name: "dunlinFFI", path: "ios/dunlinFFI.xcframework")
        }
#else
    let native: Target = .systemLibrary(name: "dunlinFFI", path: "ios/Sources/dunlinFFI")
#endif

let linking: [LinkerSetting] =
    if let libraryDirectory {
        [.unsafeFlags(["-L\(libraryDirectory)", "-Xlinker", "-rpath", "-Xlinker", libraryDirectory])]
    } else {
        []
    }

// Observation of Swift 6.0 for Linux lacks a symbol, for a message that never comes.
#if os(Linux)
    let observing: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--allow-shlib-undefined"])]
#else
    let observing: [LinkerSetting] = []
#endif

let package = Package(
    name: "dunlin",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "Dunlin", targets: ["Dunlin"]),
        .library(name: "DunlinUI", targets: ["DunlinUI"]),
        .library(name: "DunlinApple", targets: ["DunlinApple"]),
    ],
    targets: [
        native,
        .target(
            name: "DunlinBindings",
            dependencies: ["dunlinFFI"],
            path: "ios/Sources/DunlinBindings",
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: linking
        ),
        .target(
            name: "Dunlin",
            dependencies: ["DunlinBindings"],
            path: "ios/Sources/Dunlin",
            resources: [.copy("PrivacyInfo.xcprivacy")]
        ),
        .target(name: "DunlinUI", dependencies: ["Dunlin"], path: "ios/Sources/DunlinUI"),
        .target(name: "DunlinApple", dependencies: ["Dunlin"], path: "ios/Sources/DunlinApple"),
        .testTarget(
            name: "DunlinAppleTests",
            dependencies: ["DunlinApple", "Dunlin"],
            path: "ios/Tests/DunlinAppleTests"
        ),
        .testTarget(
            name: "GuideTests",
            dependencies: ["Dunlin", "DunlinApple", "DunlinUI"],
            path: "ios/Tests/GuideTests",
            linkerSettings: observing
        ),
        // What of the sample app is not a screen.
        .target(name: "SampleModel", dependencies: ["Dunlin"], path: "ios/Sample/Model"),
        .testTarget(
            name: "SampleModelTests",
            dependencies: ["SampleModel", "Dunlin"],
            path: "ios/Tests/SampleModelTests"
        ),
        .testTarget(name: "DunlinTests", dependencies: ["Dunlin"], path: "ios/Tests/DunlinTests"),
        .testTarget(
            name: "DunlinUITests",
            dependencies: ["DunlinUI"],
            path: "ios/Tests/DunlinUITests",
            linkerSettings: observing
        ),
    ]
)
