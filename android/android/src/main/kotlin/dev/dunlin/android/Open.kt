package dev.dunlin.android

import android.content.Context
import dev.dunlin.Dunlin
import dev.dunlin.Node
import dev.dunlin.NodeOptions
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * Opens this app's node, in a directory that no backup takes along, its key sealed by the Keystore.
 *
 * A restored copy would be a second device with the same key, and its key could not be unsealed.
 *
 * @param directory the directory's name.
 * @throws dev.dunlin.DunlinException as `Dunlin.open`.
 * @sample dev.dunlin.android.samples.keepNodeForApp
 */
public suspend fun Dunlin.open(
    context: Context,
    directory: String = "dunlin",
    configure: NodeOptions.() -> Unit = {},
): Node {
    val path = withContext(Dispatchers.IO) { context.noBackupFilesDir.toPath().resolve(directory) }
    return open(path) {
        sealer = KeystoreSealer()
        configure()
    }
}
