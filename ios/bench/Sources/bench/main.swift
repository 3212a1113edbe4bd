import Dunlin
import Foundation

// Measures calls from Swift, each when it is asked for, so that another process can take turns with this
// one: the name of a call in, a line of JSON with the microseconds of each out. Says `ready` first.
//
// The argument is an empty directory.

/// Runs of each call before the first that counts.
let warmUps = 1

/// At once, also where a pipe is.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

let directory = URL(fileURLWithPath: CommandLine.arguments[1])
let node = try await Node.open(directory, NodeOptions(durability: .relaxed))
let calls = try await Calls(node)
for name in Calls.names {
    for _ in 0..<warmUps { _ = try await calls.run(name) }
}
say("ready")
while let name = readLine() {
    say("\(try await calls.run(name))")
}
try await node.shutdown()
