package dev.dunlin.sample

import android.app.Application
import android.util.Log
import dev.dunlin.Dunlin
import dev.dunlin.DunlinException
import dev.dunlin.android.NodeLifecycle
import dev.dunlin.android.Screens
import dev.dunlin.android.followNetworks
import dev.dunlin.android.open
import dev.dunlin.android.useNsd
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Opens the node once for the process; screens, service and worker share it. */
class SampleApp : Application() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /** Fails with what `Dunlin.open` refuses. */
    lateinit var lifecycle: Deferred<NodeLifecycle>
        private set

    override fun onCreate() {
        super.onCreate()
        val screens = Screens(this)
        lifecycle =
            scope.async {
                val node = Dunlin.open(this@SampleApp) { name = "inspector" }
                NodeLifecycle(node, onFailure = ::report)
            }
        scope.launch {
            try {
                sync(lifecycle.await(), screens)
            } catch (refusal: DunlinException) {
                report(refusal)
            }
        }
    }

    private suspend fun sync(lifecycle: NodeLifecycle, screens: Screens) =
        coroutineScope {
            launch { lifecycle.run(screens) }
            launch { lifecycle.node.followNetworks(this@SampleApp, ::report) }
            lifecycle.node.startSync { useNsd(this@SampleApp) }
        }

    private fun report(refusal: DunlinException) {
        Log.w("sample", refusal)
    }
}
