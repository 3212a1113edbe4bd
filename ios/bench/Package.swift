// swift-tools-version: 6.0
import PackageDescription

// The side of rows 18 and 31 of the targets that is Swift; `cargo xtask bench` generates the bindings
// of the bare library into it, builds it and starts it.
let package = Package(
    name: "bench",
    dependencies: [.package(name: "dunlin", path: "../..")],
    targets: [
        .systemLibrary(name: "dunlin_ffi_floorFFI", path: "Sources/floorFFI"),
        .target(
            name: "FloorBindings",
            dependencies: ["dunlin_ffi_floorFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)]
        ),
        .executableTarget(
            name: "bench",
            dependencies: ["FloorBindings", .product(name: "Dunlin", package: "dunlin")]
        ),
    ]
)
