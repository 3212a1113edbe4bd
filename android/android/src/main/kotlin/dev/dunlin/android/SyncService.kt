package dev.dunlin.android

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.Service
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.IBinder
import dev.dunlin.DunlinException
import dev.dunlin.Peer
import dev.dunlin.SyncOptions
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

private const val CHANNEL = "dunlin-sync"
private const val NOTIFICATION = 0x64756e

/**
 * Keeps syncing while no screen is visible, with a notification that says so: a template for work in
 * the field. The app names its subclass in the manifest, as docs/android.md shows, and starts it
 * while a screen is visible.
 *
 * @sample dev.dunlin.android.samples.syncInTheField
 */
public abstract class SyncService : Service() {
    private val scope = CoroutineScope(Dispatchers.Default)
    private var work: Job? = null

    /** What the node does; the docs have the rules of each. */
    protected open val type: SyncServiceType = SyncServiceType.ConnectedDevice

    /** The notification's small icon. */
    protected abstract val icon: Int

    /** The notification's title, and its channel's name. */
    protected abstract val title: String

    /** The app's node; called on a thread that may wait. */
    protected abstract suspend fun lifecycle(): NodeLifecycle

    /** How to sync. */
    protected open fun configure(options: SyncOptions): Unit = options.useNsd(this)

    /** The notification's text. */
    protected open fun text(peers: List<Peer>): String? = null

    /** Hears why the sync could not go on; the service stops then. */
    protected open fun failed(refusal: DunlinException) {}

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        val channel = NotificationChannel(CHANNEL, title, NotificationManager.IMPORTANCE_LOW)
        notifications().createNotificationChannel(channel)
        try {
            show(notification(emptyList()))
        } catch (_: IllegalStateException) {
            // Started anew in the background, where Android 12 and later allow it no more.
            stopSelf()
            return START_NOT_STICKY
        }
        if (work == null) work = scope.launch { sync() }
        return START_STICKY
    }

    /** Within five seconds of the start, or the system ends the app. */
    private fun show(notification: Notification) {
        if (Build.VERSION.SDK_INT >= 29) {
            startForeground(NOTIFICATION, notification, type.flag)
        } else {
            startForeground(NOTIFICATION, notification)
        }
    }

    private suspend fun sync() {
        val refusal =
            lifecycle().syncWhileAwake(::configure) { peers ->
                notifications().notify(NOTIFICATION, notification(peers))
            }
        refusal?.let(::failed)
        stopSelf()
    }

    private fun notification(peers: List<Peer>): Notification =
        Notification
            .Builder(this, CHANNEL)
            .setSmallIcon(icon)
            .setContentTitle(title)
            .setContentText(text(peers))
            .setOngoing(true)
            .build()

    private fun notifications() = checkNotNull(getSystemService(NotificationManager::class.java))

    /** The system's time limit for `dataSync`, six hours a day: who ignores it is ended. */
    override fun onTimeout(startId: Int, fgsType: Int): Unit = stopSelf()

    override fun onBind(intent: Intent?): IBinder? = null

    override fun onDestroy(): Unit = scope.cancel()
}

/** What a [SyncService] is to the system; the manifest has to say the same. */
public enum class SyncServiceType(
    internal val flag: Int,
) {
    /** Exchanges with devices nearby: no time limit. */
    ConnectedDevice(ServiceInfo.FOREGROUND_SERVICE_TYPE_CONNECTED_DEVICE),

    /** Exchanges over the internet: at most six hours a day from Android 15 on. */
    DataSync(ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC),
}
