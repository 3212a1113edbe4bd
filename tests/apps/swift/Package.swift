// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "farm",
    dependencies: [.package(name: "dunlin", path: "../../..")],
    targets: [
        .executableTarget(
            name: "farm",
            dependencies: [.product(name: "Dunlin", package: "dunlin")]
        )
    ]
)
