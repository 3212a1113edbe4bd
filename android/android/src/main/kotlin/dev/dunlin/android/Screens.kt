package dev.dunlin.android

import android.app.Activity
import android.app.Application
import android.os.Bundle
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/**
 * Whether a screen of the app is visible. Make it in `Application.onCreate`: it does not see screens
 * that were there before.
 *
 * @sample dev.dunlin.android.samples.keepNodeForApp
 */
public class Screens(
    application: Application,
) {
    private val started = mutableSetOf<Activity>()
    private val isVisible = MutableStateFlow(false)

    /** Whether one is visible; not for a moment while a screen turns. */
    public val visible: StateFlow<Boolean> = isVisible.asStateFlow()

    init {
        application.registerActivityLifecycleCallbacks(
            object : ActivityCallbacks {
                override fun onActivityStarted(activity: Activity) = changed { started += activity }

                override fun onActivityStopped(activity: Activity) = changed { started -= activity }
            },
        )
    }

    private fun changed(change: () -> Unit) {
        change()
        isVisible.value = started.isNotEmpty()
    }
}

/** Hears nothing unless it overrides it. */
internal interface ActivityCallbacks : Application.ActivityLifecycleCallbacks {
    override fun onActivityCreated(activity: Activity, state: Bundle?): Unit = Unit

    override fun onActivityStarted(activity: Activity): Unit = Unit

    override fun onActivityResumed(activity: Activity): Unit = Unit

    override fun onActivityPaused(activity: Activity): Unit = Unit

    override fun onActivityStopped(activity: Activity): Unit = Unit

    override fun onActivitySaveInstanceState(activity: Activity, state: Bundle): Unit = Unit

    override fun onActivityDestroyed(activity: Activity): Unit = Unit
}
