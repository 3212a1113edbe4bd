package dev.dunlin.android

import android.app.Activity
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import android.provider.Settings
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged

/**
 * The permission to reach devices on the local network, which Android asks for from target SDK 37 on.
 *
 * @param activity shows the system's dialog.
 * @param isOnTrial whether the app has opted in to the restriction on Android 16, where another
 *   permission stands for it.
 * @sample dev.dunlin.android.samples.askForLocalNetwork
 */
public class LocalNetworkPermission(
    private val activity: Activity,
    isOnTrial: Boolean = false,
) {
    private val permission =
        localNetworkPermission(
            Build.VERSION.SDK_INT,
            activity.applicationInfo.targetSdkVersion,
            isOnTrial,
        )
    private val notes = activity.getSharedPreferences("dunlin", Context.MODE_PRIVATE)

    /** How it stands: at once, then each time that it has changed when the activity comes back. */
    public val access: Flow<LocalNetworkAccess> =
        callbackFlow {
            val returns = Returns(activity) { trySend(current()) }
            activity.application.registerActivityLifecycleCallbacks(returns)
            trySend(current())
            awaitClose { activity.application.unregisterActivityLifecycleCallbacks(returns) }
        }.conflate().distinctUntilChanged()

    /** How it stands at this moment. */
    public fun current(): LocalNetworkAccess =
        localNetworkAccess(
            permission,
            isGranted = permission?.let(activity::checkSelfPermission) == PackageManager.PERMISSION_GRANTED,
            wasAsked = permission != null && notes.getBoolean(permission, false),
            mayExplain = permission != null && activity.shouldShowRequestPermissionRationale(permission),
        )

    /** Shows the system's dialog; [access] tells what came of it. */
    public fun ask(requestCode: Int = 0) {
        val permission = permission ?: return
        notes.edit().putBoolean(permission, true).apply()
        activity.requestPermissions(arrayOf(permission), requestCode)
    }

    /** Opens the system's page about this app. */
    public fun openSettings() {
        val page = Uri.fromParts("package", activity.packageName, null)
        activity.startActivity(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, page))
    }
}

private class Returns(
    private val watched: Activity,
    private val returned: () -> Unit,
) : ActivityCallbacks {
    override fun onActivityResumed(activity: Activity) {
        if (activity === watched) returned()
    }
}
