package dev.dunlin.android

/**
 * Whether the app may reach devices on the local network, and what to do about it.
 *
 * @property step what to do next.
 * @property permission the permission that it is about; null where the system asks for none.
 * @property rationale the name of the string resource that tells the user why; null where nothing is
 *   to be done.
 */
@ConsistentCopyVisibility
public data class LocalNetworkAccess internal constructor(
    public val step: Step,
    public val permission: String?,
    public val rationale: String?,
) {
    /** What to do next. */
    public enum class Step {
        /** Nothing: the app may. */
        Nothing,

        /** Say why, then ask. */
        Ask,

        /** Say why, then send the user to the app's settings: the system shows no dialog any more. */
        OpenSettings,
    }

    /** Whether the app may reach devices on the local network. */
    public val isGranted: Boolean get() = step == Step.Nothing
}

internal const val ACCESS_LOCAL_NETWORK = "android.permission.ACCESS_LOCAL_NETWORK"
internal const val NEARBY_WIFI_DEVICES = "android.permission.NEARBY_WIFI_DEVICES"

/** The releases whose rules differ: in 16 apps opt in for trial, from 17 on who targets it must ask. */
private const val ANDROID_16 = 36
private const val ANDROID_17 = 37

/**
 * The permission that the local network takes; null if none.
 *
 * @param isOnTrial whether the app has opted in to the restriction on Android 16.
 */
internal fun localNetworkPermission(deviceSdk: Int, targetSdk: Int, isOnTrial: Boolean): String? =
    when {
        deviceSdk >= ANDROID_17 && targetSdk >= ANDROID_17 -> ACCESS_LOCAL_NETWORK
        deviceSdk == ANDROID_16 && isOnTrial -> NEARBY_WIFI_DEVICES
        else -> null
    }

/**
 * @param wasAsked whether this app has asked before.
 * @param mayExplain what the system says of showing a rationale: true after a first refusal alone.
 */
internal fun localNetworkAccess(
    permission: String?,
    isGranted: Boolean,
    wasAsked: Boolean,
    mayExplain: Boolean,
): LocalNetworkAccess =
    when {
        permission == null || isGranted ->
            LocalNetworkAccess(LocalNetworkAccess.Step.Nothing, permission, null)
        mayExplain ->
            LocalNetworkAccess(LocalNetworkAccess.Step.Ask, permission, "dunlin_local_network_refused")
        wasAsked ->
            LocalNetworkAccess(LocalNetworkAccess.Step.OpenSettings, permission, "dunlin_local_network_settings")
        else ->
            LocalNetworkAccess(LocalNetworkAccess.Step.Ask, permission, "dunlin_local_network_why")
    }
